//! How connections are served: [`ConnectionsConfig`], [`TlsConfig`].

use std::path::PathBuf;
use std::time::Duration;

use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

/// Bounds and times of each connection.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ConnectionsConfig {
    /// Connections from one address (of IPv6: one network of 64 bits); more are closed at once. Trusted proxies are
    /// exempt. Default: no limit but the one for all connections together, `connections_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_address_max: Option<usize>,
    /// The size of a request's headers in bytes, first line included. Default: 32 KiB.
    pub header_bytes_max: usize,
    /// How many headers a request may have. Default: 100, which is also the fastest.
    pub headers_max: usize,
    /// How long a connection may wait for its next request. Default: 75 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub idle_timeout: Duration,
    /// After how long a connection is closed once its request is answered, so that load finds new servers.
    /// Default: never.
    #[serde(
        with = "holdall::settings::optional_duration",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub age_max: Option<Duration>,
}

impl Default for ConnectionsConfig {
    fn default() -> Self {
        Self {
            per_address_max: None,
            header_bytes_max: 32 * 1024,
            headers_max: 100,
            idle_timeout: Duration::from_secs(75),
            age_max: None,
        }
    }
}

/// How connections over TCP are encrypted: TLS 1.2 or 1.3.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The file of the certificate and those between it and the authority's, in PEM.
    #[schemars(extend("format" = "path"))]
    pub certificates: PathBuf,
    /// The file of the certificate's key, in PEM.
    #[schemars(extend("format" = "path"))]
    pub key: PathBuf,
    /// How long a client may take to agree on keys. Default: 10 seconds.
    #[serde(default = "handshake_timeout", with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub handshake_timeout: Duration,
    /// How often the files are looked at; new ones are taken for new connections. Default: 30 seconds.
    #[serde(default = "check_interval", with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub check_interval: Duration,
}

impl TlsConfig {
    /// With certificates and key from these files.
    pub fn new(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificates: certificates.into(),
            key: key.into(),
            handshake_timeout: handshake_timeout(),
            check_interval: check_interval(),
        }
    }
}

fn handshake_timeout() -> Duration {
    Duration::from_secs(10)
}

fn check_interval() -> Duration {
    Duration::from_secs(30)
}
