//! How the HTTP front behaves: [`HttpConfig`].

use std::time::Duration;

use ipnet::IpNet;

use crate::auth::AuthConfig;

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
    /// How clients reach the server from outside: `https://notes.example`. Its host is answered to as if it were among
    /// [`allowed_hosts`](Self::allowed_hosts). Default: unknown.
    pub public_url: Option<String>,
    /// The largest request body in bytes. Default: 4 MiB.
    pub body_bytes_max: usize,
    /// Connections served at once; more wait. Default: 1024.
    pub connections_max: usize,
    /// How long a client may take to send its headers. Default: 10 seconds.
    pub header_timeout: Duration,
    /// How long requests under way may take once the server stops. Default: 10 seconds.
    pub drain_timeout: Duration,
    /// How callers prove who they are. Default: not at all.
    pub auth: AuthConfig,
    /// Whether to listen on addresses other machines can reach, although nobody is asked who they are.
    /// Default: `false`.
    pub insecure: bool,
}

impl HttpConfig {
    /// Every host name to answer to.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let public = self
            .public_url
            .as_ref()
            .and_then(|url| url.parse::<http::Uri>().ok());
        let public = public.and_then(|url| url.authority().map(ToString::to_string));
        self.allowed_hosts.iter().cloned().chain(public).collect()
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            public_url: None,
            body_bytes_max: 4 * 1024 * 1024,
            connections_max: 1024,
            header_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            auth: AuthConfig::default(),
            insecure: false,
        }
    }
}
