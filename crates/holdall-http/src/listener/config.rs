//! How connections are served: [`ConnectionsConfig`], [`TlsConfig`].

use std::path::PathBuf;
use std::time::Duration;

/// Bounds and times of each connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionsConfig {
    /// Connections from one address (of IPv6: one network of 64 bits); more are closed at once. Trusted proxies are
    /// exempt. Default: no limit but [`HttpConfig::connections_max`](crate::HttpConfig::connections_max).
    pub per_address_max: usize,
    /// The size of a request's headers in bytes, first line included. Default: 32 KiB.
    pub header_bytes_max: usize,
    /// How many headers a request may have. Default: 100, which is also the fastest.
    pub headers_max: usize,
    /// How long a connection may wait for its next request. Default: 75 seconds.
    pub idle_timeout: Duration,
    /// After how long a connection is closed once its request is answered, so that load finds new servers.
    /// Default: never.
    pub age_max: Option<Duration>,
}

impl Default for ConnectionsConfig {
    fn default() -> Self {
        Self {
            per_address_max: usize::MAX,
            header_bytes_max: 32 * 1024,
            headers_max: 100,
            idle_timeout: Duration::from_secs(75),
            age_max: None,
        }
    }
}

/// How connections over TCP are encrypted: TLS 1.2 or 1.3.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The file of the certificate and those between it and the authority's, in PEM.
    pub certificates: PathBuf,
    /// The file of the certificate's key, in PEM.
    pub key: PathBuf,
    /// How long a client may take to agree on keys. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How often the files are looked at; new ones are taken for new connections. Default: 30 seconds.
    pub check_interval: Duration,
}

impl TlsConfig {
    /// With certificates and key from these files.
    pub fn new(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificates: certificates.into(),
            key: key.into(),
            handshake_timeout: Duration::from_secs(10),
            check_interval: Duration::from_secs(30),
        }
    }
}
