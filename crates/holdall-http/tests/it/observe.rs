//! What the front tells those who want to know.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdall::observe::{CallRecord, ObservedCall, Observer, Outcome};
use holdall::prelude::*;
use holdall_http::auth::{NewToken, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpEvent, HttpObserver, HttpServer};
use holdall_testkit::HttpRequest;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::stateless;

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, line: String) {
        self.0.lock().expect("nobody panicked").push(line);
    }

    /// Waits for a line and takes everything up to it.
    async fn until(&self, line: &str) -> Vec<String> {
        let found = async {
            loop {
                {
                    let mut lines = self.0.lock().expect("nobody panicked");
                    if let Some(index) = lines.iter().position(|noted| noted == line) {
                        return lines.drain(..=index).collect();
                    }
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(30), found).await;
        found.unwrap_or_else(|_| panic!("no `{line}` in {:?}", self.0))
    }
}

impl HttpObserver for Notes {
    fn told(&self, event: &HttpEvent<'_>) {
        self.note(match event {
            HttpEvent::Answered {
                route,
                method,
                status,
                refusal,
                address,
                ..
            } => {
                assert!(address.is_some_and(|address| address.is_loopback()));
                let path = route.map_or("?", |route| route.path());
                format!("{method} {path}: {status:?} {refusal:?}")
            }
            other => format!("{other:?}"),
        });
    }
}

impl Observer for Notes {
    fn call_begun(&self, call: &ObservedCall, _: &tracing::Span) {
        self.note(format!("begun {}", call.requested()));
    }

    fn call_ended(&self, record: &CallRecord<'_>) {
        let arrival = record.call.arrival();
        assert!(arrival.address.is_some() && arrival.request_id.is_some());
        let outcome = match record.outcome {
            Outcome::Failed(kind) => kind.as_str(),
            outcome => outcome.as_str(),
        };
        let name = record.call.requested();
        if record.call.principal().name() != "anonymous" {
            let version = record
                .call
                .protocol_version()
                .map_or("?", |version| version.as_str());
            let principal = record.call.principal().name();
            self.note(format!("{principal} {version} {}", record.call.request_id()));
        }
        self.note(format!("{} {name}: {outcome}", arrival.transport));
    }
}

/// Never end.
#[tool]
async fn hang() -> String {
    std::future::pending().await
}

/// Never end, knowing who asks: never answered directly.
#[tool]
async fn hang_in_context(_ctx: Context) -> String {
    std::future::pending().await
}

/// Say that there are notes: answered directly.
#[tool(scopes("notes:read"))]
fn read_notes() -> &'static str {
    "notes"
}

/// Say that there are notes, knowing who asks.
#[tool(scopes("notes:read"))]
fn read_in_context(_ctx: Context) -> &'static str {
    "notes"
}

/// A note.
#[resource("note://a", scopes("notes:read"))]
fn note() -> &'static str {
    "a note"
}

/// Ask for a summary.
#[prompt(scopes("notes:read"))]
fn summarize() -> &'static str {
    "Summarize my notes."
}

async fn watched() -> (SocketAddr, Notes) {
    let notes = Notes::default();
    let mut config = HttpConfig::default();
    config.observers = config.observers.with(notes.clone());
    let service = Server::new("test")
        .add(tools![crate::say_hello, crate::count, hang, hang_in_context])
        .observe(notes.clone())
        .build()
        .expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    (address, notes)
}

