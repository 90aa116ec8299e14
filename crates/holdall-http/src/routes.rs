//! The routes, and what is answered where there is none.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use holdall::Service;
use holdall::protocol::model::Extensions;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::direct::Direct;
use crate::guard::Refusal;
use crate::unstream::unstream;

/// All routes.
#[derive(Clone)]
pub(crate) struct Routes {
    direct: Direct,
    streamable: StreamableHttpService<Service, LocalSessionManager>,
    streams: Arc<Streams>,
    others: TowerToHyperService<Router>,
}

impl Routes {
    /// The routes of `service`. `ended` closes streams and sessions when the server stops.
    pub(crate) fn new(service: Service, body_bytes_max: usize, ended: CancellationToken) -> Self {
        let name = service.name().to_owned();
        // Host and Origin have been judged before any route is reached, so rmcp's own, weaker checks are off.
        let config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_legacy_session_mode(true)
            .with_max_request_body_bytes(body_bytes_max)
            .with_cancellation_token(ended)
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_sse_retry(None);
        // Streams do not open with an event without data: clients from before 2025-11-25 take it for a broken message.
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.sse_retry = None;
        let sessions = Arc::new(sessions);
        let streams = Streams {
            service: service.clone(),
            sessions: Arc::clone(&sessions),
            config: config.clone(),
        };
        let others = Router::new()
            .route("/health", get(async move || health(&name)))
            .fallback(nothing_here);
        Self {
            direct: Direct::new(service.clone()),
            streamable: StreamableHttpService::new(move || Ok(service.clone()), sessions, config),
            streams: Arc::new(streams),
            others: TowerToHyperService::new(others),
        }
    }

    /// Answers a request. `/mcp` comes first, ahead of any router: it is where all the traffic is.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        if request.uri().path() != "/mcp" {
            return self.others.call(request).await;
        }
        let method = request.method().clone();
        let (parts, body) = request.into_parts();
        let mut response = if self.direct.may_answer(&parts) {
            // At most what the headers announced, which is little.
            let Ok(body) = body.collect().await.map(Collected::to_bytes) else {
                return Ok(broken_off());
            };
            match self.direct.answer(&parts.headers, &body).await {
                Some(response) => return Ok(response),
                None => {
                    self.streamable
                        .handle(Request::from_parts(parts, Full::new(body)))
                        .await
                }
            }
        } else if asks_for_stream(&parts) {
            let streams = self.streams.of(&parts);
            streams.handle(Request::from_parts(parts, body)).await
        } else {
            self.streamable.handle(Request::from_parts(parts, body)).await
        }
        .map(Body::new);
        // The session is over when the reply goes out, so it is 204: for the official Python SDK 202 is a failure.
        if method == Method::DELETE && response.status() == StatusCode::ACCEPTED {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        if method == Method::POST {
            response = unstream(response).await;
        }
        Ok(response)
    }
}

/// What makes the service of one `subscriptions/listen` stream. What it may hear is settled before its request reaches
/// the place where callers are identified, so its service knows its caller from the start.
struct Streams {
    service: Service,
    sessions: Arc<LocalSessionManager>,
    config: StreamableHttpServerConfig,
}

impl Streams {
    fn of(&self, parts: &Parts) -> StreamableHttpService<Service, LocalSessionManager> {
        let mut extensions = Extensions::new();
        extensions.insert(parts.clone());
        let service = self.service.opened_with(&extensions);
        let make = move || Ok(service.clone());
        StreamableHttpService::new(make, Arc::clone(&self.sessions), self.config.clone())
    }
}

/// The header is compared with the body later on, so what it says is true or refused.
fn asks_for_stream(parts: &Parts) -> bool {
    parts
        .headers
        .get("mcp-method")
        .is_some_and(|method| method == "subscriptions/listen")
}

/// The client closed the connection before its body was whole: nobody reads this.
fn broken_off() -> Response {
    let message = "the body ended before it was whole";
    json_response(
        StatusCode::BAD_REQUEST,
        &json!({ "error": "incomplete_body", "message": message }),
    )
}

fn health(name: &str) -> Response {
    json_response(StatusCode::OK, &json!({ "status": "ok", "server": name }))
}

async fn nothing_here(uri: Uri) -> Response {
    let message = format!("there is nothing at `{}`", uri.path());
    let hint = "the Model Context Protocol is spoken at /mcp; /health tells whether the server runs";
    json_response(
        StatusCode::NOT_FOUND,
        &json!({ "error": "not_found", "message": message, "hint": hint }),
    )
}

/// The reply to a request that was refused before any route.
pub(crate) fn refused(refusal: &Refusal) -> Response {
    let Refusal {
        status,
        kind,
        message,
        hint,
    } = refusal;
    tracing::warn!(kind, "{message}");
    json_response(
        *status,
        &json!({ "error": kind, "message": message, "hint": hint }),
    )
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        Body::from(body.to_string()),
    )
        .into_response()
}
