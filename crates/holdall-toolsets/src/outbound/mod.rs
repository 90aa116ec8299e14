//! The one way any toolset reaches the network.
//!
//! Here: which addresses may be reached, and connections to exactly those. What is judged is never a text but the
//! addresses a name leads to, every one of them, and the connection goes to the address that was judged: there is no
//! second look-up between the two. Nothing else in this crate opens a connection.
//!
//! Not here: what is asked of a server, and what becomes of its answer; that is each toolset's own. No proxy is taken
//! from the environment, no connection is kept for a later request, and no cookie is.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `address` | which addresses are not public, and what they are |
//! | `policy` | which addresses may be reached |
//! | `resolve` | which addresses does a name have |
//! | `connect` | how does a name become a connection to a judged address |
//! | `tls` | whom does this machine trust |
//! | `config` | what may an operator say about it |
//! | `error` | what can go wrong, and what does a caller learn of it |

mod address;
mod config;
mod connect;
mod error;
mod policy;
mod resolve;
#[cfg(test)]
mod tests;
mod tls;

pub use url::{Host, Url};

pub use self::config::NetworkConfig;
pub use self::connect::{Connection, Connector};
pub use self::error::OutboundError;
pub use self::policy::{AddressPolicy, RefusedAddress};
pub use self::resolve::{Resolve, Resolving, SystemResolver};
pub use self::tls::client_config;
