//! `tools/call` of a one-line tool over HTTP, protocol 2026-07-28, beside a plain rmcp server in JSON mode and a
//! bare axum handler, in one run: `cargo bench -p holdall-http --bench http`.
//!
//! Each server runs in a process of its own on one thread for asynchronous work. The rate is calls per second of
//! processor time the server's process used (from `/proc`), so it does not depend on what else runs meanwhile.
//! Rounds alternate between the servers; the median round counts.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Json;
use axum::routing::post;
use holdall::prelude::*;
use holdall_http::auth::{NewToken, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer};
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Value, json};

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(1500);
const CONNECTIONS: usize = 8;
const SERVERS: [(&str, &str); 6] = [
    ("bare axum handler", "axum"),
    ("plain rmcp, JSON mode", "rmcp"),
    ("Holdall, async tool", "holdall-async"),
    ("Holdall, with a token", "holdall-token"),
    ("Holdall, blocking tool", "holdall-blocking"),
    ("Holdall, streamed reply", STREAMED),
];
/// The reply of this one is a stream of two events: progress, and the result.
const STREAMED: &str = "holdall-streamed";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--serve") {
        Some(index) => serve(&arguments[index + 1]),
        None => measure(),
    }
}

fn measure() {
    let mut servers: Vec<Served> = SERVERS.iter().map(|(_, kind)| Served::start(kind)).collect();
    let mut rates = vec![Vec::new(); servers.len()];
    for _ in 0..ROUNDS {
        for (server, rates) in servers.iter_mut().zip(&mut rates) {
            rates.push(server.round());
        }
    }
    println!(
        "{:<24} {:>12} {:>10} {:>10}",
        "server", "calls/CPU-s", "µs/call", "p50 µs"
    );
    for ((name, _), rates) in SERVERS.iter().zip(&mut rates) {
        rates.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (rate, p50) = rates[ROUNDS / 2];
        println!("{name:<24} {rate:>12.0} {:>10.1} {p50:>10.0}", 1e6 / rate);
    }
}

/// A server in a process of its own.
struct Served {
    streams: bool,
    child: Child,
    address: SocketAddr,
    /// What its clients send along, if it wants to know who they are.
    token: Option<String>,
}

impl Served {
    fn start(kind: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .args(["--serve", kind])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        output.read_line(&mut line).expect("it says where it listens");
        let (address, token) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        Self {
            streams: kind == STREAMED,
            child,
            address: address.parse().expect("an address"),
            token: (!token.is_empty()).then(|| token.to_owned()),
        }
    }

