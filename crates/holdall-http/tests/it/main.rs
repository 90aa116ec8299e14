//! The HTTP front from outside: raw requests for the checks, the official SDK's client for the protocol.

mod bodies;
mod checks;
mod interaction;
#[cfg(feature = "oauth")]
mod lasting;
#[cfg(feature = "oauth")]
mod matrix;
#[cfg(feature = "oauth")]
mod oauth;
mod observe;
mod protocol;
mod ready;
#[cfg(feature = "redis")]
mod rediss;
#[cfg(feature = "oauth")]
mod secrets;
mod sockets;
mod streams;
mod tasks;
mod tokens;
mod transports;
mod turns;

use std::net::SocketAddr;

use holdall::prelude::*;
use holdall_http::{HttpConfig, HttpServer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Greet a person by name.
#[tool]
fn say_hello(name: String) -> String {
    format!("Hello, {name}!")
}

/// Count to a number.
#[tool]
async fn count(ctx: Context, to: u32) -> String {
    for n in 1..=to {
        ctx.progress(n, to, "counting").await;
    }
    format!("counted to {to}")
}

/// Greet a person by name, knowing who asks: never answered directly.
#[tool]
fn greet_in_context(_ctx: Context, name: String) -> Result<String, String> {
    if name.is_empty() {
        Err("nobody to greet".into())
    } else {
        Ok(format!("Hello, {name}!"))
    }
}

/// Greet a person by name.
#[tool]
fn greet(name: String) -> Result<String, String> {
    if name.is_empty() {
        Err("nobody to greet".into())
    } else {
        Ok(format!("Hello, {name}!"))
    }
}

/// A server on a port of its own; it serves until the test ends.
async fn start(config: HttpConfig) -> SocketAddr {
    let service = Server::new("test")
        .add(tools![say_hello, count, greet, greet_in_context])
        .build()
        .expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

/// Sends raw bytes and returns everything until the server closes.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("it answers");
    reply
}

/// A request of protocol 2026-07-28.
fn stateless(method: &str, name: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "p",
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: {method}\r\nMcp-Name: {name}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
