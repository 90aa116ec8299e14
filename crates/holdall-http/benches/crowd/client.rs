//! The clients: connections over which HTTP is spoken, byte by byte, and nothing is kept that is not needed.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One connection to the server.
pub(super) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("TCP");
        Self(BufReader::with_capacity(512, stream))
    }

    pub(super) async fn send(&mut self, request: &str) {
        let stream = self.0.get_mut();
        stream.write_all(request.as_bytes()).await.expect("it reads");
    }

    /// The headers of a reply.
    pub(super) async fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.0.read_line(&mut head).await.expect("it answers");
            assert_ne!(read, 0, "the server closed the connection after {head:?}");
        }
        head
    }

    /// A whole reply of known length.
    pub(super) async fn reply(&mut self) -> (String, String) {
        let head = self.head().await;
        let length = header(&head, "content-length").map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("the body is whole");
        (head, String::from_utf8(body).expect("text"))
    }

    /// The next event of a reply that is a stream of them.
    pub(super) async fn event(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line).await.expect("it is text");
            assert_ne!(read, 0, "the server closed the stream");
            if let Some(data) = line.strip_prefix("data:") {
                return serde_json::from_str(data).expect("an event is JSON");
            }
        }
    }
}

/// The value of a header.
pub(super) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A call as a message of protocol 2026-07-28.
pub(super) fn message(id: usize, method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// A request of protocol 2026-07-28.
pub(super) fn request(method: &str, name: Option<&str>, id: usize, params: Value) -> String {
    let name = name.map_or(String::new(), |name| format!("Mcp-Name: {name}\r\n"));
    let headers = format!("MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n{name}");
    post("POST", &headers, &message(id, method, params))
}

/// A call of a tool, by protocol 2026-07-28.
pub(super) fn call(tool: &str, id: usize) -> String {
    let arguments = match tool.starts_with("wait") {
        true => json!({"number": id}),
        false => json!({}),
    };
    let params = json!({"name": tool, "arguments": arguments});
    request("tools/call", Some(tool), id, params)
}

/// A request within a session of an older client, or the one that opens it.
pub(super) fn in_session(method: &str, session: Option<&str>, body: &str) -> String {
    let headers = session.map_or(String::new(), |session| {
        format!("Mcp-Session-Id: {session}\r\nMCP-Protocol-Version: 2025-11-25\r\n")
    });
    post(method, &headers, body)
}

fn post(method: &str, headers: &str, body: &str) -> String {
    let accept = match method {
        "GET" => "text/event-stream",
        _ => "application/json, text/event-stream",
    };
    let length = body.len();
    format!(
        "{method} /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: {accept}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

/// The text of a tool's result.
pub(super) fn text(reply: &str) -> String {
    let reply: Value = serde_json::from_str(reply).expect("a reply is JSON");
    let text = reply["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("no text in {reply}")).to_owned()
}

pub(super) fn initialize() -> String {
    let client = json!({"name": "bench", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()
}
