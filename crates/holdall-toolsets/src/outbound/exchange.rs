//! One request over a connection of its own, and its answer, read within bounds.

use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Position, Url};

use super::client::Request;
use super::connect::Connector;
use super::decode::{self, Coding};
use super::error::OutboundError;

/// The bytes the status line and the headers of an answer may have: browsers take about four times as many, servers
/// send a few thousand.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The headers an answer may have.
const HEADERS_MAX: usize = 128;
/// Who asks.
const AGENT: &str = concat!("Holdall/", env!("CARGO_PKG_VERSION"));

/// The beginning of an answer; its body is still on its way.
pub(super) struct Answer {
    host: String,
    response: http::Response<Incoming>,
    /// Ends the connection when it is dropped.
    _connection: JoinSet<()>,
}

/// Asks, and waits until an answer begins.
pub(super) async fn ask(
    connector: &Connector,
    tls: &Arc<ClientConfig>,
    request: &Request,
) -> Result<Answer, OutboundError> {
    let url = &request.url;
    let host = url.host().expect("it was judged");
    let port = url.port_or_known_default().expect("it was judged");
    let stream = connector.connect(&host, port).await?.stream;
    match url.scheme() {
        "https" => {
            let name = server_name(&host).ok_or_else(|| OutboundError::InvalidUrl {
                problem: format!("no certificate can be for `{host}`"),
            })?;
            let connecting = TlsConnector::from(Arc::clone(tls)).connect(name, stream);
            let stream = connecting.await.map_err(|source| OutboundError::Tls {
                host: host.to_string(),
                source,
            })?;
            send(stream, request).await
        }
        _ => send(stream, request).await,
    }
}

/// The name a certificate must be for.
fn server_name(host: &Host<&str>) -> Option<ServerName<'static>> {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            ServerName::try_from(name.to_owned()).ok()
        }
        Host::Ipv4(address) => Some(ServerName::from(std::net::IpAddr::V4(*address))),
        Host::Ipv6(address) => Some(ServerName::from(std::net::IpAddr::V6(*address))),
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: &Request,
) -> Result<Answer, OutboundError> {
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let broken = |source: hyper::Error| match source.is_parse_too_large() {
        true => OutboundError::HeadTooLarge {
            host: host.clone(),
            bytes_max: HEAD_BYTES_MAX,
        },
        false => OutboundError::Broken {
            host: host.clone(),
            source: source.into(),
        },
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // What is wrong with it, the request is told.
        let _ = connection.await;
    });
    let response = sender.send_request(written(request)?).await.map_err(broken)?;
    Ok(Answer {
        host,
        response,
        _connection: tasks,
    })
}

/// The request as it goes over the wire.
fn written(request: &Request) -> Result<http::Request<Full<Bytes>>, OutboundError> {
    let url = &request.url;
    let wrong = || OutboundError::InvalidUrl {
        problem: "it holds what no request can".to_owned(),
    };
    let mut headers = request.headers.clone();
    headers.insert(HOST, host_header(url).ok_or_else(wrong)?);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT_ENCODING, decode::ACCEPTED);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let mut written = http::Request::builder()
        .method(request.method.clone())
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .body(Full::new(request.body.clone()))
        .map_err(|_| wrong())?;
    *written.headers_mut() = headers;
    Ok(written)
}

fn host_header(url: &Url) -> Option<HeaderValue> {
    HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]).ok()
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// All of the body, unpacked.
    pub(super) async fn body(self, bytes_max: usize) -> Result<Vec<u8>, OutboundError> {
        let coding = Coding::of(self.response.headers())?;
        let host = self.host;
        let too_large = |host: &String| OutboundError::TooLarge {
            host: host.clone(),
            bytes_max,
        };
        let mut body = self.response.into_body();
        if body.size_hint().lower() > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
            return Err(too_large(&host));
        }
        let mut packed = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|source| OutboundError::Broken {
                host: host.clone(),
                source: source.into(),
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if packed.len() + data.len() > bytes_max {
                return Err(too_large(&host));
            }
            packed.extend_from_slice(&data);
        }
        if coding == Coding::Plain {
            return Ok(packed);
        }
        let unpacking = tokio::task::spawn_blocking(move || decode::unpack(coding, &packed, bytes_max));
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| OutboundError::Broken {
            host: host.clone(),
            source,
        };
        let unpacked = unpacking.await.map_err(|error| broken(error.into()))?;
        unpacked
            .map_err(|error| broken(error.into()))?
            .ok_or_else(|| too_large(&host))
    }
}
