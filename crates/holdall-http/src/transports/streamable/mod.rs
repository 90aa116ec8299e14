//! Streamable HTTP: stateless for protocol 2026-07-28, sessions for older clients.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which way a request takes |
//! | `direct` | how a plain stateless call is answered without a service of its own |
//! | `unstream` | when a reply in a session is plain JSON |

mod direct;
mod unstream;

use std::fmt::Display;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use holdall::Service;
use holdall::protocol::model::Extensions;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::Incoming;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use self::direct::Direct;
use self::unstream::unstream;
use crate::auth::Authentication;
use crate::auth::message::Message;
use crate::config::HttpConfig;
use crate::front::refusal::Refusal;
use crate::routes::Route;

/// Streamable HTTP for one service.
#[derive(Clone)]
pub(crate) struct Streamable {
    direct: Direct,
    usual: StreamableHttpService<Service, LocalSessionManager>,
    streams: Arc<Streams>,
    authentication: Arc<Authentication>,
    body_bytes_max: usize,
}

impl Streamable {
    /// `ended` closes streams and sessions when the server stops.
    pub(crate) fn new(
        service: &Service,
        config: &HttpConfig,
        authentication: &Arc<Authentication>,
        ended: &CancellationToken,
    ) -> Self {
        let body_bytes_max = config.body_bytes_max;
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
            authentication: Arc::clone(authentication),
            body_bytes_max,
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
                None => self.hand_on(parts, Full::new(body)).await,
            }
        } else if method == Method::POST && self.authentication.may_lack_scopes(&parts) {
            // A client can ask for more scopes only if it learns of it from the status of the reply.
            let Ok(body) = Limited::new(body, self.body_bytes_max).collect().await else {
                return too_large(self.body_bytes_max);
            };
            let body = body.to_bytes();
            let message = Message::read(&body);
            if let Some(about) = message.as_ref().and_then(Message::subject)
                && let Err(refusal) = self
                    .authentication
                    .check_scopes(Route::Streamable, &parts, &about)
            {
                return refusal.into_response();
            }
            self.hand_on(parts, Full::new(body)).await
        } else {
            self.hand_on(parts, body).await
        };
        // The session is over when the reply goes out, so it is 204: for the official Python SDK 202 is a failure.
        if method == Method::DELETE && response.status() == StatusCode::ACCEPTED {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        if method == Method::POST {
            response = unstream(response).await;
        }
        response
    }

    /// Hands a request on to `rmcp`.
    async fn hand_on<B>(&self, parts: Parts, body: B) -> Response
    where
        B: HttpBody + Send + 'static,
        B::Error: Display,
    {
        let streams = asks_for_stream(&parts).then(|| self.streams.of(&parts));
        let usual = streams.as_ref().unwrap_or(&self.usual);
        usual
            .handle(Request::from_parts(parts, body))
            .await
            .map(Body::new)
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

/// For a body that is not taken in whole.
fn too_large(bytes_max: usize) -> Response {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!("the body is not whole, or has more than {bytes_max} bytes"),
        "send less at once",
    )
    .into_response()
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
