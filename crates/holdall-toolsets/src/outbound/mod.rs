//! The one way any toolset reaches the network.
//!
//! Here: which addresses may be reached, and connections to exactly those. What is judged is never a text but the
//! addresses a name leads to, every one of them, and the connection goes to the address that was judged: there is no
//! second look-up between the two. Nothing else in this crate opens a connection.
//!
//! A [`Client`] asks, follows redirects by judging each hop anew, and stops at the bounds of its answer; a [`Connector`]
//! opens connections for what is not HTTP.
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
//! | `target` | which addresses of pages are asked at all |
//! | `hosts` | which hosts does an operator mean |
//! | `client` | what is asked, and where do redirects lead |
//! | `exchange` | how does one request go over the wire |
//! | `decode` | how large is an answer once it is unpacked |
//! | `tls` | whom does this machine trust |
//! | `visible` | what of a text of others is shown |
//! | `config` | what may an operator say about it |
//! | `error` | what can go wrong, and what does a caller learn of it |

mod address;
mod client;
mod config;
mod connect;
mod decode;
mod error;
mod exchange;
mod hosts;
mod policy;
mod resolve;
mod target;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(any(feature = "fetch", feature = "web_search"))]
mod visible;

pub use url::{Host, Url};

pub use self::client::{Admission, Bounds, Client, Gate, Request, Response};
pub use self::config::NetworkConfig;
pub use self::connect::{Connection, Connector};
pub use self::error::OutboundError;
pub use self::hosts::{HostPattern, InvalidHostPattern};
pub use self::policy::{AddressPolicy, RefusedAddress};
pub use self::resolve::{Resolve, Resolving, SystemResolver};
#[cfg(any(feature = "sites", feature = "web_search"))]
pub(crate) use self::target::harmless;
pub use self::target::parse_url;
pub use self::tls::client_config;
#[cfg(any(feature = "fetch", feature = "web_search"))]
pub(crate) use self::visible::visible;
