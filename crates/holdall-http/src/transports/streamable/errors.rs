//! What `rmcp` refuses is told in its plain words; here it becomes an error of the protocol, with the id of the request and
//! what to do about it. Why it was refused is told by the status and the request, not by its words.

use axum::body::{Body, Bytes};
use axum::response::Response;
use holdall::protocol::ProtocolVersion;
use holdall::protocol::model::{ErrorCode, InitializeRequestParams, RequestId};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use crate::transports::body::in_json;
use crate::transports::sessions::{SESSION_ID, no_session};

/// The longest explanation that is passed on.
const TEXT_BYTES_MAX: usize = 4096;
/// The longest value of a header that is shown to whoever sent it.
const SHOWN_CHARS_MAX: usize = 200;

/// A request as far as it says why it was refused.
pub(super) struct Asked {
    method: Method,
    accept: Option<HeaderValue>,
    version: Option<HeaderValue>,
    names_session: bool,
    body: Bytes,
}

/// Why a request was refused.
struct Problem {
    code: ErrorCode,
    kind: &'static str,
    message: String,
    hint: String,
}

impl Asked {
    pub(super) fn of(parts: &Parts, body: &Bytes) -> Self {
        let header = |name| parts.headers.get(name).cloned();
        Self {
            method: parts.method.clone(),
            accept: header(ACCEPT),
            version: parts.headers.get("mcp-protocol-version").cloned(),
            names_session: parts.headers.contains_key(SESSION_ID),
            body: body.clone(),
        }
    }

    /// Why it was refused with this status, if that can be told.
    fn problem(&self, status: StatusCode, message: &Value) -> Option<Problem> {
        match status {
            StatusCode::NOT_ACCEPTABLE => Some(self.not_acceptable()),
            StatusCode::BAD_REQUEST => self.unknown_version().or_else(|| self.no_session(message)),
            _ => None,
        }
    }

    fn not_acceptable(&self) -> Problem {
        let (what, hint) = match self.method {
            Method::GET => ("events", "send `Accept: text/event-stream`"),
            _ => (
                "both JSON and events, and a reply may be either",
                "send `Accept: application/json, text/event-stream`",
            ),
        };
        let accepted = match &self.accept {
            Some(accept) => format!("it says `Accept: {}`", shown(accept)),
            None => "it has no `Accept`".to_owned(),
        };
        invalid(
            "not_acceptable",
            format!("the client does not accept {what}: {accepted}"),
            hint,
        )
    }

    fn unknown_version(&self) -> Option<Problem> {
        let version = self.version.as_ref()?;
        let known = ProtocolVersion::KNOWN_VERSIONS
            .iter()
            .map(ProtocolVersion::as_str);
        if known.clone().any(|known| version == known) {
            return None;
        }
        let known: Vec<_> = known.collect();
        Some(invalid(
            "unsupported_protocol_version",
            format!(
                "this server does not speak `MCP-Protocol-Version: {}`",
                shown(version)
            ),
            format!("send one of {}", known.join(", ")),
        ))
    }

    fn no_session(&self, message: &Value) -> Option<Problem> {
        if self.names_session {
            return None;
        }
        if message["method"] == "initialize" {
            return Some(no_parameters(message));
        }
        let message = match message["method"].as_str() {
            Some(method) => format!("`{method}` needs a session, and the request names none"),
            None => "the request does not say which session it belongs to".to_owned(),
        };
        Some(invalid(
            "missing_session",
            message,
            "send `initialize` first, and its `Mcp-Session-Id` with every request from then on; clients of protocol \
             2026-07-28 need no session and send `MCP-Protocol-Version: 2026-07-28`",
        ))
    }
}

/// For an `initialize` that could not be read as one.
fn no_parameters(message: &Value) -> Problem {
    let why = match message.get("params") {
        None => "there are none".to_owned(),
        Some(params) => match serde_json::from_value::<InitializeRequestParams>(params.clone()) {
            Err(error) => error.to_string(),
            Ok(_) => "they were not understood".to_owned(),
        },
    };
    Problem {
        code: ErrorCode::INVALID_PARAMS,
        kind: "invalid_params",
        message: format!("the parameters of `initialize` do not fit: {why}"),
        hint: "send `protocolVersion`, `capabilities` and `clientInfo`".to_owned(),
    }
}

fn invalid(kind: &'static str, message: String, hint: impl Into<String>) -> Problem {
    Problem {
        code: ErrorCode::INVALID_REQUEST,
        kind,
        message,
        hint: hint.into(),
    }
}

fn shown(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

/// The reply to a request whose id another has that is still to be answered: two replies could not be told apart.
pub(super) fn twice(id: &RequestId) -> Response {
    let message = format!("a request with the id `{id}` is still under way: give every request its own");
    let error = json!({
        "jsonrpc": "2.0",
        "id": id,
        "error": { "code": ErrorCode::INVALID_REQUEST.0, "message": message },
    });
    in_json(StatusCode::BAD_REQUEST, error.to_string().into_bytes())
}

/// The reply, with errors in the form of the protocol.
pub(super) async fn told(response: Response, asked: &Asked) -> Response {
    let status = response.status();
    let plain = status.as_u16() >= 400 && !response.headers().contains_key(CONTENT_TYPE);
    if !plain {
        return response;
    }
    if status == StatusCode::NOT_FOUND {
        return no_session().into_response();
    }
    // A request that is in order is never read here.
    let message: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let (mut parts, body) = response.into_parts();
    let error = match asked.problem(status, &message) {
        Some(problem) => problem.to_json(),
        None => in_its_words(status, body).await,
    };
    // That of a request: an answer has the id of a question of the server's own.
    let id = message.get("method").and(message.get("id"));
    let id = id.filter(|id| id.is_string() || id.is_number());
    let error = json!({ "jsonrpc": "2.0", "id": id, "error": error });
    let told = in_json(status, error.to_string().into_bytes());
    parts.headers.remove(http::header::CONTENT_LENGTH);
    parts.headers.extend(told.headers().clone());
    Response::from_parts(parts, Body::from(error.to_string()))
}

impl Problem {
    fn to_json(&self) -> Value {
        let Self {
            code,
            kind,
            message,
            hint,
        } = self;
        let data = json!({ "error": { "kind": kind, "message": message, "hint": hint } });
        json!({ "code": code.0, "message": message, "data": data })
    }
}

/// For whatever else `rmcp` refuses.
async fn in_its_words(status: StatusCode, body: Body) -> Value {
    let text = match Limited::new(body, TEXT_BYTES_MAX).collect().await {
        Ok(text) => String::from_utf8_lossy(&text.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    if status.is_server_error() {
        // What went wrong within is for the log alone.
        tracing::error!(%status, "{text}");
        return json!({ "code": ErrorCode::INTERNAL_ERROR.0, "message": "internal error" });
    }
    json!({ "code": ErrorCode::INVALID_REQUEST.0, "message": text })
}
