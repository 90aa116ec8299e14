//! Requests as they are sent, and what they are answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rule::{Body, Case, Credential, Page, What};
use super::server::{BODY_BYTES_MAX, LISTED};

/// Longer than anything takes: what never comes fails instead of being waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The next id of a request.
static IDS: AtomicU64 = AtomicU64::new(1);

/// Who asks, and about which session.
#[derive(Clone, Copy, Default)]
pub(super) struct By<'a> {
    pub(super) token: Option<&'a str>,
    pub(super) session: &'a str,
    /// The address it seems to come from.
    pub(super) address: &'a str,
}

/// A reply as far as its headers.
pub(super) struct Head {
    pub(super) status: u16,
    text: String,
}

impl Head {
    /// The value of a header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.text.lines().filter_map(|line| line.split_once(": "));
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// A connection on which something was answered, which may go on.
pub(super) struct Answered {
    pub(super) head: Head,
    /// What came after the headers so far.
    pub(super) rest: String,
    pub(super) stream: TcpStream,
}

/// Sends a request on a connection of its own, and reads until the headers of its reply are there.
pub(super) async fn ask(address: SocketAddr, request: &[u8]) -> Answered {
    let talk = async {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // So many connections must not linger.
        stream.set_zero_linger().expect("the system does so");
        // A server that has read enough may close while this is still writing; what it says counts.
        let _ = stream.write_all(request).await;
        let (mut said, mut bytes) = (Vec::new(), [0; 2048]);
        loop {
            let read = stream.read(&mut bytes).await.expect("it answers");
            said.extend_from_slice(&bytes[..read]);
            let text = String::from_utf8_lossy(&said);
            if let Some((head, rest)) = text.split_once("\r\n\r\n") {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                let head = Head {
                    status: status.expect("a status"),
                    text: head.to_owned(),
                };
                let rest = rest.to_owned();
                return Answered { head, rest, stream };
            }
            assert_ne!(read, 0, "the connection ended early: {text}");
        }
    };
    let answered = tokio::time::timeout(PATIENCE, talk).await;
    answered.unwrap_or_else(|_| panic!("no reply to {}", String::from_utf8_lossy(request)))
}

impl Answered {
    /// What stands between these, once it has come.
    pub(super) async fn until(&mut self, from: &str, to: &str) -> String {
        loop {
            let there = self
                .rest
                .split_once(from)
                .and_then(|(_, rest)| rest.split_once(to));
            if let Some((there, _)) = there {
                return there.to_owned();
            }
            let mut bytes = [0; 256];
            let read = self.stream.read(&mut bytes).await.expect("it is whole");
            assert_ne!(read, 0, "{}", self.rest);
            self.rest.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }
}

/// The request of a case.
pub(super) fn written(case: &Case, by: By<'_>) -> Vec<u8> {
    with(case, by, &message(case))
}

/// The last message of a handshake, in the session that was opened with the first.
pub(super) fn ready(initialize: &Case, by: By<'_>) -> Vec<u8> {
    let case = Case {
        what: What::CallInSession,
        ..*initialize
    };
    with(&case, by, &initialized())
}

fn with(case: &Case, by: By<'_>, message: &Value) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", case.method, target(case, by));
    let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    for (name, value) in page(case.page) {
        add(name, value);
    }
    if let Some(token) = by.token {
        add("Authorization", &format!("Bearer {token}"));
        if case.credential == Credential::Twice {
            add("X-API-Key", token);
        }
    }
    if !by.address.is_empty() {
        add("X-Forwarded-For", by.address);
    }
    for (name, value) in asking(case, by) {
        add(name, value);
    }
    let (lines, body) = body(case, message);
    [head.as_bytes(), lines.as_bytes(), b"\r\n", body.as_bytes()].concat()
}

fn target(case: &Case, by: By<'_>) -> String {
    let mut target = case.path.to_owned();
    let mut joint = '?';
    let mut add = |name: &str, value: &str| {
        target.push_str(&format!("{joint}{name}={value}"));
        joint = '&';
    };
    if case.what == What::Message {
        add("sessionId", by.session);
    }
    if case.credential == Credential::InAddress {
        add("access_token", "hold_whatever");
    }
    target
}

fn page(page: Page) -> Vec<(&'static str, &'static str)> {
    let host = ("Host", "localhost");
    let of = |origin| vec![host, ("Origin", origin)];
    match page {
        Page::None => vec![host],
        Page::Own => of("http://localhost"),
        Page::Listed => of(LISTED),
        Page::Foreign => of("https://evil.example"),
        Page::Opaque => of("null"),
        Page::Two => [of(LISTED), vec![("Origin", "https://evil.example")]].concat(),
        Page::ForeignHost => vec![("Host", "evil.example")],
        Page::NoHost => vec![],
        Page::TwoHosts => vec![host, ("Host", "evil.example")],
    }
}

/// The headers that say what is asked for.
fn asking<'a>(case: &'a Case, by: By<'a>) -> Vec<(&'static str, &'a str)> {
    let mut headers = vec![("Accept", "application/json, text/event-stream")];
    // The header came with this version.
    if case.version >= "2025-06-18" {
        headers.push(("MCP-Protocol-Version", case.version));
    }
    match case.what {
        What::Preflight => headers.push(("Access-Control-Request-Method", "POST")),
        What::DirectCall => headers.extend([("Mcp-Method", "tools/call"), ("Mcp-Name", "read_notes")]),
        What::Call => headers.extend([("Mcp-Method", "tools/call"), ("Mcp-Name", "read_in_context")]),
        What::Listen => headers.push(("Mcp-Method", "subscriptions/listen")),
        What::CallInSession | What::StreamInSession | What::EndSession => {
            headers.push(("Mcp-Session-Id", by.session));
        }
        What::Upgrade => headers.extend([
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Protocol", "mcp"),
        ]),
        What::Plain | What::Initialize | What::OpenSse | What::Message => {}
    }
    headers
}

/// The headers of the body, and what is sent of it.
fn body(case: &Case, message: &Value) -> (String, String) {
    if case.method != "POST" {
        return Default::default();
    }
    let right = message.to_string();
    let lines = |kind: &str, length: usize| format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n");
    let json = "application/json";
    match case.body {
        Body::Right => (lines(json, right.len()), right),
        Body::WrongType => (lines("text/plain", right.len()), right),
        Body::AnnouncedTooLarge => (lines(json, BODY_BYTES_MAX + 1), right),
        Body::Slow => (lines(json, right.len() + 1), right),
        Body::TooLarge => {
            let spaces = " ".repeat(BODY_BYTES_MAX);
            let chunked = format!("{:x}\r\n{spaces}{right}\r\n0\r\n\r\n", spaces.len() + right.len());
            (
                format!("Content-Type: {json}\r\nTransfer-Encoding: chunked\r\n"),
                chunked,
            )
        }
    }
}

fn message(case: &Case) -> Value {
    let stateless = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let (method, params) = match case.what {
        What::DirectCall => (
            "tools/call",
            json!({"name": "read_notes", "arguments": {}, "_meta": stateless}),
        ),
        What::Call => (
            "tools/call",
            json!({"name": "read_in_context", "arguments": {}, "_meta": stateless}),
        ),
        What::Listen => (
            "subscriptions/listen",
            json!({"notifications": {"toolsListChanged": true}, "_meta": stateless}),
        ),
        What::Initialize => (
            "initialize",
            json!({
                "protocolVersion": case.version,
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "0"},
            }),
        ),
        What::CallInSession => ("tools/call", json!({"name": "read_notes", "arguments": {}})),
        _ => return initialized(),
    };
    // Sessions are shared, and no two requests of one may have the same id.
    let id = IDS.fetch_add(1, Ordering::Relaxed);
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn initialized() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}
