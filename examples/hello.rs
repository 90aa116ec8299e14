//! The smallest server: one function, one tool.
//!
//! Run it with `cargo run -p examples --bin hello`, or let an MCP client start it.

use holdall::prelude::*;

/// Greet a person by name.
#[tool]
fn say_hello(
    /// Who to greet.
    name: String,
) -> String {
    format!("Hello, {name}! This is your first MCP tool.")
}

pub(crate) fn server() -> Server {
    Server::new("hello").add(tools![say_hello])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
