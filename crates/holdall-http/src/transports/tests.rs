//! Whose sessions and streams are: the routes behind a front that believes everybody's name.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdall::prelude::*;
use holdall_testkit::{HttpReply, HttpRequest};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::caller;
use super::connection::Life;
use crate::auth::Authentication;
use crate::config::HttpConfig;
use crate::routes::{Route, Routes};

/// Longer than anything takes: what never comes to pass fails instead of being waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tell who calls.
#[tool]
async fn whoami(ctx: Context) -> String {
    ctx.principal().name().to_owned()
}

/// A server that takes everybody's word for who they are.
async fn serve(config: HttpConfig) -> SocketAddr {
    let service = Server::new("test").add(tools![whoami]).build();
    let service = service
        .expect("the server is right")
        .identified_by(caller::identify);
    let authentication = Arc::new(Authentication::new(&config, &service).expect("it is off"));
    let routes = Arc::new(Routes::new(&service, &config, authentication, &Life::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let routes = Arc::clone(&routes);
            let answer = service_fn(move |mut request: Request<Incoming>| {
                let routes = Arc::clone(&routes);
                async move {
                    let name = request
                        .headers()
                        .get("x-name")
                        .and_then(|name| name.to_str().ok());
                    let principal = Principal::new(name.unwrap_or("nobody"), [""; 0]);
                    request.extensions_mut().insert(principal);
                    let route = Route::of(request.uri().path()).expect("there is one");
                    Ok::<_, Infallible>(routes.answer(route, request).await)
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection.with_upgrades());
        }
    });
    address
}

fn message(id: u32, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn initialize() -> Value {
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    message(1, "initialize", &params)
}

fn who() -> Value {
    message(2, "tools/call", &json!({"name": "whoami"}))
}

async fn open(address: SocketAddr, name: &str) -> HttpReply {
    let request = HttpRequest::post(&initialize()).header("X-Name", name);
    request.send(address).await
}

fn session_of(reply: &HttpReply) -> String {
    reply.header("mcp-session-id").expect("a session").to_owned()
}

async fn in_session(address: SocketAddr, session: &str, name: &str, message: &Value) -> HttpReply {
    HttpRequest::post(message)
        .header("X-Name", name)
        .header("Mcp-Session-Id", session)
        .send(address)
        .await
}

async fn other(address: SocketAddr, method: &str, session: &str, name: &str) -> HttpReply {
    HttpRequest::new(method, "/mcp")
        .header("Accept", "text/event-stream")
        .header("X-Name", name)
        .header("Mcp-Session-Id", session)
        .send(address)
        .await
}

#[tokio::test]
async fn a_session_is_there_only_for_who_opened_it() {
    let address = serve(HttpConfig::default()).await;
    let session = session_of(&open(address, "ada").await);
    for (session, name) in [(session.as_str(), "bob"), ("no-such-session", "ada"), ("", "ada")] {
        let posted = in_session(address, session, name, &who()).await;
        assert_eq!(posted.status, 404, "{}", posted.text());
        assert_eq!(posted.json()["error"], "unknown_session");
        for method in ["GET", "DELETE"] {
            let reply = other(address, method, session, name).await;
            assert_eq!(reply.status, 404, "{method}: {}", reply.text());
        }
    }
    let reply = in_session(address, &session, "ada", &who()).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "ada");
    assert_eq!(other(address, "DELETE", &session, "ada").await.status, 204);
    assert_eq!(in_session(address, &session, "ada", &who()).await.status, 404);
}

#[tokio::test]
async fn sessions_are_capped_for_each_and_for_all() {
    let mut config = HttpConfig::default();
    (config.sessions.max, config.sessions.per_principal_max) = (3, 2);
    let address = serve(config).await;
    let first = session_of(&open(address, "ada").await);
    session_of(&open(address, "ada").await);
    let refused = open(address, "ada").await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.json()["hint"].is_string());
    session_of(&open(address, "bob").await);
    assert_eq!(open(address, "eve").await.status, 503);
    // No version of the protocol is a way around.
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2026-07-28", "capabilities": {}, "clientInfo": client});
    let around = HttpRequest::post(&message(1, "initialize", &params))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "initialize")
        .header("X-Name", "ada");
    assert_eq!(around.send(address).await.status, 429);
    assert_eq!(other(address, "DELETE", &first, "ada").await.status, 204);
    session_of(&open(address, "ada").await);
}

