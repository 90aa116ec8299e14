//! The body of a POST, on whatever route: of the right kind, not too large, in time, and strictly JSON.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use holdall::protocol::model::ErrorCode;
use holdall::wire::{self, Decoded};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::{Body as _, Incoming};
use serde_json::json;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::HttpConfig;
use crate::front::refusal::Refusal;

/// How bodies are read.
#[derive(Clone)]
pub(crate) struct Bodies {
    bytes_max: usize,
    timeout: Duration,
    idle: Duration,
}

impl Bodies {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        Self {
            bytes_max: config.body_bytes_max,
            timeout: config.transports.body_timeout,
            idle: config.transports.body_idle_timeout,
        }
    }

    /// The body of a POST, whatever it says.
    pub(crate) async fn read(&self, parts: &Parts, mut body: Incoming) -> Result<Bytes, Refusal> {
        if !is_json(&parts.headers) {
            return Err(wrong_type(&parts.headers));
        }
        let announced = parts.headers.get(CONTENT_LENGTH);
        if let Some(announced) = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
            && announced > self.bytes_max as u64
        {
            return Err(self.too_large());
        }
        let mut patience = Patience::new(self);
        let (mut first, mut rest) = (Bytes::new(), Vec::new());
        while let Some(data) = patience.next(&mut body).await? {
            if data.len() > self.bytes_max - first.len() - rest.len() {
                return Err(self.too_large());
            }
            if first.is_empty() && rest.is_empty() {
                first = data;
            } else {
                rest.extend_from_slice(&data);
            }
            if body.is_end_stream() {
                break;
            }
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok([first, rest.into()].concat().into())
    }

    fn too_large(&self) -> Refusal {
        let max = self.bytes_max;
        closing(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("the body is larger than the {max} bytes allowed"),
            "send less at once",
        ))
    }
}

/// Waits for the next piece of a body, for as long as is reasonable.
struct Patience {
    end: Instant,
    idle: Duration,
    waited: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn new(bodies: &Bodies) -> Self {
        Self {
            end: Instant::now() + bodies.timeout,
            idle: bodies.idle,
            waited: false,
            timer: None,
        }
    }

    async fn next(&mut self, body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
        (self.waited, self.timer) = (false, None);
        poll_fn(|cx| self.poll(cx, body)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, body: &mut Incoming) -> Poll<Result<Option<Bytes>, Refusal>> {
        loop {
            match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Poll::Ready(Ok(Some(data))),
                    // Trailers say nothing.
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(broken_off())),
                Poll::Pending => {}
            }
            break;
        }
        // A body that has come already is there when it is asked for the second time: most need no timer.
        if !self.waited {
            self.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let (end, idle) = (self.end, self.idle);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(end.min(Instant::now() + idle))));
        timer.as_mut().poll(cx).map(|()| Err(too_slow()))
    }
}

/// What a body says. What is no message of the protocol is answered as JSON-RPC has it, with status 400.
pub(crate) fn decoded(body: &[u8]) -> Result<Decoded, Box<Response>> {
    match wire::decode(body) {
        Decoded::Refused(refusal) => Err(Box::new(in_json(StatusCode::BAD_REQUEST, refusal.to_json()))),
        Decoded::Nothing => Err(Box::new(nothing(body))),
        message => Ok(message),
    }
}

/// Somebody who sends a body waits for a reply, even where it holds nothing that asks for one.
fn nothing(body: &[u8]) -> Response {
    let (code, message) = match wire::trimmed(body) {
        b"" => (
            ErrorCode::PARSE_ERROR,
            "the body is empty: send a JSON-RPC message",
        ),
        _ => (
            ErrorCode::INVALID_REQUEST,
            "this is neither a request nor a well-formed notification or answer",
        ),
    };
    let error = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code.0, "message": message } });
    in_json(StatusCode::BAD_REQUEST, error.to_string().into_bytes())
}

pub(crate) fn in_json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else {
        return false;
    };
    kind.to_str().is_ok_and(|kind| {
        let essence = kind.split_once(';').map_or(kind, |(essence, _)| essence);
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

fn wrong_type(headers: &HeaderMap) -> Refusal {
    let given = match headers.get(CONTENT_TYPE).map(HeaderValue::to_str) {
        Some(Ok(kind)) => format!("of type `{}`", kind.chars().take(100).collect::<String>()),
        _ => "of no known type".to_owned(),
    };
    closing(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("the body is {given}"),
        "send JSON, with exactly one `Content-Type: application/json`",
    ))
}

fn too_slow() -> Refusal {
    closing(Refusal::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_timeout",
        "the body did not come in time",
        "send the whole body at once",
    ))
}

/// The client closed the connection before its body was whole: nobody reads this.
fn broken_off() -> Refusal {
    closing(Refusal::new(
        StatusCode::BAD_REQUEST,
        "incomplete_body",
        "the body ended before it was whole",
        "send the whole body",
    ))
}

/// The rest of the body is not read, so nothing else can come on its connection.
fn closing(refusal: Refusal) -> Refusal {
    refusal.header(CONNECTION, HeaderValue::from_static("close"))
}
