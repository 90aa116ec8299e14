//! The HTTP front of Holdall: one listener, one set of checks in front of every route.
//!
//! | route | what answers |
//! | --- | --- |
//! | `POST`, `GET`, `DELETE /mcp` | Streamable HTTP: stateless for protocol 2026-07-28, sessions for older clients |
//! | `GET /sse`, `POST /messages/` | HTTP+SSE, for clients of protocol 2024-11-05 |
//! | `GET /ws` | WebSocket, sub-protocol `mcp` |
//! | `GET /health` | `{"status":"ok",…}` while the process serves |
//! | `GET /ready` | 200 if every [check](ReadyCheck) is content, else 503 |
//! | `GET /metrics` | figures, if there is a [page](MetricsPage), for this machine and the scope [`METRICS_SCOPE`] |
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
mod limits;
mod listener;
#[cfg(test)]
mod logged;
mod metrics;
mod observe;
mod patience;
mod public_url;
mod ready;
#[cfg(feature = "redis")]
mod redis_client;
mod routes;
mod transports;

pub use config::HttpConfig;
pub use error::HttpError;
pub use front::client::Client;
/// Networks by address and prefix length: `10.0.0.0/8`.
pub use ipnet;
#[cfg(feature = "redis")]
pub use limits::SharedLimits;
pub use limits::{LimitsConfig, Rate, RateError};
pub use listener::supervisor::{
    InheritedSocket, Lifecycle, inherited_sockets, tell_supervisor, watchdog_interval,
};
pub use listener::{Address, ConnectionsConfig, HttpServer, Listen, Reloader, TlsConfig};
pub use metrics::{METRICS_SCOPE, MetricsPage, MetricsServer};
pub use observe::{HttpEvent, HttpObserver, HttpObservers};
pub use public_url::{PublicUrl, PublicUrlError};
pub use ready::ReadyCheck;
pub use routes::Route;
pub use transports::config::TransportConfig;
pub use transports::sessions::SessionConfig;
#[cfg(feature = "redis")]
pub use transports::sessions::redis::RedisSessions;
pub use transports::sessions::store::{SessionFuture, SessionRecord, SessionStore, SessionStoreError};
