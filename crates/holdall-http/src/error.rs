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
    /// Callers cannot be asked who they are as configured.
    #[error("the authentication cannot be set up:\n- {}", .0.join("\n- "))]
    Authentication(Vec<String>),
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
}
