//! Why the server does not listen: [`HttpError`].

use std::io;
use std::net::SocketAddr;

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address is reachable from other machines, and there is nobody is asked who they are.
    #[error(
        "{0} can be reached from other machines, and this server asks nobody who they are; let it ask for tokens, listen on 127.0.0.1 behind a proxy that does, or accept the risk with --insecure"
    )]
    PublicBind(SocketAddr),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; is another server running there? choose another port, or 0 for any free one"
    )]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The URL is not that of a Redis server. Holds no part of it: it may hold a password.
    #[cfg(feature = "redis")]
    #[error("this is not the URL of a Redis server: {0}; write it as redis://:password@host:6379/0")]
    Redis(String),
}
