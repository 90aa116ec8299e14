//! Who hears of changes over HTTP: streams of protocol version 2026-07-28, sessions of older ones.

use std::net::SocketAddr;
use std::time::Duration;

use holdall::live::Listeners;
use holdall::prelude::*;
use holdall_http::{HttpConfig, HttpServer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::raw;

/// Longer than anything takes: a test whose message never comes fails instead of waiting forever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server some of whose components ask for scopes, which nobody has who was not asked for a name.
async fn start() -> (SocketAddr, ServerHandle) {
    let (server, handle) = bind().await;
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    (address, handle)
}

async fn bind() -> (HttpServer, ServerHandle) {
    let service = Server::new("test")
        .add(
            Tool::new("open")
                .without_context()
                .handler(async |_| Ok("welcome")),
        )
        .add(
            Tool::new("closed")
                .scopes(["admin", "audit"])
                .without_context()
                .handler(async |_| Ok("welcome, admin")),
        )
        .add(Resource::new("note://{+path}").handler(async |_| Ok("a note")))
        .add(
            Resource::new("secret://{name}")
                .scopes(["admin"])
                .handler(async |_| Ok("a secret")),
        )
        .build()
        .expect("the server is right");
    let handle = service.handle();
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, HttpConfig::default())
        .await
        .expect("a free port");
    (server, handle)
}

fn request(method: &str, name: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string();
    let name = match name {
        "" => String::new(),
        name => format!("Mcp-Name: {name}\r\n"),
    };
    let length = body.len();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\n{name}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// A reply that is read event by event.
struct Events(BufReader<TcpStream>);

impl Events {
    async fn open(address: SocketAddr, request: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        Self(BufReader::new(stream))
    }

    async fn listen(address: SocketAddr, notifications: Value) -> (Self, Value) {
        let params = json!({"notifications": notifications});
        let mut events = Self::open(address, &request("subscriptions/listen", "", params)).await;
        let acknowledged = events.next().await;
        assert_eq!(
            acknowledged["method"], "notifications/subscriptions/acknowledged",
            "{acknowledged}"
        );
        (events, acknowledged["params"]["notifications"].clone())
    }

    async fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(PATIENCE, self.0.read_line(&mut line)).await;
            let bytes = read.expect("an event comes").expect("the connection is whole");
            assert_ne!(bytes, 0, "the server closed the connection");
            if let Some(data) = line.strip_prefix("data:") {
                return serde_json::from_str(data).expect("an event is JSON");
            }
        }
    }
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, met)
        .await
        .expect("it comes to pass");
}

#[tokio::test]
async fn a_stream_hears_at_once_and_ends_with_its_connection() {
    let (address, handle) = start().await;
    let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": ["note://a.md"]});
    let (mut stream, accepted) = Events::listen(address, wanted.clone()).await;
    assert_eq!(accepted, wanted);
    for n in 0..20 {
        let tool = Tool::new(format!("tool{n}")).handler(async |_| Ok("new"));
        handle.add(tool).expect("the name is free");
        let heard = stream.next().await;
        assert_eq!(heard["method"], "notifications/tools/list_changed");
        assert_eq!(
            heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
            7
        );
        handle.resource_updated("note://a.md");
        assert_eq!(stream.next().await["params"]["uri"], "note://a.md");
    }
    assert_eq!((handle.listeners().streams, handle.listeners().watches), (1, 1));
    drop(stream);
    until(|| handle.listeners() == Listeners::default()).await;
}

#[tokio::test]
async fn a_stream_hears_only_of_what_its_principal_may_see() {
    let (address, handle) = start().await;
    let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": ["secret://plan", "note://a.md"]});
    let (mut stream, accepted) = Events::listen(address, wanted).await;
    assert_eq!(
        accepted,
        json!({"toolsListChanged": true, "resourceSubscriptions": ["note://a.md"]})
    );
    handle.remove_tool("closed").expect("it is there");
    handle.resource_updated("secret://plan");
    handle.resource_updated("note://a.md");
    assert_eq!(stream.next().await["params"]["uri"], "note://a.md");

    let wanted = json!({"resourceSubscriptions": ["secret://plan"]});
    let (mut refused, accepted) = Events::listen(address, wanted).await;
    assert_eq!(accepted, json!({}));
    let error = refused.next().await["error"]["message"].to_string();
    assert!(error.contains("needs the scope `admin`"), "{error}");
    until(|| handle.listeners().streams == 1).await;
}

