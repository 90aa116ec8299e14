//! The routes: which paths there are, and what answers at each.

use std::sync::Arc;

use axum::response::Response;
use holdall::Service;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use crate::auth::Authentication;
use crate::config::HttpConfig;
use crate::front::nothing_at;
use crate::front::refusal::{Refusal, json_response};
use crate::metrics::{self, MetricsPage};
use crate::ready::Readiness;
use crate::transports::connection::{Connections, Life};
use crate::transports::places::Places;
use crate::transports::sse::Sse;
use crate::transports::streamable::Streamable;
use crate::transports::websocket::WebSocket;

/// A path at which something answers. There is nothing at any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// `/mcp`: Streamable HTTP.
    Streamable,
    /// `/sse`: where a session of HTTP+SSE begins.
    Sse,
    /// `/messages/`: where messages of such sessions are posted.
    Messages,
    /// `/ws`: WebSocket.
    WebSocket,
    /// `/health`: whether the process serves.
    Health,
    /// `/ready`: whether it can do its work.
    Ready,
    /// `/metrics`: figures, if the server has any.
    Metrics,
    /// `/.well-known/oauth-protected-resource`: where to get tokens for this server (RFC 9728).
    ResourceMetadata,
    /// `/.well-known/oauth-protected-resource/mcp`: the same for Streamable HTTP.
    ResourceMetadataOfStreamable,
}

impl Route {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Streamable,
        Self::Sse,
        Self::Messages,
        Self::WebSocket,
        Self::Health,
        Self::Ready,
        Self::Metrics,
        Self::ResourceMetadata,
        Self::ResourceMetadataOfStreamable,
    ];

    /// The path it answers at.
    pub fn path(self) -> &'static str {
        match self {
            Self::Streamable => "/mcp",
            Self::Sse => "/sse",
            Self::Messages => "/messages/",
            Self::WebSocket => "/ws",
            Self::Health => "/health",
            Self::Ready => "/ready",
            Self::Metrics => "/metrics",
            Self::ResourceMetadata => "/.well-known/oauth-protected-resource",
            Self::ResourceMetadataOfStreamable => "/.well-known/oauth-protected-resource/mcp",
        }
    }

    /// The methods it answers to.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Self::Streamable => &[Method::GET, Method::POST, Method::DELETE],
            Self::Sse | Self::WebSocket => &[Method::GET],
            Self::Messages => &[Method::POST],
            Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::ResourceMetadata
            | Self::ResourceMetadataOfStreamable => &[Method::GET, Method::HEAD],
        }
    }

    /// Whether it answers to anybody, so that nothing may be learnt there but how to get in.
    pub fn is_open(self) -> bool {
        match self {
            Self::Streamable | Self::Sse | Self::Messages | Self::WebSocket | Self::Metrics => false,
            Self::Health | Self::Ready | Self::ResourceMetadata | Self::ResourceMetadataOfStreamable => true,
        }
    }

    /// What the transport there is called in logs and metrics.
    pub(crate) fn transport(self) -> &'static str {
        match self {
            Self::Streamable => "streamable_http",
            Self::Sse | Self::Messages => "sse",
            Self::WebSocket => "websocket",
            Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::ResourceMetadata
            | Self::ResourceMetadataOfStreamable => "http",
        }
    }

    /// The route at `path`.
    pub(crate) fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path)
    }
}

/// What answers at the routes.
#[derive(Clone)]
pub(crate) struct Routes {
    name: String,
    streamable: Streamable,
    sse: Sse,
    websocket: WebSocket,
    authentication: Arc<Authentication>,
    readiness: Readiness,
    metrics: Option<MetricsPage>,
}

impl Routes {
    /// The routes of `service`; `life` is that of the server.
    pub(crate) fn new(
        service: &Service,
        config: &HttpConfig,
        authentication: Arc<Authentication>,
        life: &Life,
    ) -> Self {
        let transports = &config.transports;
        let streams = Places::new(
            "streams",
            transports.streams_max,
            transports.streams_per_principal_max,
        );
        let connections = Connections::new(service, config, &streams, life);
        Self {
            name: service.name().to_owned(),
            streamable: Streamable::new(service, config, &authentication, &streams, life),
            sse: Sse::new(connections.clone(), config),
            websocket: WebSocket::new(connections, config),
            authentication,
            readiness: Readiness::new(&config.ready_checks, &life.ended),
            metrics: config.metrics.clone(),
        }
    }

    /// Whether there is such a route at this server.
    pub(crate) fn has(&self, route: Route) -> bool {
        route != Route::Metrics || self.metrics.is_some()
    }

    /// Answers a request that has been let through.
    pub(crate) async fn answer(&self, route: Route, request: Request<Incoming>) -> Response {
        if !route.methods().contains(request.method()) {
            return wrong_method(route, request.method()).into_response();
        }
        match route {
            Route::Streamable => self.streamable.answer(request).await,
            Route::Sse => self.sse.open(request),
            Route::Messages => self.sse.post(request).await,
            Route::WebSocket => self.websocket.answer(request),
            Route::Health => self.health(),
            Route::Ready => self.readiness.answer().await,
            Route::Metrics => self.figures(&request),
            Route::ResourceMetadata | Route::ResourceMetadataOfStreamable => self.metadata(route),
        }
    }

    fn figures(&self, request: &Request<Incoming>) -> Response {
        match (metrics::check(request), &self.metrics) {
            (Ok(()), Some(page)) => page.answer(),
            (Ok(()), None) => Response::default(),
            (Err(refusal), _) => refusal.into_response(),
        }
    }

    fn metadata(&self, route: Route) -> Response {
        match self.authentication.metadata(route) {
            Some(document) => json_response(StatusCode::OK, &document),
            None => nothing_at(route.path()).into_response(),
        }
    }

    fn health(&self) -> Response {
        json_response(StatusCode::OK, &json!({ "status": "ok", "server": self.name }))
    }
}

fn wrong_method(route: Route, method: &Method) -> Refusal {
    let methods: Vec<&str> = route.methods().iter().map(Method::as_str).collect();
    let methods = methods.join(", ");
    let allow = methods.parse().expect("methods are a header value");
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{method} means nothing at `{}`", route.path()),
        format!("send {methods}"),
    )
    .header(http::header::ALLOW, allow)
}
