//! Access tokens of authorization servers: every way to be refused, what is fetched when, what clients are told.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `mod` | a server that trusts two authorization servers |
//! | `issuer` | an authorization server for tests, and its keys |
//! | `signed` | which signed tokens are taken |
//! | `asked` | which tokens are taken that the authorization server is asked about |
//! | `told` | what clients are told: metadata, challenges, scopes |
//!
//! `rsa.der` was made for these tests and is used nowhere else.

mod asked;
pub(crate) mod issuer;
mod signed;
mod told;

use std::net::SocketAddr;

use holdall::prelude::*;
use holdall_http::auth::{AuthConfig, OAuthConfig};
use holdall_http::{HttpConfig, HttpError, HttpServer, Rate};
use holdall_testkit::{HttpReply, HttpRequest};
use serde_json::{Value, json};

/// The server as its clients know it.
pub(crate) const PUBLIC_URL: &str = "https://notes.example";
const RESOURCE: &str = "https://notes.example/mcp";

/// Tell who asks.
#[tool]
fn who(ctx: Context) -> String {
    ctx.principal().name().to_owned()
}

/// Say that there are notes.
#[tool(scopes("notes:read"))]
fn read_notes() -> &'static str {
    "notes"
}

/// Pretend to delete the notes.
#[tool(scopes("notes:read", "notes:write"))]
async fn delete_notes(_ctx: Context) -> &'static str {
    "deleted"
}

fn service() -> holdall::Service {
    let server = Server::new("test")
        .add(tools![who, read_notes, delete_notes])
        .add(Resource::new("note://{+path}").blocking_handler(|_| Ok("a note")))
        .grant("notes:read", ["note://**"]);
    server.build().expect("the server is right")
}

async fn bind(oauth: OAuthConfig, public_url: Option<&str>) -> Result<HttpServer, HttpError> {
    // Most of these tests fail to log in more often than anybody may.
    bind_allowing(None, oauth, public_url).await
}

/// One at which so many attempts may fail.
async fn bind_allowing(
    failed_logins: Option<Rate>,
    oauth: OAuthConfig,
    public_url: Option<&str>,
) -> Result<HttpServer, HttpError> {
    let mut config = HttpConfig::default();
    config.public_url = public_url.map(|url| url.parse().expect("it is a URL"));
    config.auth = AuthConfig::default();
    config.auth.oauth = Some(oauth);
    config.limits.failed_logins_per_address = failed_logins;
    HttpServer::bind(([127, 0, 0, 1], 0).into(), service(), config).await
}

/// A server that serves until the test ends.
async fn start(oauth: OAuthConfig) -> SocketAddr {
    let server = bind(oauth, Some(PUBLIC_URL))
        .await
        .expect("the configuration is right");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

/// A call of a tool, as clients of 2026-07-28 send it.
fn call(tool: &str) -> HttpRequest {
    let params = json!({
        "name": tool,
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    HttpRequest::post(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", tool)
}

async fn call_with(address: SocketAddr, tool: &str, token: &str) -> HttpReply {
    let request = call(tool).header("Authorization", &format!("Bearer {token}"));
    request.send(address).await
}

/// Who the server takes the holder of a token for, or why it does not.
async fn judge(address: SocketAddr, token: &str) -> Result<String, (u16, String)> {
    let reply = call_with(address, "who", token).await;
    let body: Value = reply.json();
    match reply.status {
        200 => Ok(body["result"]["content"][0]["text"]
            .as_str()
            .expect("a name")
            .to_owned()),
        status => Err((status, body["message"].as_str().expect("a message").to_owned())),
    }
}
