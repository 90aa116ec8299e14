//! Where a server can listen: [`Listen`], and where it does: [`Address`].

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::supervisor::InheritedSocket;

/// Where a server is to listen.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listen {
    /// On an address of this machine; port 0 takes any free one.
    Tcp(SocketAddr),
    /// By a Unix socket. Whoever may open the file may connect, and counts as 127.0.0.1.
    #[cfg(unix)]
    Unix {
        /// The file; what is left of a server that is no more is replaced.
        path: PathBuf,
        /// Who may connect, as of `chmod`: `0o600` for this user alone.
        mode: u32,
    },
    /// On a socket somebody else opened: see [`inherited_sockets`](crate::inherited_sockets).
    Inherited(InheritedSocket),
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// An address of this machine.
    Tcp(SocketAddr),
    /// The file of a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => path.display().fmt(formatter),
        }
    }
}
