//! Servers and requests over HTTP: [`Served`], [`HttpRequest`], [`HttpReply`].

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use holdall::protocol::Transport;
use holdall_http::{HttpConfig, HttpServer};
use http::{HeaderName, HeaderValue};
use rmcp::RoleClient;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::process::PATIENCE;
use crate::server::IntoService;

/// A server that listens on a free port of this machine, until it is dropped.
///
/// ```
/// # use holdall::prelude::*;
/// use holdall_testkit::{Client, HttpRequest, Served};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let server = Server::new("test");
/// let served = Served::start(server).await;
/// let health = HttpRequest::get("/health").send(served.address()).await;
/// assert_eq!(health.status, 200);
/// let strange = HttpRequest::get("/health").host("evil.example").send(served.address()).await;
/// assert_eq!(strange.status, 403);
/// let client = Client::at(served.url()).protocol("2025-11-25").await;
/// # client.close().await;
/// # }
/// ```
pub struct Served {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Served {
    /// Serves as [`HttpConfig`] says unless told otherwise.
    ///
    /// # Panics
    /// If the server cannot be built.
    pub async fn start(server: impl IntoService) -> Self {
        Self::start_with(server, HttpConfig::default()).await
    }

    /// Serves with this configuration.
    ///
    /// # Panics
    /// If the server cannot be built.
    pub async fn start_with(server: impl IntoService, config: HttpConfig) -> Self {
        let service = server.into_service().unwrap_or_else(|error| panic!("{error}"));
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(async move {
            // Dropping the other end stops the server as well.
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            serving,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the protocol is spoken.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Where WebSocket is spoken.
    pub fn websocket_url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Where the older HTTP+SSE is spoken.
    pub fn sse_url(&self) -> String {
        format!("http://{}/sse", self.address)
    }

    /// Stops the server and waits until requests under way are answered.
    ///
    /// # Panics
    /// If that takes more than half a minute, or if the server panicked.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        match tokio::time::timeout(PATIENCE, self.serving).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the server panicked: {error}"),
            Err(_) => panic!("the server did not stop within {PATIENCE:?}"),
        }
    }
}

/// A request written by hand, for what no client would send.
#[derive(Clone, Debug)]
#[must_use = "a request is sent with `send`"]
pub struct HttpRequest {
    method: String,
    path: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpRequest {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            host: Some("localhost".into()),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A `GET`.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A `POST` of JSON to where the protocol is spoken, with the headers every client of it sends.
    pub fn post(message: &Value) -> Self {
        Self::new("POST", "/mcp")
            .header("Accept", "application/json, text/event-stream")
            .header("Content-Type", "application/json")
            .body(message.to_string())
    }

    /// The `Host`. Default: `localhost`.
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Sends no `Host`, which HTTP/1.1 does not allow.
    pub fn without_host(mut self) -> Self {
        self.host = None;
        self
    }

    /// Adds a header, or one more of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces all headers of this name.
    pub fn set_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.header(name, value)
    }

    /// The body. Its length is announced rightly.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the request on a connection of its own, and reads the reply until the server closes it.
    ///
    /// # Panics
    /// If nobody listens, or no whole reply comes in time.
    pub async fn send(&self, address: SocketAddr) -> HttpReply {
        exchange(address, self.to_bytes(), PATIENCE).await
    }

    /// The request as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let host = self.host.iter().map(|host| ("Host", host.as_str()));
        let given = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in host.chain(given) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("Connection: close\r\n\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// A reply as it came.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Without the framing of chunks.
    pub body: Vec<u8>,
}

impl HttpReply {
    /// The first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_lowercase();
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!(
                "the body is no JSON: {error}\n  status {}\n  {}",
                self.status,
                self.text()
            ),
        }
    }

    /// The data of all events in the body, as JSON. Events without data are left out.
    ///
    /// # Panics
    /// If the data of one is no JSON.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim);
        data.filter(|data| !data.is_empty())
            .map(|data| match serde_json::from_str(data) {
                Ok(json) => json,
                Err(error) => panic!("the data of an event is no JSON: {error}\n  {data}"),
            })
            .collect()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut reply = Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        };
        if reply.header("transfer-encoding") == Some("chunked") {
            reply.body = unchunked(&reply.body)?;
        }
        Some(reply)
    }
}

/// Sends bytes as they are on a connection of their own, and reads the reply until the server closes it.
///
/// # Panics
/// If nobody listens, or no whole reply comes in `patience`.
pub async fn exchange(address: SocketAddr, request: impl AsRef<[u8]>, patience: Duration) -> HttpReply {
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        // A server that has read enough may close while this is still writing; what it says counts.
        let _ = stream.write_all(request.as_ref()).await;
        let mut reply = Vec::new();
        match stream.read_to_end(&mut reply).await {
            Err(error) if reply.is_empty() => Err(error),
            _ => Ok(reply),
        }
    };
    let reply = match tokio::time::timeout(patience, talk).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => panic!("no reply from {address}: {error}"),
        Err(_) => panic!("no whole reply from {address} within {patience:?}"),
    };
    match HttpReply::parse(&reply) {
        Some(reply) => reply,
        None => panic!(
            "this is no reply of HTTP/1.1: {:?}",
            String::from_utf8_lossy(&reply)
        ),
    }
}

fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let chunk = bytes.get(line + 2..line + 2 + size)?;
        body.extend_from_slice(chunk);
        bytes = bytes.get(line + 2 + size + 2..)?;
    }
}

/// The official SDK's transport to `url`.
pub(crate) fn transport(
    url: &str,
    headers: &[(String, String)],
) -> Result<impl Transport<RoleClient> + use<>, String> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    let mut custom = HashMap::new();
    for (name, value) in headers {
        if let Some(token) = value
            .strip_prefix("Bearer ")
            .filter(|_| name.eq_ignore_ascii_case("authorization"))
        {
            config = config.auth_header(token);
            continue;
        }
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("`{name}` is no name of a header"))?;
        let value: HeaderValue = value
            .parse()
            .map_err(|_| format!("the value of `{name}` fits no header"))?;
        custom.insert(name, value);
    }
    Ok(StreamableHttpClientTransport::from_config(
        config.custom_headers(custom),
    ))
}
