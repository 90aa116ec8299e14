//! How the HTTP front behaves: [`HttpConfig`].

use std::time::Duration;

use ipnet::IpNet;

use crate::metrics::MetricsPage;
use crate::observe::HttpObservers;
use crate::ready::ReadyCheck;

/// How the HTTP front behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Host names to answer to beside the address the server listens on: `notes.example` or
    /// `notes.example:8443`. Default: none.
    pub allowed_hosts: Vec<String>,
    /// Pages that may talk to the server beside its own: `https://app.example`. Default: none.
    pub allowed_origins: Vec<String>,
    /// Networks of proxies whose word on who their client is (`X-Forwarded-For`, `X-Forwarded-Proto`,
    /// `X-Request-Id`) is taken. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest request body in bytes. Default: 4 MiB.
    pub body_bytes_max: usize,
    /// Connections served at once; more wait. Default: 1024.
    pub connections_max: usize,
    /// How long a client may take to send its headers. Default: 10 seconds.
    pub header_timeout: Duration,
    /// How long requests under way may take once the server stops. Default: 10 seconds.
    pub drain_timeout: Duration,
    /// Whether to listen on addresses other machines can reach, although nobody is asked who they are.
    /// Default: `false`.
    pub insecure: bool,
    /// What `/ready` asks. Default: nothing, so that the server is ready as soon as it serves.
    pub ready_checks: Vec<ReadyCheck>,
    /// What `/metrics` shows. Default: nothing; there is no such route.
    pub metrics: Option<MetricsPage>,
    /// Who is told what the front does. Default: nobody.
    pub observers: HttpObservers,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            body_bytes_max: 4 * 1024 * 1024,
            connections_max: 1024,
            header_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            insecure: false,
            ready_checks: Vec::new(),
            metrics: None,
            observers: HttpObservers::default(),
        }
    }
}
