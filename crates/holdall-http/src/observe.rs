//! Who wants to know what the front does: [`HttpObserver`]. Of calls, whatever brought them, [`holdall::observe`] tells.

use std::fmt;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use holdall::observe::Arrival;
use holdall::protocol::model::Extensions;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;

use crate::front::client::Client;
use crate::front::refusal::Refused;
use crate::routes::Route;

/// Somebody who is told what the front does. Told on the way of a request, so it must neither block nor take long; a
/// panic is logged and ends nothing.
pub trait HttpObserver: Send + Sync + 'static {
    /// Something happened.
    fn told(&self, event: &HttpEvent<'_>);
}

impl<T: HttpObserver + ?Sized> HttpObserver for Arc<T> {
    fn told(&self, event: &HttpEvent<'_>) {
        (**self).told(event);
    }
}

/// Something the front did.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpEvent<'a> {
    /// A client has connected, and there was a place for it.
    ConnectionOpened,
    /// A connection is over. Told exactly once of every connection that was opened.
    ConnectionClosed,
    /// A request was answered, one way or the other. Told exactly once of every request.
    Answered {
        /// What it was for, if there is such a route.
        route: Option<Route>,
        /// Its method; clients can make some up.
        method: &'a Method,
        /// The status of the reply; `None` if the client left before there was one.
        status: Option<u16>,
        /// Why it was refused, in snake case, if it was: one of few. `429`, `413`, `408` and `503` are limits that were
        /// hit, `401` is somebody who could not prove who they are.
        refusal: Option<&'static str>,
        /// How long it took until the reply began.
        duration: Duration,
        /// The address of the client, behind trusted proxies.
        address: Option<IpAddr>,
    },
    /// A reply goes out as a stream of events.
    StreamOpened,
    /// Such a stream is over. Told exactly once of every stream that was opened.
    StreamClosed,
}

/// All who are told. Cloning is cheap; with none nothing is gathered.
#[derive(Clone, Default)]
pub struct HttpObservers(Option<Arc<[Arc<dyn HttpObserver>]>>);

impl HttpObservers {
    /// One more.
    pub fn with(self, observer: impl HttpObserver) -> Self {
        let more: Arc<dyn HttpObserver> = Arc::new(observer);
        let all = self.0.iter().flat_map(|all| all.iter()).cloned();
        Self(Some(all.chain([more]).collect()))
    }

    fn tell(&self, event: &HttpEvent<'_>) {
        for observer in self.0.iter().flat_map(|all| all.iter()) {
            // Some events are told while something else unwinds; a second panic would end the process.
            if catch_unwind(AssertUnwindSafe(|| observer.told(event))).is_err() {
                tracing::error!("an observer of the HTTP front panicked");
            }
        }
    }

    /// A connection opens; it is over when this is dropped.
    pub(crate) fn connection(&self) -> Open {
        self.open(HttpEvent::ConnectionOpened, HttpEvent::ConnectionClosed)
    }

    fn open(&self, opened: HttpEvent<'_>, closed: HttpEvent<'static>) -> Open {
        self.tell(&opened);
        Open(self.clone(), closed)
    }

    /// A request begins; nothing if nobody wants to know.
    pub(crate) fn request<B>(&self, request: &Request<B>) -> Observed {
        Observed(self.0.is_some().then(|| Begun {
            observers: self.clone(),
            route: Route::of(request.uri().path()),
            method: request.method().clone(),
            address: request.extensions().get().map(Client::address),
            started: Instant::now(),
        }))
    }
}

impl fmt::Debug for HttpObservers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HttpObservers({})",
            self.0.iter().flat_map(|all| all.iter()).count()
        )
    }
}

/// Something that is open until this is dropped.
pub(crate) struct Open(HttpObservers, HttpEvent<'static>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.tell(&self.1);
    }
}

/// A request that is being answered. Dropped before it was, its client has left.
pub(crate) struct Observed(Option<Begun>);

struct Begun {
    observers: HttpObservers,
    route: Option<Route>,
    method: Method,
    address: Option<IpAddr>,
    started: Instant,
}

impl Observed {
    /// The reply is about to go out.
    pub(crate) fn answered(mut self, response: Response) -> Response {
        let Some(begun) = self.0.take() else {
            return response;
        };
        let refusal = response.extensions().get().map(|Refused { kind, .. }| *kind);
        begun.tell(Some(response.status().as_u16()), refusal);
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !is_stream {
            return response;
        }
        let open = begun
            .observers
            .open(HttpEvent::StreamOpened, HttpEvent::StreamClosed);
        response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                // Lives as long as the body does.
                let _ = &open;
                frame
            }))
        })
    }
}

impl Begun {
    fn tell(&self, status: Option<u16>, refusal: Option<&'static str>) {
        self.observers.tell(&HttpEvent::Answered {
            route: self.route,
            method: &self.method,
            status,
            refusal,
            duration: self.started.elapsed(),
            address: self.address,
        });
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if let Some(begun) = &self.0 {
            begun.tell(None, None);
        }
    }
}

/// How a call came here: as its transport attached it to the message, or by the request that brought it.
pub(crate) fn arrival(attached: &Extensions) -> Arrival {
    if let Some(arrival) = attached.get::<Arrival>() {
        return arrival.clone();
    }
    attached.get::<Parts>().map_or_else(Arrival::default, arrival_of)
}

/// How a call came here, by the request that brought it.
pub(crate) fn arrival_of(parts: &Parts) -> Arrival {
    let route = Route::of(parts.uri.path());
    let mut arrival = Arrival::by(route.map_or("http", Route::transport));
    if let Some(client) = parts.extensions.get::<Client>() {
        arrival = arrival
            .from_address(client.address())
            .with_request_id(client.request_id());
    }
    if let Some(parent) = text(&parts.headers, "traceparent") {
        let state = text(&parts.headers, "tracestate").map(Into::into);
        arrival = arrival.within_trace(parent, state);
    }
    arrival
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
