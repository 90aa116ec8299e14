//! Streamable HTTP: stateless for protocol 2026-07-28, sessions for older clients.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which way a request takes |
//! | `direct` | how a plain stateless call is answered without a service of its own |
//! | `batch` | how several messages in one body are answered, which protocol 2025-03-26 allows |
//! | `denied` | how a call refused for lack of scopes is told of, which nobody else hears of |
//! | `unstream` | when a reply in a session is plain JSON |
//! | `errors` | how what `rmcp` refuses is told |

mod batch;
mod denied;
mod direct;
mod errors;
mod unstream;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::Response;
use holdall::Service;
use holdall::protocol::keep_task_ids;
use holdall::protocol::model::Extensions;
use holdall::wire;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use self::direct::Direct;
use self::errors::{Asked, told, twice};
use self::unstream::unstream;
use crate::auth::Authentication;
use crate::auth::message::{Message, is_request};
use crate::config::HttpConfig;
use crate::front::held::until_taken;
use crate::front::refusal::Refusal;
use crate::limits::{Seat, Share, Sitting};
use crate::routes::Route;
use crate::transports::body::{Bodies, decoded, in_json};
use crate::transports::caller;
use crate::transports::connection::Life;
use crate::transports::places::Places;
use crate::transports::sessions::manager::{Caller, Unanswered};
use crate::transports::sessions::store::OfPrincipals;
use crate::transports::sessions::{SESSION_ID, Sessions};

/// Streamable HTTP for one service.
#[derive(Clone)]
pub(crate) struct Streamable {
    bodies: Bodies,
    direct: Direct,
    usual: StreamableHttpService<Service, Sessions>,
    sessions: Arc<Sessions>,
    places: Places,
    streams: Arc<Streams>,
    authentication: Arc<Authentication>,
}

impl Streamable {
    pub(crate) fn new(
        service: &Service,
        config: &HttpConfig,
        authentication: &Arc<Authentication>,
        places: &Places,
        life: &Life,
    ) -> Self {
        let sessions = Arc::new(Sessions::new(&config.sessions));
        sessions.expire(life);
        let bodies = Bodies::new(config);
        // Host and Origin have been judged before any route is reached, so rmcp's own, weaker checks are off.
        let mut rmcp_config = StreamableHttpServerConfig::default()
            .with_json_response(true)
            .with_legacy_session_mode(true)
            .with_max_request_body_bytes(config.body_bytes_max)
            .with_cancellation_token(life.ended.clone())
            .with_sse_keep_alive(Some(config.transports.keep_alive))
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_sse_retry(None);
        if let Some(store) = &config.sessions.store {
            let store = OfPrincipals::new(&sessions, Arc::clone(store), config.sessions.idle);
            rmcp_config.session_store = Some(Arc::new(store));
        }
        let streams = Streams {
            service: service.clone(),
            sessions: Arc::clone(&sessions),
            config: rmcp_config.clone(),
        };
        let each = service.clone();
        Self {
            bodies,
            direct: Direct::new(service.clone()),
            usual: StreamableHttpService::new(move || Ok(each.clone()), Arc::clone(&sessions), rmcp_config),
            sessions,
            places: places.clone(),
            streams: Arc::new(streams),
            authentication: Arc::clone(authentication),
        }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response {
        let answered = self.try_answer(request).await;
        answered.unwrap_or_else(Refusal::into_response)
    }

    async fn try_answer(&self, request: Request<Incoming>) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        if parts.headers.contains_key(SESSION_ID) {
            // Who may not speak here is told so before anything is read.
            Box::pin(self.sessions.admit(&parts)).await?;
        }
        match parts.method {
            Method::POST => self.post(parts, body).await,
            Method::GET => Box::pin(self.stream(&self.usual, parts, Bytes::new())).await,
            _ => Box::pin(self.usual(parts, Bytes::new())).await.map(deleted),
        }
    }

    async fn post(&self, parts: Parts, body: Incoming) -> Result<Response, Refusal> {
        let body = self.bodies.read(&parts, body).await?;
        if self.direct.may_answer(&parts)
            && let Some(response) = self.direct.answer(&parts, &body).await
        {
            return Ok(response);
        }
        // Apart, so that the direct way does not carry what only the usual one needs.
        Box::pin(self.usual_post(parts, body)).await
    }

