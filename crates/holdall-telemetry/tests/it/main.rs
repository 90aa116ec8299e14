//! What operators learn, from outside.

mod audit;
mod canaries;
mod collector;
mod metrics;
mod otlp;
mod sentry;

use holdall::prelude::*;
use serde_json::{Value, json};

/// Greet.
#[tool]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Fail.
#[tool]
async fn fail() -> CallResult<String> {
    Err(CallError::not_found("there is no such thing"))
}

/// Break.
#[tool]
async fn break_down(password: String) -> CallResult<String> {
    Err(std::io::Error::other(format!(
        "the login with {password} was refused"
    )))?
}

/// Panic.
#[tool]
async fn panic(password: String) -> String {
    panic!("no such password: {password}")
}

/// Break, without a word of what came.
#[tool]
async fn fail_quietly(password: String) -> CallResult<String> {
    Err(std::io::Error::other(format!(
        "no login of {} bytes",
        password.len()
    )))?
}

/// Panic, without a word of what came.
#[tool]
async fn panic_quietly(password: String) -> String {
    panic!("no login of {} bytes", password.len())
}

/// Log in.
#[tool]
async fn login(#[arg(length = 3..=10)] password: String) -> usize {
    password.len()
}

#[resource("note://{path}")]
async fn note(path: String) -> String {
    path
}

fn server() -> Server {
    Server::new("watched")
        .add(tools![
            greet,
            fail,
            break_down,
            panic,
            fail_quietly,
            panic_quietly,
            login
        ])
        .add(resources![note])
}

/// The body of a stateless `tools/call`.
fn tools_call(name: &str, arguments: Value) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments, "_meta": meta}})
}

/// The same as a request over HTTP.
fn http_call(name: &str, arguments: Value) -> holdall_testkit::HttpRequest {
    holdall_testkit::HttpRequest::post(&tools_call(name, arguments))
        .set_header("MCP-Protocol-Version", "2026-07-28")
        .set_header("Mcp-Method", "tools/call")
        .set_header("Mcp-Name", name)
}
