//! The server a real authorization server issues access tokens for: `tests/oauth/run`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use holdall::Secret;
use holdall::prelude::*;
use holdall_http::auth::{Introspection, Issuer, OAuthConfig};
use holdall_http::{HttpConfig, HttpServer};
use tracing_subscriber::EnvFilter;

/// The server a real authorization server issues access tokens for.
#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How clients are told to reach it.
    #[arg(long)]
    public_url: holdall_http::PublicUrl,
    /// The authorization server.
    #[arg(long)]
    issuer: String,
    /// As whom to ask it about tokens.
    #[arg(long)]
    client_id: String,
    /// How to prove that.
    #[arg(long)]
    client_secret: String,
}

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
#[tool]
fn delete_notes() -> &'static str {
    "deleted"
}

#[expect(clippy::print_stdout, reason = "whoever starts it reads where it listens")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let service = Server::new("oauth")
        .add(tools![who, read_notes, delete_notes])
        .grant("notes:read", ["*_notes"])
        .grant("notes:write", ["delete_*"])
        .build()?;
    let mut introspection = Introspection::new(options.client_id, Secret::new(options.client_secret));
    // What is revoked is to be refused at once.
    introspection.ttl = Duration::ZERO;
    let mut oauth = OAuthConfig::new([Issuer::new(options.issuer).introspected(introspection)]);
    oauth.leeway = Duration::ZERO;
    let mut config = HttpConfig::default();
    config.public_url = Some(options.public_url);
    config.auth.oauth = Some(oauth);
    let server = HttpServer::bind(options.listen, service, config).await?;
    println!("listening on http://{}", server.local_addr());
    server
        .serve(async {
            // Without a handler for the signal, the default one ends the process just as well.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await;
    Ok(())
}
