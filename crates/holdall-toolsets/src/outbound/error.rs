//! What can go wrong on the way to a server: [`OutboundError`].

use std::io;
use std::time::Duration;

use holdall::{CallError, ErrorKind};
use thiserror::Error;

use super::policy::RefusedAddress;

/// Why something could not be reached.
///
/// The texts are for callers: they hold no address a name leads to, since that would tell strangers about the inside of
/// a network. The fields hold it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The name leads to nothing.
    #[error("there is no host `{host}`")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the look-up said.
        source: Option<io::Error>,
    },
    /// An address of the host may not be reached.
    #[error("`{host}` may not be reached: its address is {}", refused.what)]
    Refused {
        /// The name, or the address.
        host: String,
        /// Which of its addresses, and what that is.
        refused: RefusedAddress,
    },
    /// The host does not take the connection.
    #[error("`{host}` does not take connections at port {port}")]
    Connect {
        /// The name, or the address.
        host: String,
        /// The port.
        port: u16,
        /// What the last of its addresses said.
        source: io::Error,
    },
    /// The host could not be found and reached in time.
    #[error("`{host}` could not be reached within {after:?}")]
    ConnectTimeout {
        /// The name, or the address.
        host: String,
        /// How long that was.
        after: Duration,
    },
}

impl OutboundError {
    /// The same as an error of a call, with what to do about it; what lies behind it goes to the log alone.
    pub fn into_call_error(self) -> CallError {
        let (kind, hint) = match &self {
            Self::UnknownHost { .. } => (ErrorKind::NotFound, "check the spelling of the host"),
            Self::Refused { .. } => (
                ErrorKind::PermissionDenied,
                "only public addresses are reached, and networks the operator of this server has allowed",
            ),
            Self::Connect { .. } | Self::ConnectTimeout { .. } => {
                (ErrorKind::Unavailable, "try again later, or check host and port")
            }
        };
        CallError::new(kind, self.to_string()).hint(hint).caused_by(self)
    }
}
