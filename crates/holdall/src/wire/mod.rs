//! What all transports share that carry one message at a time: from text to message, which message may come when,
//! who waits for what, and how much may wait.
//!
//! A transport of its own kind is bytes on one side and this on the other. It hands every text it reads to the
//! [`Inlet`] and writes every [`Frame`] it gets from the [`Outlet`]; the service speaks with the [`Wire`]:
//!
//! ```
//! use holdall::prelude::*;
//! use holdall::wire::{Bounds, Wire, decode};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = Server::new("test").build().expect("the server is right");
//! let (wire, inlet, mut outlet) = Wire::new(Bounds::default());
//! tokio::spawn(holdall::wire::serve(service, wire, Default::default()));
//! inlet.take(decode(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), |_| ()).await.expect("the service reads");
//! let frame = outlet.next().await.expect("the service answers");
//! assert_eq!(frame.text(), br#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
//! # }
//! ```
//!
//! | file | question it answers |
//! | --- | --- |
//! | `decode` | which message is a text, or which error reply does it deserve? |
//! | `strict` | is it JSON, and has no object a key twice? |
//! | `session` | may this message come now, and who waits for what? |
//! | `connection` | how do messages get to the service, and what it says out? |
//!
//! Not here: bytes (`stdio`, the crate `holdall-http`), and what messages mean, which is `rmcp`'s and the
//! [`Service`](crate::Service)'s business.

mod connection;
mod decode;
#[cfg(test)]
mod properties;
mod session;
mod strict;

pub use self::connection::{Bounds, Frame, Gone, Inlet, Outlet, Wire, serve};
pub use self::decode::{BATCH_MAX, Decoded, Refusal, check, decode, trimmed};
pub(crate) use self::session::TOO_MANY_REQUESTS;
pub use self::strict::strict_object;

/// What a client sends.
pub type Message = crate::protocol::RxJsonRpcMessage<crate::protocol::RoleServer>;
