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

/// The shortest messages there are have some 40 bytes.
const BODY_BYTES_LEAST: usize = 64;
/// A first line, a host, a token, and what the protocol has every request say.
const HEADER_BYTES_LEAST: usize = 1024;
/// Clients of the protocol send a dozen, and proxies add some.
const HEADERS_LEAST: usize = 16;

impl HttpConfig {
    /// Whether the parts can be what they say.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), HttpError> {
        let least = [
            ("body_bytes_max", self.body_bytes_max, BODY_BYTES_LEAST),
            ("connections_max", self.connections_max, 1),
            (
                "connections.header_bytes_max",
                self.connections.header_bytes_max,
                HEADER_BYTES_LEAST,
            ),
            (
                "connections.headers_max",
                self.connections.headers_max,
                HEADERS_LEAST,
            ),
            ("limits.calls_max", self.limits.calls_max, 1),
            ("sessions.max", self.sessions.max, 1),
            ("sessions.per_principal_max", self.sessions.per_principal_max, 1),
        ];
        if let Some((key, value, least)) = least.into_iter().find(|(_, value, least)| value < least) {
            return Err(HttpError::TooSmall { key, value, least });
        }
        if let Some(host) = self.allowed_hosts.iter().find(|host| !guard::is_host(host)) {
            return Err(HttpError::Host(host.clone()));
        }
        let mut origins = self.allowed_origins.iter();
        match origins.find(|origin| !guard::is_origin(origin)) {
            Some(origin) => Err(HttpError::Origin(origin.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut HttpConfig)) -> String {
        let mut config = HttpConfig::default();
        change(&mut config);
        config
            .check()
            .map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn bounds_with_which_nobody_is_answered_are_refused_by_name_and_value() {
        type Set = fn(&mut HttpConfig, usize);
        let bounds: [(&str, Set, usize); 7] = [
            ("body_bytes_max", |config, n| config.body_bytes_max = n, 64),
            ("connections_max", |config, n| config.connections_max = n, 1),
            (
                "connections.header_bytes_max",
                |config, n| config.connections.header_bytes_max = n,
                1024,
            ),
            (
                "connections.headers_max",
                |config, n| config.connections.headers_max = n,
                16,
            ),
            ("limits.calls_max", |config, n| config.limits.calls_max = n, 1),
            ("sessions.max", |config, n| config.sessions.max = n, 1),
            (
                "sessions.per_principal_max",
                |config, n| config.sessions.per_principal_max = n,
                1,
            ),
        ];
        for (key, set, least) in bounds {
            assert_eq!(problem(|config| set(config, least)), "", "{key}");
            let value = least - 1;
            let told = problem(|config| set(config, value));
            assert!(told.starts_with(&format!("`{key}` is {value}, ")), "{told}");
            assert!(told.ends_with(&format!("give it {least} or more")), "{told}");
        }
    }

    #[test]
    fn hosts_that_match_nothing_are_refused() {
        for host in [
            "notes.example",
            "Notes.Example:8443",
            "10.0.0.1",
            "[::1]:80",
            "notes.example/",
        ] {
            assert_eq!(
                problem(|config| config.allowed_hosts = vec![host.into()]),
                "",
                "{host}"
            );
        }
        for host in [
            "*",
            "*.example",
            "",
            "https://notes.example",
            "a@b",
            "a b",
            "a/b",
            ":80",
        ] {
            let hosts = vec!["notes.example".into(), host.into()];
            let told = problem(|config| config.allowed_hosts = hosts);
            assert!(
                told.starts_with(&format!("`{host}` in `allowed_hosts`")),
                "{told}"
            );
        }
    }
}
