//! The routes: which paths there are, and what answers at each.

use axum::response::Response;
use holdall::Service;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::front::refusal::{Refusal, json_response};
use crate::metrics::{self, MetricsPage};
use crate::ready::Readiness;
use crate::transports::streamable::Streamable;

/// A path at which something answers. There is nothing at any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// `/mcp`: Streamable HTTP.
    Streamable,
    /// `/health`: whether the process serves.
    Health,
    /// `/ready`: whether it can do its work.
    Ready,
    /// `/metrics`: figures, if the server has any.
    Metrics,
}

impl Route {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Streamable, Self::Health, Self::Ready, Self::Metrics];

    /// The path it answers at.
    pub fn path(self) -> &'static str {
        match self {
            Self::Streamable => "/mcp",
            Self::Health => "/health",
            Self::Ready => "/ready",
            Self::Metrics => "/metrics",
        }
    }

    /// The methods it answers to.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Self::Streamable => &[Method::GET, Method::POST, Method::DELETE],
            Self::Health | Self::Ready | Self::Metrics => &[Method::GET, Method::HEAD],
        }
    }

    /// Whether it answers to anybody, so that nothing may be learnt there.
    pub fn is_open(self) -> bool {
        match self {
            Self::Streamable | Self::Metrics => false,
            Self::Health | Self::Ready => true,
        }
    }

    /// What the transport there is called in logs and metrics.
    pub(crate) fn transport(self) -> &'static str {
        match self {
            Self::Streamable => "streamable_http",
            Self::Health | Self::Ready | Self::Metrics => "http",
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
    readiness: Readiness,
    metrics: Option<MetricsPage>,
}

impl Routes {
    /// The routes of `service`. `ended` closes streams and sessions when the server stops.
    pub(crate) fn new(service: &Service, config: &HttpConfig, ended: &CancellationToken) -> Self {
        Self {
            name: service.name().to_owned(),
            streamable: Streamable::new(service, config, ended),
            readiness: Readiness::new(&config.ready_checks, ended),
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
            Route::Health => self.health(),
            Route::Ready => self.readiness.answer().await,
            Route::Metrics => self.figures(&request),
        }
    }

    fn figures(&self, request: &Request<Incoming>) -> Response {
        match (metrics::check(request), &self.metrics) {
            (Ok(()), Some(page)) => page.answer(),
            (Ok(()), None) => Response::default(),
            (Err(refusal), _) => refusal.into_response(),
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
