//! A reply that streams nothing but itself goes out as JSON.
//!
//! In the sessions of protocol 2025-11-25 and older, `rmcp` answers every request with an event stream. Most calls
//! emit nothing on their way; their reply is cheaper to send and to read as plain JSON, which those revisions allow.

use std::future::ready;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::once;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What tells a reply from a notification or a request.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    method: Option<IgnoredAny>,
}

/// The reply to a POST, as JSON if its first event is the reply itself. Waits for the first event, or for the first
/// sign of life that a long call gives instead of one.
pub(crate) async fn unstream(response: Response) -> Response {
    if response.headers().get(CONTENT_TYPE) != Some(&HeaderValue::from_static("text/event-stream")) {
        return response;
    }
    let (mut parts, mut body) = response.into_parts();
    let mut begun = Vec::new();
    while !begun.ends_with(b"\n\n") {
        match body.frame().await.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(data))) => begun.extend_from_slice(&data),
            // Trailers carry no events.
            Some(Ok(Err(_))) => {}
            Some(Err(_)) | None => break,
        }
    }
    if let Some(reply) = only_reply(&begun) {
        parts
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        parts.headers.remove(CACHE_CONTROL);
        parts.headers.remove("x-accel-buffering");
        return Response::from_parts(parts, Body::from(reply.to_owned()));
    }
    let begun = once(ready(Ok(Bytes::from(begun))));
    Response::from_parts(parts, Body::from_stream(begun.chain(body.into_data_stream())))
}

/// The message of the event, if it is one event and its message is a reply.
fn only_reply(event: &[u8]) -> Option<&str> {
    let event = std::str::from_utf8(event).ok()?.strip_suffix("\n\n")?;
    if event.contains("\n\n") {
        return None;
    }
    let mut data = event.lines().filter_map(|line| line.strip_prefix("data:"));
    let (message, None) = (data.next()?.trim_start(), data.next()) else {
        return None;
    };
    let Message { method } = serde_json::from_str(message).ok()?;
    method.is_none().then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lone_reply_is_taken_out_of_its_stream() {
        let reply = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
        assert_eq!(
            only_reply(format!("id: 0/1\ndata: {reply}\n\n").as_bytes()),
            Some(reply)
        );
        assert_eq!(only_reply(format!("data:{reply}\n\n").as_bytes()), Some(reply));
        let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
        for stream in [
            format!("data: {progress}\n\n"),
            format!("data: {reply}\n\ndata: {progress}\n\n"),
            format!("data: {reply}\n"),
            format!("data: {reply}\ndata: more\n\n"),
            ":\n\n".to_owned(),
            "data: \n\n".to_owned(),
            "data: {\n\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(only_reply(stream.as_bytes()), None, "{stream}");
        }
        assert_eq!(only_reply(b"data: \xff\n\n"), None);
    }
}