#[tokio::test]
async fn scopes_are_asked_for_on_the_short_way_too() {
    let (address, _) = start().await;
    let call = |name: &str| request("tools/call", name, json!({"name": name}));
    let reply = raw(address, &call("open")).await;
    assert!(reply.contains("welcome"), "{reply}");
    let reply = raw(address, &call("closed")).await;
    assert!(reply.contains(r#""missing_scopes":["admin","audit"]"#), "{reply}");
    let listed = raw(address, &request("tools/list", "", json!({}))).await;
    assert!(listed.contains("open") && !listed.contains("closed"), "{listed}");
}

fn in_session(method: &str, session: &str, body: &str) -> String {
    let length = body.len();
    let accept = match method {
        "GET" => "text/event-stream",
        _ => "application/json, text/event-stream",
    };
    format!(
        "{method} /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Type: application/json\r\n{session}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_session_hears_on_its_own_stream_until_it_ends() {
    let (address, handle) = start().await;
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let opened = raw(address, &in_session("POST", "", &initialize.to_string())).await;
    let session = opened
        .lines()
        .find(|line| line.to_lowercase().starts_with("mcp-session-id:"));
    let session = format!("{}\r\n", session.expect("a session"));
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    raw(address, &in_session("POST", &session, &ready)).await;
    let subscribe = |uri: &str| {
        let params = json!({"uri": uri});
        json!({"jsonrpc": "2.0", "id": 2, "method": "resources/subscribe", "params": params}).to_string()
    };
    let subscribed = raw(address, &in_session("POST", &session, &subscribe("note://a.md"))).await;
    assert!(subscribed.contains(r#""result":{}"#), "{subscribed}");
    let refused = raw(
        address,
        &in_session("POST", &session, &subscribe("secret://plan")),
    )
    .await;
    assert!(refused.contains("insufficient_scope"), "{refused}");
    assert_eq!((handle.listeners().sessions, handle.listeners().watches), (1, 1));

    let mut stream = Events::open(address, &in_session("GET", &session, "")).await;
    handle.remove_tool("closed").expect("it is there");
    handle.resource_updated("note://a.md");
    assert_eq!(stream.next().await["params"]["uri"], "note://a.md");
    handle.remove_tool("open").expect("it is there");
    assert_eq!(stream.next().await["method"], "notifications/tools/list_changed");

    raw(address, &in_session("DELETE", &session, "")).await;
    until(|| handle.listeners() == Listeners::default()).await;
}

#[tokio::test]
async fn connections_that_are_broken_off_leave_nothing_behind() {
    let (address, handle) = start().await;
    let params =
        || json!({"notifications": {"resourceSubscriptions": ["note://a.md"], "toolsListChanged": true}});
    for n in 0..100 {
        let mut stream = Events::open(address, &request("subscriptions/listen", "", params())).await;
        // Some are gone before they are acknowledged, some after, some while they are told something.
        if n % 3 > 0 {
            stream.next().await;
        }
        if n % 3 > 1 {
            handle.resource_updated("note://a.md");
        }
    }
    until(|| handle.listeners() == Listeners::default()).await;
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let (server, handle) = bind().await;
    let address = server.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async move {
        let _ = stopped.await;
    }));
    let (mut stream, _) = Events::listen(address, json!({"toolsListChanged": true})).await;
    stop.send(()).expect("it serves");
    let mut rest = String::new();
    let ended = tokio::time::timeout(PATIENCE, stream.0.read_to_string(&mut rest)).await;
    ended.expect("the stream ends").expect("and in good order");
    serving.await.expect("the server ends, too");
    until(|| handle.listeners() == Listeners::default()).await;
}
