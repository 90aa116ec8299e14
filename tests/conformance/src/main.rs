//! The server the official conformance suite is run against: `tests/conformance/run`.
//!
//! It offers what the suite looks for, under the names the suite looks for, with Holdall's public interface alone.
//!
//! | file | what it offers |
//! | --- | --- |
//! | `asking` | tools and a prompt that ask the client, tools that log |
//! | `changes` | tools that change what is offered |
//! | `contents` | tools that return every kind of content |
//! | `jobs` | tools whose calls become tasks |
//! | `resources` | resources, fixed and by template |
//! | `prompts` | prompts |

mod asking;
mod changes;
mod contents;
mod jobs;
mod prompts;
mod resources;

use std::net::SocketAddr;

use clap::Parser;
use holdall::prelude::*;
use holdall_http::{HttpConfig, HttpServer};
use tracing_subscriber::EnvFilter;

/// The server the official conformance suite is run against.
#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8001")]
    listen: SocketAddr,
}

/// The server. The suite calls the first tool in the list without arguments.
fn server() -> Server {
    Server::new("conformance")
        .add(contents::toolset())
        .add(asking::toolset())
        .add(changes::toolset())
        .add(jobs::toolset())
        .add(resources::toolset())
        .add(prompts::toolset())
}

#[expect(clippy::print_stdout, reason = "whoever starts it reads where it listens")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let server = HttpServer::bind(options.listen, server().build()?, HttpConfig::default()).await?;
    println!("listening on http://{}/mcp", server.local_addr());
    server
        .serve(async {
            // Without a handler for the signal, the default one ends the process just as well.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await;
    Ok(())
}
