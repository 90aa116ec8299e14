//! One request of HTTP/1.1, and the head of its answer.

use http::header::{ACCEPT, CONNECTION, HOST, LOCATION, USER_AGENT};
use http::{Request, StatusCode, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use url::Position;

use super::heard::{Beginning, Heard};
use super::reason::{Failure, Reason};
use super::site::authority;
use crate::outbound::Url;

/// The head of an answer may have so many bytes, first line included.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The head of an answer may have so many headers.
pub(super) const HEADERS_MAX: usize = 256;
/// Of a body so many bytes are read; what goes on longer counts as read.
pub(super) const BODY_BYTES_MAX: u64 = 1024 * 1024;
/// Who asks, for the logs of the sites.
const AGENT: &str = concat!("holdall/", env!("CARGO_PKG_VERSION"), " (site check)");

/// An answer whose body is yet to be read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: &'static str,
    /// Where a redirect leads, as the server wrote it.
    pub(super) location: Option<Vec<u8>>,
    body: Incoming,
    beginning: Beginning,
    /// Moves the bytes; ends when this is dropped.
    _driving: JoinSet<()>,
}

/// Asks for `url` over `stream`, which leads to its server.
pub(super) async fn ask<S>(stream: S, url: &Url) -> Result<Answer, Reason>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, beginning) = Heard::new(stream);
    let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, authority(url))
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Reason::new(Failure::BadRedirect, "its URL cannot be written in a request"))?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error, "the request", &beginning))?;
    let mut driving = JoinSet::new();
    driving.spawn(async move {
        // Whoever waits for the answer is told of the error, too.
        let _ = connection.await;
    });
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| failed(&error, "the request", &beginning))?;
    let (head, body) = response.into_parts();
    let location = head.headers.get(LOCATION);
    Ok(Answer {
        status: head.status,
        version: match head.version {
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        },
        location: location.map(|location| location.as_bytes().to_vec()),
        body,
        beginning,
        _driving: driving,
    })
}

impl Answer {
    /// Reads the body to its end, or as far as it is read. `bytes` counts along.
    pub(super) async fn read(mut self, bytes: &mut u64) -> Result<(), Reason> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| failed(&error, "the body", &self.beginning))?;
            *bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if *bytes > BODY_BYTES_MAX {
                break;
            }
        }
        Ok(())
    }
}

fn failed(error: &hyper::Error, doing: &str, beginning: &Beginning) -> Reason {
    let heard = beginning.bytes();
    if error.is_parse_too_large() {
        let message = format!(
            "its headers have more than {} KiB or {HEADERS_MAX} lines",
            HEAD_BYTES_MAX / 1024
        );
        return Reason::new(Failure::NotHttp, message);
    }
    if error.is_parse() {
        return Reason::of_no_http(&heard, doing);
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        let message = match heard.is_empty() {
            true => "the connection was closed without an answer".to_owned(),
            false => format!("the connection was closed in the middle of the answer to {doing}"),
        };
        return Reason::new(Failure::Closed, message);
    }
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Reason::of_reading(io, doing);
        }
        cause = inner.source();
    }
    Reason::of_no_http(&heard, doing)
}
