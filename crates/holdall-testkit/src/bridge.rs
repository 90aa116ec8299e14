//! Servers over HTTP as pipes: a line is a message, whatever the transport makes of it.

use std::collections::HashMap;
use std::io;

use futures_util::{SinkExt, StreamExt};
use holdall::wire::trimmed;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::http::HttpRequest;
use crate::pipe::Pipe;

/// Bytes on their way between a test and its connection.
const BRIDGE_BYTES: usize = 64 * 1024;
/// Lines on their way to the test.
const LINES_MAX: usize = 64;

type Headers = [(String, String)];

/// Connects to `ws://…`, to `http://…/sse`, or to Streamable HTTP at any other path.
pub(crate) async fn connect(url: &str, headers: &Headers) -> Result<Pipe, String> {
    let (near, far) = duplex(BRIDGE_BYTES);
    let (far_read, far_write) = split(far);
    let mut lines = Lines(BufReader::new(far_read));
    let sender = to_test(far_write);
    if url.starts_with("ws://") {
        websocket(url, headers, lines, sender).await?;
    } else {
        let (address, path) = parts(url)?;
        let server = Server {
            address,
            headers: headers.to_vec(),
        };
        if is_sse(url) {
            let (endpoint, events) = server.open_stream(&path).await?;
            let reading = tokio::spawn(pass_on(events, sender.clone()));
            tokio::spawn(async move {
                while let Some(line) = lines.next().await {
                    server.post(&endpoint, line, &sender).await;
                }
                // A session ends with its stream, and in no other way.
                reading.abort();
            });
        } else {
            tokio::spawn(streamable(server, path, lines, sender));
        }
    }
    let (read, write) = split(near);
    Ok(Pipe::new(read, write))
}

/// Whether the older HTTP+SSE is spoken there, by the custom of its path.
pub(crate) fn is_sse(url: &str) -> bool {
    url.split(['?', '#'])
        .next()
        .is_some_and(|url| url.ends_with("/sse"))
}

/// Lines of the test's.
struct Lines(BufReader<ReadHalf<DuplexStream>>);

impl Lines {
    async fn next(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let read = self.0.read_until(b'\n', &mut line).await.ok()?;
        if line.ends_with(b"\n") {
            line.pop();
        }
        (read > 0).then_some(line)
    }
}

/// Lines to the test, as long as somebody could send one.
fn to_test(mut test: WriteHalf<DuplexStream>) -> mpsc::Sender<Vec<u8>> {
    let (sender, mut lines) = mpsc::channel::<Vec<u8>>(LINES_MAX);
    tokio::spawn(async move {
        while let Some(mut line) = lines.recv().await {
            line.push(b'\n');
            if test.write_all(&line).await.is_err() {
                return;
            }
        }
        // The test sees the end, or has gone.
        let _ = test.shutdown().await;
    });
    sender
}

async fn websocket(
    url: &str,
    headers: &Headers,
    mut lines: Lines,
    sender: mpsc::Sender<Vec<u8>>,
) -> Result<(), String> {
    let (address, _) = parts(&url.replacen("ws://", "http://", 1))?;
    let mut request = url.into_client_request().map_err(|error| error.to_string())?;
    let given = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in [("Sec-WebSocket-Protocol", "mcp")].into_iter().chain(given) {
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("`{name}` is no name of a header"))?;
        let value: HeaderValue = value
            .parse()
            .map_err(|_| format!("the value of `{name}` fits no header"))?;
        request.headers_mut().insert(name, value);
    }
    let stream = TcpStream::connect(&address)
        .await
        .map_err(|error| error.to_string())?;
    let connected = tokio_tungstenite::client_async(request, stream).await;
    let (socket, _) = connected.map_err(|error| error.to_string())?;
    let (mut sink, mut stream) = socket.split();
    tokio::spawn(async move {
        while let Some(line) = lines.next().await {
            let message = match String::from_utf8(line) {
                Ok(text) => Message::text(text),
                // What no client would send.
                Err(bytes) => {
                    Message::Frame(Frame::message(bytes.into_bytes(), OpCode::Data(Data::Text), true))
                }
            };
            if sink.send(message).await.is_err() {
                return;
            }
        }
        let _ = sink.close().await;
    });
    tokio::spawn(async move {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Text(text) = message
                && sender.send(text.as_bytes().to_vec()).await.is_err()
            {
                return;
            }
        }
    });
    Ok(())
}