#[tokio::test]
async fn a_session_nobody_uses_ends() {
    let mut config = HttpConfig::default();
    config.sessions.idle = Duration::from_millis(40);
    config.sessions.per_principal_max = 1;
    let address = serve(config).await;
    let session = session_of(&open(address, "ada").await);
    // Asking for it would be using it: that its place is free again shows that it is gone.
    let ended = async { while open(address, "ada").await.status != 200 {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends");
    assert_eq!(in_session(address, &session, "ada", &who()).await.status, 404);
}

/// A reply of which only the beginning is read; it ends when this is dropped.
async fn begin(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> (u16, BufReader<TcpStream>) {
    let request = headers
        .iter()
        .fold(HttpRequest::get(path), |request, (name, value)| {
            request.header(name, value)
        });
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(&request.to_bytes()).await.expect("it reads");
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("it answers");
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), stream)
}

/// Where to post to, as the first event of a stream says.
async fn endpoint(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(
            stream.read_line(&mut line).await.expect("it is whole"),
            0,
            "it ended"
        );
        if let Some(endpoint) = line.strip_prefix("data: ") {
            return endpoint.trim().to_owned();
        }
    }
}

async fn next_data(stream: &mut BufReader<TcpStream>) -> Value {
    serde_json::from_str(&endpoint(stream).await).expect("JSON")
}

#[tokio::test]
async fn messages_are_taken_only_from_who_opened_the_stream() {
    let address = serve(HttpConfig::default()).await;
    let (status, mut stream) = begin(address, "/sse", &[("X-Name", "ada")]).await;
    assert_eq!(status, 200);
    let path = endpoint(&mut stream).await;
    let (base, id) = path.split_once("?sessionId=").expect("the session");
    assert_eq!((base, id.len()), ("/messages/", 32));
    let post = |path: &str, name: &str, message: &Value| {
        let request = HttpRequest::new("POST", path)
            .header("X-Name", name)
            .header("Content-Type", "application/json")
            .body(message.to_string());
        async move { request.send(address).await }
    };
    for (path, name, status) in [
        (path.as_str(), "bob", 404),
        ("/messages/?sessionId=00", "ada", 404),
        ("/messages/", "ada", 400),
    ] {
        let reply = post(path, name, &initialize()).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(reply.json()["hint"].is_string());
    }
    assert_eq!(post(&path, "ada", &initialize()).await.status, 202);
    assert_eq!(
        next_data(&mut stream).await["result"]["protocolVersion"],
        "2025-11-25"
    );
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(post(&path, "ada", &ready).await.status, 202);
    assert_eq!(post(&path, "ada", &who()).await.status, 202);
    assert_eq!(
        next_data(&mut stream).await["result"]["content"][0]["text"],
        "ada"
    );
    drop(stream);
    let ended = async { while post(&path, "ada", &who()).await.status != 404 {} };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("it ends with its stream");
}

