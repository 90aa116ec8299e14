//! The routes: which paths there are, and what answers at each.

use std::sync::Arc;

use axum::response::Response;
use holdall::Service;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::auth::Authentication;
use crate::config::HttpConfig;
use crate::front::nothing_at;
use crate::front::refusal::{Refusal, json_response};
use crate::transports::streamable::Streamable;

/// A path at which something answers. There is nothing at any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// `/mcp`: Streamable HTTP.
    Streamable,
    /// `/health`: whether the process serves.
    Health,
    /// `/.well-known/oauth-protected-resource`: where to get tokens for this server (RFC 9728).
    ResourceMetadata,
    /// `/.well-known/oauth-protected-resource/mcp`: the same for Streamable HTTP.
    ResourceMetadataOfStreamable,
}

impl Route {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::Streamable,
        Self::Health,
        Self::ResourceMetadata,
        Self::ResourceMetadataOfStreamable,
    ];

    /// The path it answers at.
    pub fn path(self) -> &'static str {
        match self {
            Self::Streamable => "/mcp",
            Self::Health => "/health",
            Self::ResourceMetadata => "/.well-known/oauth-protected-resource",
            Self::ResourceMetadataOfStreamable => "/.well-known/oauth-protected-resource/mcp",
        }
    }

    /// The methods it answers to.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Self::Streamable => &[Method::GET, Method::POST, Method::DELETE],
            Self::Health | Self::ResourceMetadata | Self::ResourceMetadataOfStreamable => {
                &[Method::GET, Method::HEAD]
            }
        }
    }

    /// Whether it answers to anybody, so that nothing may be learnt there but how to get in.
    pub fn is_open(self) -> bool {
        match self {
            Self::Streamable => false,
            Self::Health | Self::ResourceMetadata | Self::ResourceMetadataOfStreamable => true,
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
    authentication: Arc<Authentication>,
}

impl Routes {
    /// The routes of `service`. `ended` closes streams and sessions when the server stops.
    pub(crate) fn new(
        service: &Service,
        config: &HttpConfig,
        authentication: Arc<Authentication>,
        ended: &CancellationToken,
    ) -> Self {
        Self {
            name: service.name().to_owned(),
            streamable: Streamable::new(service, config, &authentication, ended),
            authentication,
        }
    }

    /// Answers a request that has been let through.
    pub(crate) async fn answer(&self, route: Route, request: Request<Incoming>) -> Response {
        if !route.methods().contains(request.method()) {
            return wrong_method(route, request.method()).into_response();
        }
        match route {
            Route::Streamable => self.streamable.answer(request).await,
            Route::Health => self.health(),
            Route::ResourceMetadata | Route::ResourceMetadataOfStreamable => self.metadata(route),
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
