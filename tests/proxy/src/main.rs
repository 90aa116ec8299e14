//! A server whose calls wait for another call, for `tests/proxy/run`.
//!
//! Whoever calls `report_and_wait` is told something on the way and gets no result until somebody calls `let_go`. So a
//! client that calls `let_go` when it hears of the progress gets a result only if the proxy between them hands on each
//! event as it comes: no measuring of time is needed to see it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use holdall::prelude::*;
use holdall_http::auth::Tokens;
use holdall_http::{HttpConfig, HttpServer};
use tokio::sync::Semaphore;
use tracing_subscriber::EnvFilter;

/// A server whose calls wait for another call.
#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The tokens of those who may call.
    #[arg(long)]
    token_file: PathBuf,
}

/// One permit for each call that may go on.
static LET_GO: Semaphore = Semaphore::const_new(0);
/// How long a call waits for another before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Report progress, then wait until `let_go` is called.
#[tool]
async fn report_and_wait(ctx: Context) -> Result<String, CallError> {
    ctx.progress(1, 2, "waiting").await;
    match tokio::time::timeout(PATIENCE, LET_GO.acquire()).await {
        Ok(permit) => permit.expect("the semaphore is never closed").forget(),
        Err(_) => return Err(CallError::failed("nobody called let_go")),
    }
    ctx.progress(2, 2, "let go").await;
    Ok("let go".to_owned())
}

/// Let a call of `report_and_wait` go on.
#[tool]
fn let_go() -> &'static str {
    LET_GO.add_permits(1);
    "one call goes on"
}

#[expect(clippy::print_stdout, reason = "whoever starts it reads where it listens")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let mut config = HttpConfig::default();
    config.auth.tokens = Some(Tokens::open(options.token_file)?);
    let service = Server::new("proxied")
        .add(tools![report_and_wait, let_go])
        .build()?;
    let server = HttpServer::bind(options.listen, service, config).await?;
    println!("listening on http://{}/mcp", server.local_addr());
    server
        .serve(async {
            // Without a handler for the signal, the default one ends the process just as well.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await;
    Ok(())
}
