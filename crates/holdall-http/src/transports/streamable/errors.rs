//! What `rmcp` refuses is told in its plain words; here it becomes an error of the protocol.

use axum::body::Body;
use axum::response::Response;
use holdall::protocol::model::{ErrorCode, RequestId};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use serde_json::json;

use crate::transports::body::in_json;
use crate::transports::sessions::no_session;

/// The longest explanation that is passed on.
const TEXT_BYTES_MAX: usize = 4096;

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
pub(super) async fn told(response: Response) -> Response {
    let status = response.status();
    let plain = status.as_u16() >= 400 && !response.headers().contains_key(CONTENT_TYPE);
    if !plain {
        return response;
    }
    if status == StatusCode::NOT_FOUND {
        return no_session().into_response();
    }
    let (mut parts, body) = response.into_parts();
    let text = match Limited::new(body, TEXT_BYTES_MAX).collect().await {
        Ok(text) => String::from_utf8_lossy(&text.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    let (code, message) = if status.is_server_error() {
        // What went wrong within is for the log alone.
        tracing::error!(%status, "{text}");
        (ErrorCode::INTERNAL_ERROR, "internal error".to_owned())
    } else {
        (ErrorCode::INVALID_REQUEST, text)
    };
    let error = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code.0, "message": message } });
    let told = in_json(status, error.to_string().into_bytes());
    parts.headers.remove(http::header::CONTENT_LENGTH);
    parts.headers.extend(told.headers().clone());
    Response::from_parts(parts, Body::from(error.to_string()))
}
