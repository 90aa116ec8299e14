//! The HTTP front of Holdall: one listener, one set of checks in front of every route.
//!
//! | route | what answers |
//! | --- | --- |
//! | `POST`, `GET`, `DELETE /mcp` | Streamable HTTP: stateless for protocol 2026-07-28, sessions for older clients |
//! | `GET /health` | `{"status":"ok",…}` while the process serves |
//! | `GET /.well-known/oauth-protected-resource`, `…/mcp` | where to get access tokens, if [OAuth](auth) is on |
//!
//! Replies are plain JSON unless the call emits something on its way, such as progress: then they are streams of
//! events. Nobody is asked who they are unless [`HttpConfig::auth`] says how callers prove it.
//!
//! ```no_run
//! use holdall::prelude::*;
//! use holdall_http::{HttpConfig, HttpServer};
//!
//! /// Greet a person by name.
//! #[tool]
//! fn say_hello(name: String) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let service = Server::new("hello").add(tools![say_hello]).build()?;
//! let server = HttpServer::bind(([127, 0, 0, 1], 8000).into(), service, HttpConfig::default()).await?;
//! server.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub mod auth;
mod config;
mod error;
mod front;
mod listener;
mod routes;
mod transports;

pub use config::HttpConfig;
pub use error::HttpError;
pub use front::client::Client;
/// Networks by address and prefix length: `10.0.0.0/8`.
pub use ipnet;
pub use listener::HttpServer;
pub use routes::Route;