#[tokio::test]
async fn streams_are_capped_whatever_they_are() {
    let mut config = HttpConfig::default();
    config.transports.streams_per_principal_max = 1;
    let address = serve(config).await;
    let session = session_of(&open(address, "ada").await);
    let upgrade = [
        ("X-Name", "ada"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", "mcp"),
    ];
    let own = [
        ("X-Name", "ada"),
        ("Accept", "text/event-stream"),
        ("Mcp-Session-Id", &session),
    ];
    let ways: [(&str, &[(&str, &str)]); 3] = [("/sse", &own[..1]), ("/mcp", &own), ("/ws", &upgrade)];
    for (path, headers) in ways {
        // The place of the one before is free once the server has seen that it is gone.
        let opened = async {
            loop {
                let (status, stream) = begin(address, path, headers).await;
                match status {
                    429 => {}
                    200 | 101 => return stream,
                    other => panic!("{path}: {other}"),
                }
            }
        };
        let held = tokio::time::timeout(PATIENCE, opened)
            .await
            .expect("there is a place");
        for (path, headers) in ways {
            assert_eq!(begin(address, path, headers).await.0, 429, "{path}");
        }
        assert_eq!(begin(address, "/sse", &[("X-Name", "bob")]).await.0, 200);
        drop(held);
    }
}

/// A Redis of its own; `None`, and a word about it, where there is none to start.
struct Redis {
    process: std::process::Child,
    folder: tempfile::TempDir,
}

impl Redis {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("redis.sock");
        let process = std::process::Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(folder.path())
            .stdout(std::process::Stdio::null())
            .spawn();
        let Ok(process) = process else {
            println!("skipped: needs redis-server");
            return None;
        };
        let redis = Self { process, folder };
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            std::thread::yield_now();
        }
        Some(redis)
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("redis.sock").display())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
#[cfg(all(unix, feature = "redis"))]
async fn a_session_goes_on_at_another_replica_for_who_opened_it() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let replica = async || {
        let store = crate::RedisSessions::connect(&redis.url())
            .await
            .expect("Redis answers");
        assert!(!format!("{store:?}").contains("unix"));
        let mut config = HttpConfig::default();
        config.sessions.store = Some(Arc::new(store));
        serve(config).await
    };
    let (here, there) = (replica().await, replica().await);
    let session = session_of(&open(here, "ada").await);
    assert_eq!(in_session(there, &session, "bob", &who()).await.status, 404);
    assert_eq!(other(there, "DELETE", &session, "bob").await.status, 404);
    let reply = in_session(there, &session, "ada", &who()).await;
    assert_eq!(
        reply.json()["result"]["content"][0]["text"],
        "ada",
        "{}",
        reply.text()
    );
    assert_eq!(in_session(here, &session, "ada", &who()).await.status, 200);
    assert_eq!(other(there, "DELETE", &session, "ada").await.status, 204);
    let third = replica().await;
    assert_eq!(in_session(third, &session, "ada", &who()).await.status, 404);
    // A replica that cannot look says so, and neither lets anybody in nor sends them away for good.
    drop(redis);
    assert_eq!(in_session(third, &session, "ada", &who()).await.status, 503);
}

#[tokio::test]
#[cfg(all(unix, feature = "redis"))]
async fn a_session_that_is_ended_at_one_replica_is_ended_at_all() {
    let Some(redis) = Redis::start() else {
        return;
    };
    let replica = async |idle: Duration| {
        let store = crate::RedisSessions::connect(&redis.url())
            .await
            .expect("Redis answers");
        let mut config = HttpConfig::default();
        config.sessions.store = Some(Arc::new(store));
        config.sessions.idle = idle;
        config.transports.keep_alive = Duration::from_secs(1);
        serve(config).await
    };
    let long = Duration::from_secs(1800);
    let (here, there) = (replica(long).await, replica(long).await);
    let session = session_of(&open(here, "ada").await);
    for address in [there, here] {
        assert_eq!(in_session(address, &session, "ada", &who()).await.status, 200);
    }
    assert_eq!(other(there, "DELETE", &session, "ada").await.status, 204);
    assert_eq!(in_session(here, &session, "ada", &who()).await.status, 404);

    // An open stream keeps its session in the store for longer than it may be idle, and ends with it.
    let here = replica(Duration::from_secs(3)).await;
    let session = session_of(&open(here, "ada").await);
    let headers = [
        ("X-Name", "ada"),
        ("Mcp-Session-Id", &*session),
        ("Accept", "text/event-stream"),
    ];
    let (status, mut stream) = begin(here, "/mcp", &headers).await;
    assert_eq!(status, 200);
    let mut pings = 0;
    while pings < 5 {
        let line = next_line(&mut stream).await.expect("it is open");
        pings += usize::from(line.starts_with(':'));
    }
    assert_eq!(other(there, "DELETE", &session, "ada").await.status, 204);
    let ended = async { while next_line(&mut stream).await.is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends");
}

/// The next line of a stream; nothing once it has ended.
async fn next_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_line(&mut line)).await;
    let read = read.expect("something comes, or it ends").expect("it is whole");
    (read > 0).then_some(line)
}
