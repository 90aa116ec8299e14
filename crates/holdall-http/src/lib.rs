//! The HTTP front of Holdall: one listener, one set of checks in front of every route.
//!
//! | route | what answers |
//! | --- | --- |
//! | `POST`, `GET`, `DELETE /mcp` | Streamable HTTP: stateless for protocol 2026-07-28, sessions for older clients |
//! | `GET /health` | `{"status":"ok",…}` while the process serves |
//!
//! Replies to stateless calls are plain JSON unless the call reports progress, which upgrades the reply to a
//! stream of events; replies within the sessions of older clients are such streams always.
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

mod direct;
mod guard;
mod listener;
mod routes;

pub use listener::{HttpConfig, HttpError, HttpServer};
