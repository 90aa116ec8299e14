//! The front: what every request meets before any route, in one order, whatever its path, method or transport.
//!
//! | step | refused with |
//! | --- | --- |
//! | who sent it (`client`): address behind trusted proxies, request id | |
//! | `guard`: which host is addressed, which page is asking | 400, 403 |
//! | `cors`: whether it is only a browser's question what a page may do | |
//! | which route it is for | 404 |
//! | `limits`: how much this address may send | 429 |
//! | who sends it (`auth`), unless the route is open to anybody | 400, 401, 429, 503 |
//! | `limits`: how much this principal may do, and whether there is a place | 429, 503 |
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | in which order a request is judged, and what every reply carries |
//! | `client` | who sent the request |
//! | `guard` | is this server addressed, and may the page ask |
//! | `cors` | what may pages of other origins do |
//! | `browser` | what does every reply tell browsers |
//! | `ending` | until when does a stream stay open |
//! | `held` | until when does a call count as under way |
//! | `settings` | what of this can change while the server runs |
//! | `refusal` | how a request that goes no further is answered |
//!
//! Not here: what a route does (`routes`, `transports`).

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod cors;
mod ending;
pub(crate) mod guard;
pub(crate) mod held;
pub(crate) mod refusal;
pub(crate) mod settings;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;

use self::client::{Peer, REQUEST_ID};
use self::refusal::{NO_CREDENTIAL, Refusal, Refused};
use self::settings::{Current, Settings};
use crate::auth::lasting::{Lasting, Lease, Login};
use crate::auth::{Attempt, address_holds_token};
use crate::limits::{Kind, Permit, Share};
use crate::metrics;
use crate::observe::{HttpObservers, Open};
use crate::routes::{Route, Routes};
use crate::transports::sessions::SESSION_ID;

/// What every request meets first.
#[derive(Clone)]
pub(crate) struct Front {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Current,
    routes: Routes,
    observers: HttpObservers,
}

impl Front {
    pub(crate) fn new(settings: Current, routes: Routes, observers: HttpObservers) -> Self {
        Self {
            inner: Arc::new(Inner {
                settings,
                routes,
                observers,
            }),
        }
    }

    /// Answers a request, one way or the other.
    pub(crate) async fn answer(self, peer: Peer, mut request: Request<Incoming>) -> Response {
        let settings = self.inner.settings.load_full();
        let client = settings.clients.identify(peer, request.headers());
        let (address, secure) = (client.address(), client.is_secure());
        let request_id = client.request_id_header();
        request.extensions_mut().insert(client);
        let observed = self.inner.observers.request(&request);
        let route = Route::of(request.uri().path());
        let page = settings.guard.check(peer.local, request.uri(), request.headers());
        let mut response = match page {
            Ok(page) => {
                let outcome = self.admit(&settings, address, request).await;
                let mut response = outcome.unwrap_or_else(Refusal::into_response);
                if let Some(origin) = page {
                    cors::let_read(&mut response, origin);
                }
                response
            }
            Err(refusal) => refusal.into_response(),
        };
        log_refused(&response, address, route, &request_id);
        if settings.guard.lists_origins() {
            cors::vary(&mut response);
        }
        settings.browser.tell(&mut response, secure);
        response.headers_mut().insert(REQUEST_ID, request_id);
        observed.answered(response)
    }

    /// A connection opens; it is over when this is dropped.
    pub(crate) fn connection(&self) -> Open {
        self.inner.observers.connection()
    }

    /// Judges a request whose host and page are right by everything but its body, and has it answered.
    async fn admit(
        &self,
        settings: &Settings,
        address: IpAddr,
        mut request: Request<Incoming>,
    ) -> Result<Response, Refusal> {
        let routes = &self.inner.routes;
        let route = Route::of(request.uri().path()).filter(|route| routes.has(*route));
        let route = route.ok_or_else(|| nothing_at(request.uri().path()))?;
        if cors::is_preflight(&request) {
            return Ok(cors::preflight(route, request.headers()));
        }
        settings.limits.hear(address).await?;
        if route.is_open() {
            return Ok(routes.answer(route, request).await);
        }
        let kind = kind_of(route, &request);
        let (permit, lasting) = self.let_in(route, kind, settings, address, &mut request).await?;
        let response = routes.answer(route, request).await;
        let lease = || Lease::new(Arc::clone(&settings.authentication), lasting.clone());
        let grace = match (route, kind) {
            // Says nothing but news.
            (Route::Streamable, Kind::Stream) => Duration::ZERO,
            // Calls under way may finish.
            _ => settings.drain,
        };
        let response = ending::with_credential(response, &lasting, grace, lease);
        Ok(held::until_taken(response, permit))
    }

    /// Finds out who sends a request, and waits for their turn.
    async fn let_in(
        &self,
        route: Route,
        kind: Kind,
        settings: &Settings,
        address: IpAddr,
        request: &mut Request<Incoming>,
    ) -> Result<(Option<Permit>, Lasting), Refusal> {
        let Settings {
            authentication,
            limits,
            ..
        } = settings;
        let attempt = Attempt { limits, address };
        let Login { principal, lasting } = match authentication.identify(route, request, attempt).await {
            Ok(login) => login,
            // Whoever reads figures on this machine need not say who they are.
            Err(refusal) if refusal.kind == NO_CREDENTIAL && metrics::is_for_anybody(route, request) => {
                Login::anonymous()
            }
            Err(refusal) => {
                if refusal.is_failed_login() {
                    limits.login_failed(address).await?;
                }
                return Err(refusal);
            }
        };
        let permit = limits.enter(kind, &principal, address).await?;
        if kind == Kind::Messages || route == Route::WebSocket {
            let share = Share::new(Arc::clone(&self.inner.settings), principal.clone(), address);
            request.extensions_mut().insert(share);
        }
        if matches!(route, Route::Sse | Route::WebSocket) {
            let lease = Lease::new(Arc::clone(authentication), lasting.clone());
            request.extensions_mut().insert(lease);
        }
        request.extensions_mut().insert(principal);
        Ok((permit, lasting))
    }
}

/// What a request is to the limits. What its headers say is compared with its body later on, so it is true or refused.
fn kind_of(route: Route, request: &Request<Incoming>) -> Kind {
    let listens = || {
        let method = request.headers().get("mcp-method");
        method.is_some_and(|method| method == "subscriptions/listen")
    };
    if request.method() == Method::GET || listens() {
        Kind::Stream
    } else if route == Route::Messages || request.headers().contains_key(&SESSION_ID) {
        Kind::Messages
    } else {
        Kind::Call
    }
}

/// Logs that a request was refused, wherever that was. By `client` programs such as fail2ban know whom to keep out; a
/// path is only logged if it is that of a route, because what clients make up may hold anything.
fn log_refused(response: &Response, client: IpAddr, route: Option<Route>, request_id: &HeaderValue) {
    let Some(refused) = response.extensions().get::<Refused>() else {
        return;
    };
    tracing::warn!(
        kind = refused.kind,
        %client,
        route = route.map(Route::path),
        token = refused.token.as_deref(),
        request_id = request_id.to_str().unwrap_or_default(),
        "{}",
        refused.message
    );
}

/// For an address at which there is nothing.
pub(crate) fn nothing_at(path: &str) -> Refusal {
    let shown: String = match address_holds_token(path) {
        // What is refused is logged, and no credential ever is.
        true => "/…".into(),
        false => path.chars().take(200).collect(),
    };
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is nothing at `{shown}`"),
        "the Model Context Protocol is spoken at /mcp, at /sse by older clients, and at /ws; /health tells whether the server runs",
    )
}
