//! Replies that stay open end with the credential they were asked for under.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use hyper::body::{Body as _, Frame, SizeHint};

use crate::auth::lasting::{Lasting, Lease};

/// The reply, if it is a stream of events broken off so long after the credential is good no longer.
pub(super) fn with_credential(
    response: Response,
    lasting: &Lasting,
    grace: Duration,
    lease: impl FnOnce() -> Lease,
) -> Response {
    // What is whole already ends by itself.
    if matches!(lasting, Lasting::Always) || response.body().size_hint().exact().is_some() {
        return response;
    }
    let kind = response.headers().get(CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "text/event-stream") {
        return response;
    }
    let ended = lease().ended();
    response.map(|body| {
        Body::new(Ending {
            body,
            end: Some(Box::pin(async move {
                ended.await;
                tokio::time::sleep(grace).await;
            })),
        })
    })
}

struct Ending {
    body: Body,
    /// Nothing, once it is reached.
    end: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl hyper::body::Body for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(end) = &mut self.end
            && end.as_mut().poll(cx).is_ready()
        {
            tracing::debug!("a stream ends with the credential it was opened with");
            // Whatever stands behind it learns at once that nobody listens.
            (self.end, self.body) = (None, Body::empty());
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
