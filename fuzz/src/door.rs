//! [`Door`]: a server behind HTTP on this machine, which asks everybody who they are.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdall::prelude::*;
use holdall_http::auth::{Issuer, NewToken, OAuthConfig, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// For whom tokens are issued.
pub const AUDIENCE: &str = "https://notes.example/mcp";
/// The name of the key that signs.
pub const KEY: &str = "one";

const PATIENCE: Duration = Duration::from_secs(20);

/// Tell who asks.
#[tool]
fn who(ctx: Context) -> String {
    ctx.principal().name().to_owned()
}

/// A server, an authorization server it trusts, and a connection to it.
pub struct Door {
    runtime: Runtime,
    address: SocketAddr,
    stream: Option<TcpStream>,
    /// A static token that is good.
    pub token: String,
    /// The address of the authorization server.
    pub issuer: String,
    /// What the authorization server signs with.
    pub key: Ed25519KeyPair,
    /// A key of the same kind that nobody trusts.
    pub foreign: Ed25519KeyPair,
    _folder: tempfile::TempDir,
}

impl Door {
    pub fn open() -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.toml");
        let token = token(&path);
        let (key, foreign) = (pair(), pair());
        let (issuer, address) = runtime.block_on(async {
            let issuer = issuer(json!({"keys": [{
                "kty": "OKP", "crv": "Ed25519", "kid": KEY, "x": base64(key.public_key().as_ref()),
            }]}))
            .await;
            let mut config = HttpConfig::default();
            config.public_url = Some("https://notes.example".parse().expect("a URL"));
            config.auth.tokens = Some(Tokens::open(&path).expect("the tokens are right"));
            config.auth.oauth = Some(OAuthConfig::new([Issuer::new(issuer.as_str())]));
            // Otherwise nobody is asked any more after some failed attempts.
            config.limits.failed_logins_per_address = None;
            let service = Server::new("fuzz")
                .add(tools![who])
                .build()
                .expect("the server is right");
            let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
            let server = server.expect("a free port");
            let address = server.local_addr();
            tokio::spawn(server.serve(std::future::pending()));
            (issuer, address)
        });
        Self {
            runtime,
            address,
            stream: None,
            token,
            issuer,
            key,
            foreign,
            _folder: folder,
        }
    }

    /// Calls the tool with these headers. Who the server takes the caller for, or the status of its refusal.
    pub fn call(&mut self, headers: &[(&str, &[u8])]) -> Result<String, u16> {
        let params = json!({"name": "who", "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
        let mut request = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n\
             Content-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\n\
             Mcp-Name: who\r\nContent-Length: {}\r\n",
            body.len()
        )
        .into_bytes();
        for (name, value) in headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.as_bytes());
        let Self {
            runtime,
            address,
            stream,
            ..
        } = self;
        let (status, body) = runtime.block_on(async {
            let exchanged = async {
                if let Some(open) = stream {
                    // The server may have closed a connection it was through with.
                    if let Ok(reply) = exchange(open, &request).await {
                        return reply;
                    }
                }
                let mut fresh = TcpStream::connect(*address).await.expect("the server listens");
                fresh.set_nodelay(true).expect("a socket");
                let reply = exchange(&mut fresh, &request).await.expect("the server answers");
                *stream = Some(fresh);
                reply
            };
            tokio::time::timeout(PATIENCE, exchanged)
                .await
                .expect("the server answers in time")
        });
        if status != 200 {
            return Err(status);
        }
        let answer: Value = serde_json::from_slice(&body).expect("the answer is JSON");
        let name = answer["result"]["content"][0]["text"].as_str();
        Ok(name.unwrap_or_else(|| panic!("no answer: {answer}")).to_owned())
    }

    /// A token with this header and these claims, as text.
    pub fn sign(by: &Ed25519KeyPair, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", base64(header), base64(claims));
        let signature = by.sign(message.as_bytes());
        format!("{message}.{}", base64(signature.as_ref()))
    }

    /// Claims that are good for an hour.
    pub fn claims(&self) -> Value {
        json!({"iss": self.issuer, "aud": AUDIENCE, "sub": "ada", "exp": now() + 24 * 3600})
    }

    /// Whom the server takes the holder of a good token of the authorization server for.
    pub fn holder(&self, subject: &str) -> String {
        format!("oauth:{}#{subject}", self.issuer)
    }
}

/// The header of a good token.
pub fn header() -> Value {
    json!({"alg": "EdDSA", "kid": KEY, "typ": "at+jwt"})
}

pub fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs()
}

fn pair() -> Ed25519KeyPair {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key")
}

fn token(path: &Path) -> String {
    let (token, _) = TokenFile::at(path)
        .create(NewToken::new("ada").scopes(["read"]))
        .expect("a token");
    token.expose().to_owned()
}

/// One reply, whose length is said.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    stream.write_all(request).await?;
    let mut reply = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        reply.extend_from_slice(&piece[..read]);
        let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&reply[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length
            .expect("the length is said")
            .trim()
            .parse()
            .expect("a number");
        if reply.len() >= end + 4 + length {
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            return Ok((status.expect("a status"), reply.split_off(end + 4)));
        }
    }
}

/// An authorization server that says where its keys are, and which.
async fn issuer(keys: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let metadata = json!({"issuer": url, "jwks_uri": format!("{url}/jwks")}).to_string();
    let keys = Arc::new((metadata, keys.to_string()));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("it listens");
            let documents = Arc::clone(&keys);
            tokio::spawn(async move {
                let mut request = [0; 8192];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let document = match request[..read].starts_with(b"GET /jwks ") {
                    true => &documents.1,
                    false => &documents.0,
                };
                let reply = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{document}",
                    document.len()
                );
                // Who does not wait for the answer gets none.
                let _ = stream.write_all(reply.as_bytes()).await;
            });
        }
    });
    url
}