#[tokio::test]
async fn requests_connections_and_streams_are_told_of() {
    let (address, notes) = watched().await;
    for (request, expected) in [
        (HttpRequest::get("/health"), "GET /health: Some(200) None"),
        (
            HttpRequest::get("/nowhere"),
            "GET ?: Some(404) Some(\"not_found\")",
        ),
        (
            HttpRequest::new("PUT", "/mcp"),
            "PUT /mcp: Some(405) Some(\"method_not_allowed\")",
        ),
        (
            HttpRequest::get("/mcp").host("evil.example"),
            "GET /mcp: Some(403) Some(\"forbidden_host\")",
        ),
    ] {
        request.header("Connection", "close").send(address).await;
        let told = notes.until("ConnectionClosed").await;
        assert_eq!(told, ["ConnectionOpened", expected, "ConnectionClosed"]);
    }
    // A call that reports progress answers with a stream.
    let call = json!({"name": "count", "arguments": {"to": 3}});
    crate::raw(address, &stateless("tools/call", "count", call)).await;
    let told = notes.until("ConnectionClosed").await;
    for expected in [
        "POST /mcp: Some(200) None",
        "StreamOpened",
        "StreamClosed",
        "streamable_http count: ok",
    ] {
        let count = told.iter().filter(|line| *line == expected).count();
        assert_eq!(count, 1, "{expected}: {told:?}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_is_told_of_on_either_way() {
    let (address, notes) = watched().await;
    for tool in ["hang", "hang_in_context"] {
        let request = stateless("tools/call", tool, json!({"name": tool, "arguments": {}}));
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        notes.until(&format!("begun {tool}")).await;
        drop(stream);
        let call = format!("streamable_http {tool}: cancelled");
        let mut told = notes.until("ConnectionClosed").await;
        if !told.contains(&call) {
            told.extend(notes.until(&call).await);
        }
        let ended = |line: &String| line.starts_with("streamable_http");
        assert_eq!(told.iter().filter(|line| ended(line)).count(), 1, "{told:?}");
        assert!(told.contains(&"POST /mcp: None None".to_owned()), "{told:?}");
    }
}

#[tokio::test]
async fn calls_that_are_refused_for_lack_of_scopes_are_told_of_once_in_every_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::at(folder.path().join("tokens.toml"));
    let (token, _) = file.create(NewToken::new("lacking")).expect("made");
    let notes = Notes::default();
    let mut config = HttpConfig::default();
    config.auth.tokens = Some(Tokens::open(file.path()).expect("in order"));
    let service = Server::new("test")
        .add(tools![read_notes, read_in_context])
        .add(resources![note])
        .add(prompts![summarize])
        .observe(notes.clone())
        .build()
        .expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
    let server = server.expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));

    let post = |message: &Value| {
        HttpRequest::post(message).header("Authorization", &format!("Bearer {}", token.expose()))
    };
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let opened = post(&initialize).send(address).await;
    let session = opened.header("mcp-session-id").expect("a session").to_owned();
    for (method, key, name, is_call) in [
        ("tools/call", "name", "read_notes", true),
        ("tools/call", "name", "read_in_context", true),
        ("resources/read", "uri", "note://a", true),
        ("prompts/get", "name", "summarize", true),
        // Nobody hears of these on other transports either: they call nothing.
        ("resources/subscribe", "uri", "note://a", false),
    ] {
        for version in ["2025-11-25", "2026-07-28"] {
            let mut message = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": {key: name}});
            let request = match version {
                "2025-11-25" => post(&message).header("Mcp-Session-Id", &session),
                _ => {
                    message["params"]["_meta"] = json!({
                        "io.modelcontextprotocol/protocolVersion": version,
                        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
                        "io.modelcontextprotocol/clientCapabilities": {},
                    });
                    post(&message)
                        .header("Mcp-Method", method)
                        .header("Mcp-Name", name)
                }
            };
            let reply = request
                .header("MCP-Protocol-Version", version)
                .send(address)
                .await;
            assert_eq!(reply.status, 403, "{method} {name} {version}");
            assert_eq!(reply.json()["error"], "insufficient_scope");
            let challenge = reply.header("www-authenticate").expect("a challenge");
            assert!(challenge.contains("scope=\"notes:read\""), "{challenge}");
            let told: Vec<String> = notes.0.lock().expect("nobody panicked").drain(..).collect();
            let expected = match is_call {
                true => vec![
                    format!("begun {name}"),
                    format!("token:lacking {version} 2"),
                    format!("streamable_http {name}: insufficient_scope"),
                ],
                false => Vec::new(),
            };
            assert_eq!(told, expected, "{method} {version}");
        }
    }
}

#[tokio::test]
async fn calls_that_are_cut_off_at_the_end_are_told_of() {
    let notes = Notes::default();
    let mut config = HttpConfig::default();
    config.drain_timeout = Duration::from_millis(1);
    let service = Server::new("test")
        .add(tools![hang, hang_in_context])
        .observe(notes.clone())
        .build()
        .expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
    let server = server.expect("a free port");
    let address = server.local_addr();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async {
        let _ = ended.await;
    }));
    let mut streams = Vec::new();
    for tool in ["hang", "hang_in_context"] {
        let request = stateless("tools/call", tool, json!({"name": tool, "arguments": {}}));
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        notes.until(&format!("begun {tool}")).await;
        streams.push(stream);
    }
    end.send(()).expect("it serves");
    serving.await.expect("it does not panic");
    // What is answered directly is dropped with its connection, so by now it is told of.
    let told: Vec<String> = notes.0.lock().expect("nobody panicked").drain(..).collect();
    let direct = "streamable_http hang: cancelled".to_owned();
    assert!(told.contains(&direct), "{told:?}");
    let other = "streamable_http hang_in_context: cancelled".to_owned();
    if !told.contains(&other) {
        notes.until(&other).await;
    }
}
