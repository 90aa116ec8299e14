//! HTTP+SSE, the transport of protocol 2024-11-05: `GET /sse` opens a stream, whose first event says where messages are
//! posted to; replies come on the stream.
//!
//! The stream is the session: it ends when its connection does, and belongs to the principal that opened it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream;
use holdall::Principal;
use holdall::wire::{Inlet, Outlet};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use tokio::time::timeout;
use tokio_util::sync::DropGuard;

use super::body::{Bodies, decoded};
use super::caller;
use super::connection::{Connection, Connections, attach};
use super::places::Place;
use crate::config::HttpConfig;
use crate::front::refusal::Refusal;
use crate::routes::Route;

/// Bytes of a session's id: nobody can guess it.
const ID_BYTES: usize = 16;

/// HTTP+SSE for one service.
#[derive(Clone)]
pub(crate) struct Sse {
    connections: Connections,
    bodies: Bodies,
    sessions: Arc<Sessions>,
    keep_alive: Duration,
}

/// The streams that are open, by id.
#[derive(Default)]
struct Sessions(Mutex<HashMap<String, Arc<Session>>>);

struct Session {
    principal: Principal,
    inlet: Inlet,
}

impl Sse {
    pub(crate) fn new(connections: Connections, config: &HttpConfig) -> Self {
        Self {
            connections,
            bodies: Bodies::new(config),
            sessions: Arc::default(),
            keep_alive: config.transports.keep_alive,
        }
    }

    /// `GET /sse`: opens a session.
    pub(crate) fn open(&self, request: Request<Incoming>) -> Response {
        let (parts, _) = request.into_parts();
        match self.try_open(&parts) {
            Ok(stream) => {
                let body = Body::from_stream(stream::unfold(stream, Stream::next));
                let mut response = Response::new(body);
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                // Proxies that gather replies before they hand them on are told not to.
                headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
                response
            }
            Err(refusal) => refusal.into_response(),
        }
    }

    fn try_open(&self, parts: &Parts) -> Result<Stream, Refusal> {
        if !accepts_events(&parts.headers) {
            return Err(Refusal::new(
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                "the client does not accept events, and nothing else comes from here",
                "send `Accept: text/event-stream`, or use /mcp",
            ));
        }
        let place = self.connections.place(parts)?;
        let Connection {
            inlet,
            outlet,
            alive,
            place,
            ..
        } = self.connections.open(parts, place);
        let id = new_id();
        let session = Session {
            principal: caller::principal(parts),
            inlet,
        };
        self.sessions.locked().insert(id.clone(), Arc::new(session));
        let endpoint = format!("{}?sessionId={id}", Route::Messages.path());
        Ok(Stream {
            first: Some(event("endpoint", endpoint.as_bytes())),
            outlet,
            keep_alive: self.keep_alive,
            _open: Open {
                id,
                sessions: Arc::clone(&self.sessions),
                _alive: alive,
                _place: place,
            },
        })
    }

    /// `POST /messages/`: takes a message in; what it is answered comes on the stream.
    pub(crate) async fn post(&self, request: Request<Incoming>) -> Response {
        let (parts, body) = request.into_parts();
        // Who may not speak here is told so before anything is read.
        let session = match self.session(&parts) {
            Ok(session) => session,
            Err(refusal) => return refusal.into_response(),
        };
        let body = match self.bodies.read(&parts, body).await {
            Ok(body) => body,
            Err(refusal) => return refusal.into_response(),
        };
        let message = match decoded(&body) {
            Ok(message) => message,
            Err(response) => return *response,
        };
        drop(body);
        if session.inlet.take(message, attach(&parts)).await.is_err() {
            return no_session().into_response();
        }
        let mut response = Response::new(Body::from("Accepted"));
        *response.status_mut() = StatusCode::ACCEPTED;
        response
    }

    /// The session a message is for, if it is the sender's own.
    fn session(&self, parts: &Parts) -> Result<Arc<Session>, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        let id = query.split('&').find_map(|pair| pair.strip_prefix("sessionId="));
        let Some(id) = id else {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "missing_session",
                "the request does not say which session it belongs to",
                "post to the address that came as the first event of GET /sse",
            ));
        };
        let session = self.sessions.locked().get(id).map(Arc::clone);
        session
            .filter(|session| caller::is_same(&session.principal, &caller::principal(parts)))
            .ok_or_else(no_session)
    }
}

/// Another's session is as little there as one that has ended.
fn no_session() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "unknown_session",
        "there is no such session",
        "its stream has ended: open another with GET /sse",
    )
}

impl Sessions {
    fn locked(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client reads.
struct Stream {
    first: Option<Bytes>,
    outlet: Outlet,
    keep_alive: Duration,
    _open: Open,
}

impl Stream {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let bytes = match self.first.take() {
            Some(first) => first,
            None => match timeout(self.keep_alive, self.outlet.next()).await {
                Ok(frame) => event("message", frame?.text()),
                // Nothing to say: proxies and clients learn that the connection lives.
                Err(_) => Bytes::from_static(b":\n\n"),
            },
        };
        Some((Ok(bytes), self))
    }
}

/// The session of a stream. It ends with it.
struct Open {
    id: String,
    sessions: Arc<Sessions>,
    _alive: DropGuard,
    _place: Place,
}

impl Drop for Open {
    fn drop(&mut self) {
        let session = self.sessions.locked().remove(&self.id);
        // Not under the lock: the last one to hold the session ends its connection.
        drop(session);
    }
}

fn event(name: &str, data: &[u8]) -> Bytes {
    [b"event: ", name.as_bytes(), b"\ndata: ", data, b"\n\n"]
        .concat()
        .into()
}

fn new_id() -> String {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the client reads events. One that says nothing takes anything.
fn accepts_events(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().peekable();
    if accepted.peek().is_none() {
        return true;
    }
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| ["text/event-stream", "text/*", "*/*"].contains(&kind.trim().to_lowercase().as_str()))
}
