//! Streamable HTTP: stateless for protocol 2026-07-28, sessions for older clients.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which way a request takes |
//! | `direct` | how a plain stateless call is answered without a service of its own |
//! | `unstream` | when a reply in a session is plain JSON |

mod direct;
mod unstream;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use holdall::Service;
use holdall::protocol::model::Extensions;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use self::direct::Direct;
use self::unstream::unstream;
use crate::config::HttpConfig;
use crate::front::refusal::Refusal;

/// Streamable HTTP for one service.
#[derive(Clone)]
pub(crate) struct Streamable {
    direct: Direct,
    usual: StreamableHttpService<Service, LocalSessionManager>,
    streams: Arc<Streams>,
}

impl Streamable {
    /// `ended` closes streams and sessions when the server stops.
    pub(crate) fn new(service: &Service, config: &HttpConfig, ended: &CancellationToken) -> Self {
        // Host and Origin have been judged before any route is reached, so rmcp's own, weaker checks are off.
        let config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_legacy_session_mode(true)
            .with_max_request_body_bytes(config.body_bytes_max)
            .with_cancellation_token(ended.clone())
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
        let each = service.clone();
        Self {
            direct: Direct::new(service.clone()),
            usual: StreamableHttpService::new(move || Ok(each.clone()), sessions, config),
            streams: Arc::new(streams),
        }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response {
        let method = request.method().clone();
        let (parts, body) = request.into_parts();
        let mut response = if self.direct.may_answer(&parts) {
            // At most what the headers announced, which is little.
            let Ok(body) = body.collect().await.map(Collected::to_bytes) else {
                return broken_off();
            };
            match self.direct.answer(&parts, &body).await {
                Some(response) => return response,
                None => {
                    self.usual
                        .handle(Request::from_parts(parts, Full::new(body)))
                        .await
                }
            }
        } else if asks_for_stream(&parts) {
            let streams = self.streams.of(&parts);
            streams.handle(Request::from_parts(parts, body)).await
        } else {
            self.usual.handle(Request::from_parts(parts, body)).await
        }
        .map(Body::new);
        // The session is over when the reply goes out, so it is 204: for the official Python SDK 202 is a failure.
        if method == Method::DELETE && response.status() == StatusCode::ACCEPTED {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        if method == Method::POST {
            response = unstream(response).await;
        }
        response
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
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "incomplete_body",
        "the body ended before it was whole",
        "send the whole body",
    )
    .into_response()
}