    async fn usual_post(&self, mut parts: Parts, body: Bytes) -> Result<Response, Refusal> {
        let body = body.slice_ref(wire::trimmed(&body));
        if let Err(refusal) = wire::check(&body) {
            return Ok(in_json(StatusCode::BAD_REQUEST, refusal.to_json()));
        }
        if body.starts_with(b"[") {
            return Box::pin(self.batch(parts, &body)).await;
        }
        self.check_scopes(&parts, &body)?;
        let place = take_place(&mut parts, &body).await?;
        let response = if asks_for_stream(&parts) {
            let service = self.streams.of(&parts);
            self.stream(&service, parts, with_task_ids(body.clone())).await?
        } else {
            self.usual(parts, body.clone()).await?
        };
        // Its type is right, and it is JSON: that it is no message of the protocol is left.
        if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE
            && let Err(explained) = decoded(&body)
        {
            return Ok(*explained);
        }
        Ok(until_taken(unstream(response).await, place))
    }

    /// A client can ask for more scopes only if it learns of it from the status of the reply.
    fn check_scopes(&self, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
        if !self.authentication.may_lack_scopes(parts) {
            return Ok(());
        }
        let message = Message::read(body);
        let Some(about) = message.as_ref().and_then(Message::subject) else {
            return Ok(());
        };
        let Some(error) = self.authentication.missing_scopes(parts, &about) else {
            return Ok(());
        };
        self.tell_of_refusal(parts, body, &about, &error);
        Err(self.authentication.insufficient(Route::Streamable, &error))
    }

    /// Has `rmcp` answer, for whom it is to answer.
    async fn usual(&self, parts: Parts, body: Bytes) -> Result<Response, Refusal> {
        self.by(&self.usual, parts, body).await
    }

    async fn by(
        &self,
        service: &StreamableHttpService<Service, Sessions>,
        parts: Parts,
        body: Bytes,
    ) -> Result<Response, Refusal> {
        let caller = Caller::new(&parts);
        let asked = Asked::of(&parts, &body);
        let request = Request::from_parts(parts, Full::new(body));
        match caller.answer(service.handle(request)).await {
            Ok(response) => Ok(told(response.map(Body::new), &asked).await),
            Err(Unanswered::Refused(refusal)) => Err(refusal),
            Err(Unanswered::Twice(id)) => Ok(twice(&id)),
        }
    }

    /// The same, for what is answered with a stream that stays open.
    async fn stream(
        &self,
        service: &StreamableHttpService<Service, Sessions>,
        parts: Parts,
        body: Bytes,
    ) -> Result<Response, Refusal> {
        let place = self.places.take(&caller::holder(&parts))?;
        let response = self.by(service, parts, body).await?;
        // A refusal is no stream, and keeps its length.
        if response.body().size_hint().exact().is_some() {
            return Ok(response);
        }
        Ok(response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                // Taken until the stream has ended.
                let _ = &place;
                frame
            }))
        }))
    }
}

/// A place for a request within a session. Whatever else is sent there needs none: what is under way may wait for it.
async fn take_place(parts: &mut Parts, body: &[u8]) -> Result<Option<Sitting>, Refusal> {
    let Some(share) = parts.extensions.get::<Share>().filter(|_| is_request(body)) else {
        return Ok(None);
    };
    let seat = Seat::new(share.clone());
    let sitting = seat.take().await?;
    parts.extensions.insert(seat);
    Ok(Some(sitting))
}

/// The session is over when the reply goes out, so it is 204: for the official Python SDK 202 is a failure.
fn deleted(mut response: Response) -> Response {
    if response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

/// What makes the service of one `subscriptions/listen` stream. What it may hear is settled before its request reaches
/// the place where callers are identified, so its service knows its caller from the start.
struct Streams {
    service: Service,
    sessions: Arc<Sessions>,
    config: StreamableHttpServerConfig,
}

impl Streams {
    fn of(&self, parts: &Parts) -> StreamableHttpService<Service, Sessions> {
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

/// The body of a request for a stream, in a form in which `rmcp` loses nothing. What is no JSON `rmcp` refuses.
fn with_task_ids(body: Bytes) -> Bytes {
    let names_tasks = body.windows(TASK_IDS.len()).any(|part| part == TASK_IDS);
    match serde_json::from_slice(&body) {
        Ok(message) if names_tasks => keep_task_ids(message).to_string().into(),
        _ => body,
    }
}

/// Most streams are about something else, and go on as they came.
const TASK_IDS: &[u8] = b"\"taskIds\"";
