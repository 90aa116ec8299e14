//! A server that others reach: over HTTP, and only with a token.
//!
//! Run it with `cargo run -p examples --bin remote -- 127.0.0.1:8000 tokens.toml`. The first start makes a token and prints
//! it, once; `holdall token new NAME --tokens tokens.toml` makes more.

use std::path::Path;

use holdall::prelude::*;
use holdall_http::auth::{NewToken, TokenError, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer};

/// Say who calls.
#[tool(read_only)]
async fn whoami(ctx: Context) -> String {
    format!("You are {}.", ctx.principal().name())
}

// Who may not call it does not see it.
/// Restart the machine.
#[tool(scopes("machine:restart"))]
fn restart() -> &'static str {
    "It would restart now."
}

pub(crate) fn server() -> Server {
    Server::new("remote").add(tools![whoami, restart])
}

/// Asks everybody for a token. Without one in the file, makes the first.
pub(crate) fn with_tokens(file: &Path) -> Result<HttpConfig, TokenError> {
    if !file.exists() {
        let (token, _) = TokenFile::at(file).create(NewToken::new("first"))?;
        eprintln!("token: {}", token.expose());
    }
    let mut config = HttpConfig::default();
    config.auth.tokens = Some(Tokens::open(file)?);
    Ok(config)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:8000".into());
    let file = arguments.next().unwrap_or("tokens.toml".into());
    let config = with_tokens(file.as_ref())?;
    let server = HttpServer::bind(address.parse()?, server().build()?, config).await?;
    eprintln!("listening on http://{}/mcp", server.local_addr());
    server.serve(async { drop(tokio::signal::ctrl_c().await) }).await;
    Ok(())
}
