//! How the HTTP front behaves: [`HttpConfig`].

use std::time::Duration;

use holdall::schemars::{self, JsonSchema};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::auth::AuthConfig;
use crate::error::HttpError;
use crate::front::guard;
use crate::limits::LimitsConfig;
use crate::listener::{ConnectionsConfig, TlsConfig};
use crate::public_url::PublicUrl;
use crate::transports::config::TransportConfig;
use crate::transports::sessions::SessionConfig;

use crate::metrics::MetricsPage;
use crate::observe::HttpObservers;
use crate::ready::ReadyCheck;

/// How the HTTP front behaves.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Where clients find the server, if not where it listens. It answers to this host, and pages of this origin may
    /// talk to it. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    pub public_url: Option<PublicUrl>,
    /// Host names to answer to beside the address the server listens on: `notes.example` or
    /// `notes.example:8443`. Default: none.
    pub allowed_hosts: Vec<String>,
    /// Pages that may talk to the server beside its own: `https://app.example`. Default: none.
    pub allowed_origins: Vec<String>,
    /// Networks of proxies whose word on who their client is (`X-Forwarded-For`, `X-Forwarded-Proto`,
    /// `X-Request-Id`) is taken. Default: none.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// For how long browsers that came over an encrypted connection shall come over no other
    /// (`Strict-Transport-Security`). Default: it is not said.
    #[serde(
        with = "holdall::settings::optional_duration",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub hsts_max_age: Option<Duration>,
    /// How much each party may do, and everybody together.
    pub limits: LimitsConfig,
    /// The largest request body, and the largest message over WebSocket, in bytes. Default: 4 MiB.
    pub body_bytes_max: usize,
    /// Connections served at once; more wait. Default: 1024.
    pub connections_max: usize,
    /// Bounds and times of each connection.
    pub connections: ConnectionsConfig,
    /// How connections over TCP are encrypted. Default: they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// How long a client may take to send its headers. Default: 10 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub header_timeout: Duration,
    /// How long requests under way may take once the server stops. Default: 10 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub drain_timeout: Duration,
    /// How callers prove who they are. Default: not at all.
    #[serde(skip)]
    pub auth: AuthConfig,
    /// Whether to listen on addresses other machines can reach, although nobody is asked who they are.
    /// Default: `false`.
    pub insecure: bool,
    /// The bounds of the transports.
    pub transports: TransportConfig,
    /// The sessions of clients of protocol 2025-11-25 and older.
    pub sessions: SessionConfig,
    /// What `/ready` asks. Default: nothing, so that the server is ready as soon as it serves.
    #[serde(skip)]
    pub ready_checks: Vec<ReadyCheck>,
    /// What `/metrics` shows. Default: nothing; there is no such route.
    #[serde(skip)]
    pub metrics: Option<MetricsPage>,
    /// Who is told what the front does. Default: nobody.
    #[serde(skip)]
    pub observers: HttpObservers,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            public_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            hsts_max_age: None,
            limits: LimitsConfig::default(),
            body_bytes_max: 4 * 1024 * 1024,
            connections_max: 1024,
            connections: ConnectionsConfig::default(),
            tls: None,
            header_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            auth: AuthConfig::default(),
            insecure: false,
            transports: TransportConfig::default(),
            sessions: SessionConfig::default(),
            ready_checks: Vec::new(),
            metrics: None,
            observers: HttpObservers::default(),
        }
    }
}

impl HttpConfig {
    /// Whether the parts can be what they say.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), HttpError> {
        match self
            .allowed_origins
            .iter()
            .find(|origin| !guard::is_origin(origin))
        {
            Some(origin) => Err(HttpError::Origin(origin.clone())),
            None => Ok(()),
        }
    }
}