    /// Calls per second of the server's processor time, and the median time of a call in microseconds.
    fn round(&mut self) -> (f64, f64) {
        let before = self.cpu_seconds();
        let end = Instant::now() + ROUND;
        let (address, streams) = (self.address, self.streams);
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let token = self.token.clone();
                std::thread::spawn(move || call_until(address, token.as_deref(), streams, end))
            })
            .collect();
        let mut times: Vec<f64> = clients
            .into_iter()
            .flat_map(|client| client.join().expect("no panic"))
            .collect();
        let spent = self.cpu_seconds() - before;
        times.sort_by(f64::total_cmp);
        (times.len() as f64 / spent, times[times.len() / 2])
    }

    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("Linux");
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / 100.0
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn call_until(address: SocketAddr, token: Option<&str>, streams: bool, end: Instant) -> Vec<f64> {
    let mut params = json!({
        "name": "say_hello",
        "arguments": {"name": "Ada"},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    if streams {
        params["_meta"]["progressToken"] = json!("p");
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let authorization = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: say_hello\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("TCP");
    let mut times = Vec::new();
    let mut buffer = vec![0; 4096];
    while Instant::now() < end {
        let started = Instant::now();
        stream.write_all(request.as_bytes()).expect("it reads");
        read_reply(&mut stream, &mut buffer, streams);
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times
}

/// Reads until the reply is whole, as its header says or as its last chunk does; checks that it is the greeting.
fn read_reply(stream: &mut TcpStream, buffer: &mut [u8], streams: bool) {
    let mut filled = 0;
    loop {
        filled += stream.read(&mut buffer[filled..]).expect("it answers");
        let text = std::str::from_utf8(&buffer[..filled]).expect("text");
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if streams {
            if body.ends_with("\r\n0\r\n\r\n") {
                assert!(
                    body.contains("progress") && body.contains("Hello, Ada!"),
                    "{text}"
                );
                return;
            }
            continue;
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().expect("a number"))
        });
        if body.len() >= length.expect("the reply has a length") {
            assert!(body.contains("Hello, Ada!"), "{text}");
            return;
        }
    }
}

fn serve(kind: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        match kind {
            "holdall-async" => serve_holdall(Server::new("hello").add(tools![quick::say_hello])).await,
            "holdall-token" => serve_with_token().await,
            "holdall-blocking" => serve_holdall(Server::new("hello").add(tools![blocking::say_hello])).await,
            STREAMED => serve_holdall(Server::new("hello").add(tools![streamed::say_hello])).await,
            "rmcp" => {
                let config = StreamableHttpServerConfig::default()
                    .with_json_response(true)
                    .with_legacy_session_mode(false);
                let hello = Hello {
                    tool_router: Hello::tool_router(),
                };
                let sessions = std::sync::Arc::new(LocalSessionManager::default());
                let service = StreamableHttpService::new(move || Ok(hello.clone()), sessions, config);
                serve_axum(axum::Router::new().route_service("/mcp", service)).await;
            }
            _ => serve_axum(axum::Router::new().route("/mcp", post(bare))).await,
        }
    });
}

mod quick {
    use holdall::prelude::*;

    /// Greet a person by name.
    #[tool]
    pub(super) async fn say_hello(name: String) -> String {
        format!("Hello, {name}!")
    }
}

mod streamed {
    use holdall::prelude::*;

    /// Greet a person by name.
    #[tool]
    pub(super) async fn say_hello(ctx: Context, name: String) -> String {
        ctx.progress(1, 2, "greeting").await;
        format!("Hello, {name}!")
    }
}

mod blocking {
    use holdall::prelude::*;

    /// Greet a person by name.
    #[tool]
    pub(super) fn say_hello(name: String) -> String {
        format!("Hello, {name}!")
    }
}

async fn serve_holdall(server: Server) {
    let service = server.build().expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, HttpConfig::default()).await;
    let server = server.expect("a free port");
    println!("{}", server.local_addr());
    server.serve(std::future::pending()).await;
}

async fn serve_with_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::at(folder.path().join("tokens.toml"));
    let (token, _) = file.create(NewToken::new("bench")).expect("it is made");
    let mut config = HttpConfig::default();
    config.auth.tokens = Some(Tokens::open(file.path()).expect("it is in order"));
    let server = Server::new("hello").add(tools![quick::say_hello]);
    let service = server.build().expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
    let server = server.expect("a free port");
    println!("{} {}", server.local_addr(), token.expose());
    server.serve(std::future::pending()).await;
}

async fn serve_axum(router: axum::Router) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    println!("{}", listener.local_addr().expect("it listens"));
    axum::serve(listener, router).await.expect("it serves");
}

async fn bare(Json(request): Json<Value>) -> Json<Value> {
    let name = request["params"]["arguments"]["name"]
        .as_str()
        .unwrap_or_default();
    let content = json!([{"type": "text", "text": format!("Hello, {name}!")}]);
    let result = json!({"resultType": "complete", "content": content, "isError": false});
    Json(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

#[derive(Clone)]
struct Hello {
    tool_router: ToolRouter<Self>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct HelloArguments {
    name: String,
}

#[rmcp::tool_router]
impl Hello {
    #[rmcp::tool(description = "Greet a person by name.")]
    async fn say_hello(&self, Parameters(HelloArguments { name }): Parameters<HelloArguments>) -> String {
        format!("Hello, {name}!")
    }
}

#[rmcp::tool_handler(router = self.tool_router)]
impl rmcp::ServerHandler for Hello {}
