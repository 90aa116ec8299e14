//! The front: what every request meets before any route, in one order, whatever its path, method or transport.
//!
//! | step | refused with |
//! | --- | --- |
//! | who sent it (`client`): address behind trusted proxies, request id | |
//! | `guard`: which host is addressed, which page is asking | 400, 403 |
//! | which route it is for | 404 |
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | in which order a request is judged, and what every reply carries |
//! | `client` | who sent the request |
//! | `guard` | is this server addressed, and may the page ask |
//! | `refusal` | how a request that goes no further is answered |
//!
//! Not here: what a route does (`routes`, `transports`).

pub(crate) mod client;
pub(crate) mod guard;
pub(crate) mod refusal;

use std::sync::Arc;

use axum::response::Response;
use http::{Request, StatusCode};
use hyper::body::Incoming;

use self::client::{Clients, Peer, REQUEST_ID};
use self::guard::Guard;
use self::refusal::Refusal;
use crate::observe::{HttpObservers, Open};
use crate::routes::{Route, Routes};

/// What every request meets first.
#[derive(Clone)]
pub(crate) struct Front {
    inner: Arc<Inner>,
}

struct Inner {
    clients: Clients,
    guard: Guard,
    routes: Routes,
    observers: HttpObservers,
}

impl Front {
    pub(crate) fn new(clients: Clients, guard: Guard, routes: Routes, observers: HttpObservers) -> Self {
        let inner = Inner {
            clients,
            guard,
            routes,
            observers,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Answers a request, one way or the other.
    pub(crate) async fn answer(self, peer: Peer, mut request: Request<Incoming>) -> Response {
        let client = self.inner.clients.identify(peer, request.headers());
        let request_id = client.request_id_header();
        request.extensions_mut().insert(client);
        let observed = self.inner.observers.request(&request);
        let mut response = match self.admit(peer, &mut request) {
            Ok(route) => self.inner.routes.answer(route, request).await,
            Err(refusal) => {
                let request_id = request_id.to_str().unwrap_or_default();
                tracing::warn!(kind = refusal.kind, request_id, "{}", refusal.message);
                refusal.into_response()
            }
        };
        response.headers_mut().insert(REQUEST_ID, request_id);
        observed.answered(response)
    }

    /// A connection opens; it is over when this is dropped.
    pub(crate) fn connection(&self) -> Open {
        self.inner.observers.connection()
    }

    /// Judges a request by everything but its body.
    fn admit(&self, peer: Peer, request: &mut Request<Incoming>) -> Result<Route, Refusal> {
        self.inner
            .guard
            .check(peer.local.ip(), request.uri(), request.headers())?;
        let route = Route::of(request.uri().path()).filter(|route| self.inner.routes.has(*route));
        route.ok_or_else(|| nothing_at(request.uri().path()))
    }
}

fn nothing_at(path: &str) -> Refusal {
    let shown: String = path.chars().take(200).collect();
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is nothing at `{shown}`"),
        "the Model Context Protocol is spoken at /mcp; /health tells whether the server runs",
    )
}
