//! The transports: how messages of the protocol come in and go out, once a request has been let through.
//!
//! | folder | what is spoken |
//! | --- | --- |
//! | `streamable` | Streamable HTTP at `/mcp`, every version of the protocol |
//!
//! Not here: who may speak (`front`), what is answered (`holdall`).

pub(crate) mod streamable;
