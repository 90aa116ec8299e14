//! The transports: how messages of the protocol come in and go out, once a request has been let through.
//!
//! | folder or file | what is spoken, or decided |
//! | --- | --- |
//! | `streamable` | Streamable HTTP at `/mcp`, every version of the protocol |
//! | `sse` | HTTP+SSE at `/sse` and `/messages/`, the transport of protocol 2024-11-05 |
//! | `websocket` | WebSocket at `/ws`, sub-protocol `mcp` |
//! | `sessions` | whose the sessions of Streamable HTTP are, and how long they live |
//! | `connection` | what the last two share: one connection, one service |
//! | `body` | how the body of a POST is read, and what is wrong with it |
//! | `caller` | whom a transport speaks for |
//! | `places` | how many sessions and streams there may be, and whose |
//! | `config` | the bounds of all of it |
//!
//! Not here: who may speak (`front`), what is answered (`holdall`).

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod places;
pub(crate) mod sessions;
pub(crate) mod sse;
pub(crate) mod streamable;
#[cfg(test)]
mod tests;
pub(crate) mod websocket;
