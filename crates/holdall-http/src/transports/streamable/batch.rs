//! Several messages in one body. Protocol 2025-03-26 allows it within a session; no other does.
//!
//! `rmcp` takes one message at a time, so it gets them one by one. What is refused at once goes out as a list; as soon as
//! something is to be done, all replies come as one stream of events.

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::select_all;
use holdall::protocol::ProtocolVersion;
use holdall::wire::Decoded;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use serde_json::value::RawValue;

use super::Streamable;
use crate::front::refusal::Refusal;
use crate::transports::body::{decoded, in_json};
use crate::transports::sessions::SESSION_ID;

impl Streamable {
    /// Answers a batch.
    pub(super) async fn batch(&self, parts: Parts, body: &[u8]) -> Result<Response, Refusal> {
        let items = match decoded(body) {
            Ok(Decoded::Batch(items)) => items,
            Ok(_) => return Ok(refused("a batch is a list of messages")),
            Err(response) => return Ok(*response),
        };
        let version = parts
            .headers
            .get(SESSION_ID)
            .and_then(|id| self.sessions.version(id.to_str().ok()?));
        if version != Some(ProtocolVersion::V_2025_03_26) {
            return Ok(refused(
                "batches are part of protocol 2025-03-26 alone: send one message at a time",
            ));
        }
        let texts: Vec<&RawValue> = serde_json::from_slice(body).expect("the body was found to be a list");
        let (mut lists, mut streams) = (Vec::new(), Vec::new());
        for (item, text) in items.into_iter().zip(texts) {
            match item {
                Decoded::Message(_) => {}
                Decoded::Refused(refusal) => {
                    lists.push(Bytes::from(refusal.to_json()));
                    continue;
                }
                Decoded::Batch(_) => {
                    lists.push(Bytes::from(error("a batch cannot be part of a batch")));
                    continue;
                }
                _ => continue,
            }
            let text = Bytes::copy_from_slice(text.get().as_bytes());
            let response = self.usual(parts.clone(), text).await?;
            if response.status() == StatusCode::ACCEPTED {
                continue;
            }
            match is_stream(&response) {
                true => streams.push(response.into_body()),
                false => lists.push(whole(response.into_body()).await),
            }
        }
        Ok(together(lists, streams))
    }
}

/// The replies to a batch as one.
fn together(replies: Vec<Bytes>, streams: Vec<Body>) -> Response {
    if streams.is_empty() {
        return match replies.is_empty() {
            true => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::ACCEPTED;
                response
            }
            false => in_json(
                StatusCode::OK,
                [b"[", replies.join(&b","[..]).as_slice(), b"]"].concat(),
            ),
        };
    }
    let there = replies
        .into_iter()
        .map(|reply| Ok(Bytes::from([b"data: ", reply.as_ref(), b"\n\n"].concat())));
    let coming = select_all(streams.into_iter().map(Body::into_data_stream));
    let body = Body::from_stream(futures_util::stream::iter(there).chain(coming));
    let mut response = in_json(StatusCode::OK, Vec::new());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    *response.body_mut() = body;
    response
}

fn is_stream(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/event-stream")
}

/// A reply of one message, which is in memory already.
async fn whole(body: Body) -> Bytes {
    match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::from(error("the reply broke off")),
    }
}

fn refused(message: &str) -> Response {
    in_json(StatusCode::BAD_REQUEST, error(message))
}

fn error(message: &str) -> Vec<u8> {
    let code = holdall::protocol::model::ErrorCode::INVALID_REQUEST.0;
    serde_json::json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } })
        .to_string()
        .into_bytes()
}
