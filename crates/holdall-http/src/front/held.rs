//! Replies that count as under way until the client has taken them.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

/// The reply, holding a place until its body has been sent, or nobody wants it any more.
pub(crate) fn until_taken<P: Send + Unpin + 'static>(response: Response, place: Option<P>) -> Response {
    match place {
        None => response,
        Some(place) => response.map(|body| Body::new(Held { body, _place: place })),
    }
}

struct Held<P> {
    body: Body,
    _place: P,
}

impl<P: Unpin> hyper::body::Body for Held<P> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Body as _;

    #[test]
    fn a_reply_that_is_held_is_as_long_as_it_was() {
        for (text, ended) in [("", true), ("text", false)] {
            let bare = Response::new(Body::from(text));
            let held = until_taken(Response::new(Body::from(text)), Some(()));
            assert_eq!(bare.body().is_end_stream(), ended);
            assert_eq!(held.body().is_end_stream(), ended);
            assert_eq!(held.body().size_hint().exact(), bare.body().size_hint().exact());
        }
    }
}
