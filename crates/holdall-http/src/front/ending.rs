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

#[cfg(test)]
#[cfg(feature = "oauth")]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use futures_util::stream;
    use http::HeaderValue;
    use http_body_util::BodyExt;

    use super::*;
    use crate::auth::Authentication;
    use crate::config::HttpConfig;

    /// Under a credential that is good for so long.
    fn under(lasting: Lasting, kind: &'static str, body: Body) -> Response {
        let service = holdall::Server::new("test").build().expect("the server is right");
        let nobody = Arc::new(Authentication::new(&HttpConfig::default(), &service).expect("it is off"));
        let mut reply = Response::new(body);
        let kind = HeaderValue::from_static(kind);
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        let lease = || Lease::new(nobody, lasting.clone());
        with_credential(reply, &lasting, Duration::ZERO, lease)
    }

    fn ended() -> Lasting {
        Lasting::Until(Some(SystemTime::now() - Duration::from_secs(1)))
    }

    fn endless() -> Body {
        Body::from_stream(stream::repeat_with(|| Ok::<_, axum::Error>(Bytes::from("event"))))
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_of_events_ends_with_its_credential() {
        let mut body = under(ended(), "text/event-stream", endless()).into_body();
        assert!(!body.is_end_stream());
        while body.frame().await.is_some() {
            // Until it has slept for no time at all.
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }

    #[tokio::test]
    async fn everything_else_ends_by_itself() {
        for (lasting, kind, body) in [
            (Lasting::Until(None), "text/event-stream", endless()),
            (ended(), "application/json", endless()),
        ] {
            let mut body = under(lasting, kind, body).into_body();
            for _ in 0..100 {
                let frame = body.frame().await.expect("more").expect("it is whole");
                assert_eq!(frame.into_data().ok(), Some(Bytes::from("event")));
                tokio::task::yield_now().await;
            }
        }
        let events = |body: Body| {
            let mut reply = Response::new(body);
            let kind = HeaderValue::from_static("text/event-stream");
            reply.headers_mut().insert(CONTENT_TYPE, kind);
            reply
        };
        let lease = || -> Lease { panic!("nobody needs to know how long it is good") };
        let whole = with_credential(events(Body::from("all of it")), &ended(), Duration::ZERO, lease);
        let whole = whole.into_body().collect().await.expect("it is whole");
        assert_eq!(whole.to_bytes(), "all of it");
        let lease = || -> Lease { panic!("it is good for ever") };
        let mut body =
            with_credential(events(endless()), &Lasting::Always, Duration::ZERO, lease).into_body();
        assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    }
}