/// Streamable HTTP: every line is a POST, one after the other. Replies that are streams are read meanwhile.
async fn streamable(server: Server, path: String, mut lines: Lines, sender: mpsc::Sender<Vec<u8>>) {
    let mut session: Option<String> = None;
    while let Some(line) = lines.next().await {
        let message: Value = serde_json::from_slice(trimmed(&line)).unwrap_or_default();
        let mut request = server
            .request("POST", &path)
            .header("Accept", "application/json, text/event-stream");
        for (name, value) in belonging(&message) {
            request = request.header(name, &value);
        }
        if let Some(session) = &session {
            request = request.header("Mcp-Session-Id", session);
        }
        let request = request.header("Content-Type", "application/json").body(line);
        let Ok(reply) = Reply::to(&server.address, &request).await else {
            return;
        };
        if let Some(opened) = reply.headers.get("mcp-session-id") {
            session = Some(opened.clone());
        }
        match reply.is_stream() {
            true => drop(tokio::spawn(pass_on(reply, sender.clone()))),
            false => pass_on(reply, sender.clone()).await,
        }
    }
    if let Some(session) = session {
        let request = server.request("DELETE", &path).header("Mcp-Session-Id", &session);
        // The server may have stopped.
        let _ = Reply::to(&server.address, &request).await;
    }
}

/// The headers that protocol 2026-07-28 wants beside a message.
fn belonging(message: &Value) -> Vec<(&'static str, String)> {
    let params = &message["params"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let version = text(&params["_meta"]["io.modelcontextprotocol/protocolVersion"]);
    let method = version.as_ref().and_then(|_| text(&message["method"]));
    let name = version
        .as_ref()
        .and_then(|_| text(&params["name"]).or_else(|| text(&params["uri"])));
    [
        ("MCP-Protocol-Version", version),
        ("Mcp-Method", method),
        ("Mcp-Name", name),
    ]
    .into_iter()
    .filter_map(|(header, value)| Some((header, value?)))
    .collect()
}

/// Hands everything a reply says to the test.
async fn pass_on(mut reply: Reply, sender: mpsc::Sender<Vec<u8>>) {
    if reply.is_stream() {
        while let Some((_, data)) = reply.event().await {
            if !data.is_empty() && sender.send(data.into_bytes()).await.is_err() {
                return;
            }
        }
    } else if let Ok(body) = reply.body().await
        && serde_json::from_slice::<Value>(&body).is_ok()
    {
        let _ = sender.send(body).await;
    }
}

struct Server {
    address: String,
    headers: Vec<(String, String)>,
}

impl Server {
    fn request(&self, method: &str, path: &str) -> HttpRequest {
        let request = HttpRequest::new(method, path).host(&self.address);
        self.headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Opens a session of HTTP+SSE: where to post, and what comes.
    async fn open_stream(&self, path: &str) -> Result<(String, Reply), String> {
        let request = self.request("GET", path).header("Accept", "text/event-stream");
        let mut reply = Reply::to(&self.address, &request)
            .await
            .map_err(|error| error.to_string())?;
        if !reply.is_stream() {
            let status = reply.status;
            let body = reply.body().await.unwrap_or_default();
            return Err(format!("status {status}: {}", String::from_utf8_lossy(&body)));
        }
        match reply.event().await {
            Some((name, endpoint)) if name == "endpoint" => Ok((endpoint, reply)),
            other => Err(format!("the first event is {other:?}, not where to post to")),
        }
    }

    async fn post(&self, path: &str, line: Vec<u8>, sender: &mpsc::Sender<Vec<u8>>) {
        let request = self
            .request("POST", path)
            .header("Content-Type", "application/json")
            .body(line);
        // An end is seen on the stream.
        if let Ok(reply) = Reply::to(&self.address, &request).await {
            pass_on(reply, sender.clone()).await;
        }
    }
}

/// A reply that is read as it comes.
struct Reply {
    stream: BufReader<TcpStream>,
    status: u16,
    /// Names in lower case.
    headers: HashMap<String, String>,
    read: Vec<u8>,
}

impl Reply {
    async fn to(address: &str, request: &HttpRequest) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&request.to_bytes()).await?;
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines
            .first()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        Ok(Self {
            stream,
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
                .collect(),
            read: Vec::new(),
        })
    }

    fn is_stream(&self) -> bool {
        self.headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream")
    }

    /// Reads a piece of the body; `false` at its end.
    async fn more(&mut self) -> io::Result<bool> {
        if self
            .headers
            .get("transfer-encoding")
            .is_none_or(|coding| coding != "chunked")
        {
            return Ok(self.stream.read_buf(&mut self.read).await? > 0);
        }
        let mut size = String::new();
        self.stream.read_line(&mut size).await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).await?;
        self.read.extend_from_slice(&chunk[..size]);
        Ok(size > 0)
    }

    /// The name and data of the next event; comments are passed over.
    async fn event(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(end) = self.read.windows(2).position(|window| window == b"\n\n") {
                let event: Vec<u8> = self.read.drain(..end + 2).collect();
                let event = String::from_utf8_lossy(&event).into_owned();
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines.find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()))
                };
                if let Some(data) = field("data:") {
                    return Some((field("event:").unwrap_or_default(), data));
                }
                continue;
            }
            if !self.more().await.unwrap_or(false) {
                return None;
            }
        }
    }

    async fn body(mut self) -> io::Result<Vec<u8>> {
        while self.more().await? {}
        Ok(self.read)
    }
}

/// The address and the path of a URL without encryption.
fn parts(url: &str) -> Result<(String, String), String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| format!("`{url}` does not begin with http:// or ws://"))?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok((address.to_owned(), format!("/{path}")))
}
