//! Why the server does not listen: [`HttpError`].

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// The Unix socket cannot be listened on.
    #[error("cannot listen on the Unix socket {}: {source}; choose a path in a folder that this user may write to", path.display())]
    Unix {
        /// The path asked for.
        path: PathBuf,
        /// What is in the way.
        source: io::Error,
    },
    /// A socket that was handed over cannot be listened on.
    #[error(
        "cannot listen on a socket that was handed over (LISTEN_FDS): {0}; ListenStream= is the kind it takes"
    )]
    Inherited(io::Error),
    /// There is nowhere to listen.
    #[error("the server has nowhere to listen; give it an address, such as 127.0.0.1:8000")]
    NoAddress,
    /// Certificate or key cannot be used.
    #[error("cannot use {}: {problem}; it takes a certificate chain and its key, both in PEM", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// This is no origin, so no browser would ever send it.
    #[error(
        "`{0}` is no origin, so no page would ever be let in by it; write it as https://app.example, one for each"
    )]
    Origin(String),
    /// No host is written like this, so the server would answer to nobody by it.
    #[error(
        "`{0}` in `allowed_hosts` is no host name, so no request would ever be let in by it; write each name in full, as notes.example or notes.example:8443"
    )]
    Host(String),
    /// With this value the server could answer nobody.
    #[error("`{key}` is {value}, and with that the server could answer nobody; give it {least} or more")]
    TooSmall {
        /// The key, within the configuration of the front: `limits.calls_max`.
        key: &'static str,
        /// What it is.
        value: usize,
        /// The least it may be.
        least: usize,
    },
    /// The URL is not that of a Redis server. Holds no part of it: it may hold a password.
    #[cfg(feature = "redis")]
    #[error(
        "this is not the URL of a Redis server: {0}; write it as redis://:password@host:6379/0, or rediss://… for TLS"
    )]
    Redis(String),
}
