//! What the front goes by, which can be exchanged while the server runs.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::browser::Browser;
use super::client::Clients;
use super::guard::Guard;
use crate::auth::Authentication;
use crate::config::HttpConfig;
use crate::limits::Limits;

/// The settings of this moment. A request is judged by one of them from beginning to end.
pub(crate) type Current = Arc<ArcSwap<Settings>>;

/// What the front goes by.
pub(crate) struct Settings {
    pub(crate) clients: Clients,
    pub(crate) guard: Guard,
    pub(crate) browser: Browser,
    pub(crate) authentication: Arc<Authentication>,
    pub(crate) limits: Limits,
    /// How long calls may go on that should have ended.
    pub(crate) drain: Duration,
}

impl Settings {
    pub(crate) fn new(config: &HttpConfig, authentication: Arc<Authentication>) -> Self {
        Self::with(
            config,
            authentication,
            Clients::new(&config.trusted_proxies),
            Limits::new(&config.limits),
        )
    }

    /// The same with another configuration: what has been counted stays counted.
    pub(crate) fn changed(&self, config: &HttpConfig) -> Self {
        let changed = Self::with(
            config,
            Arc::clone(&self.authentication),
            self.clients.trusting(&config.trusted_proxies),
            self.limits.changed(&config.limits),
        );
        Self {
            drain: self.drain,
            ..changed
        }
    }

    fn with(
        config: &HttpConfig,
        authentication: Arc<Authentication>,
        clients: Clients,
        limits: Limits,
    ) -> Self {
        Self {
            clients,
            guard: Guard::new(
                &config.allowed_hosts,
                &config.allowed_origins,
                config.public_url.as_ref(),
            ),
            browser: Browser::new(config.hsts_max_age),
            authentication,
            limits,
            drain: config.drain_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_finish_stays_what_it_was_at_the_start() {
        let mut config = HttpConfig::default();
        let service = holdall::Server::new("test").build().expect("the server is right");
        let nobody = Arc::new(Authentication::new(&config, &service).expect("it is off"));
        let settings = Settings::new(&config, nobody);
        let before = config.drain_timeout;
        config.drain_timeout = before * 2;
        assert_eq!(settings.changed(&config).drain, before);
    }
}
