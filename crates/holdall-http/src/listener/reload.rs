//! [`Reloader`]: exchanges settings while the server runs.

use std::sync::Arc;

use super::tls::Tls;
use crate::config::HttpConfig;
use crate::error::HttpError;
use crate::front::settings::Current;

/// Exchanges settings while the server runs. Requests that have begun are finished under the old ones; connections stay.
///
/// ```no_run
/// # use holdall_http::{HttpConfig, HttpServer, LimitsConfig};
/// # async fn run(service: holdall::Service) -> Result<(), holdall_http::HttpError> {
/// let mut config = HttpConfig::default();
/// let server = HttpServer::bind(([127, 0, 0, 1], 8000).into(), service, config.clone()).await?;
/// let reloader = server.reloader();
/// tokio::spawn(server.serve(std::future::pending()));
/// // Later, when the configuration has been read again:
/// config.limits = LimitsConfig::team();
/// reloader.reload(&config)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Reloader {
    settings: Current,
    tls: Option<Arc<Tls>>,
}

impl Reloader {
    pub(super) fn new(settings: Current, tls: Option<Arc<Tls>>) -> Self {
        Self { settings, tls }
    }

    /// Takes `public_url`, `allowed_hosts`, `allowed_origins`, `trusted_proxies`, `hsts_max_age` and `limits` from
    /// `config`, and reads certificates and key again from the files given at the start. What has been counted stays
    /// counted. Everything else needs a new start.
    ///
    /// # Errors
    /// [`HttpError::Origin`], [`HttpError::Host`], [`HttpError::TooSmall`], [`HttpError::Certificate`] if something cannot be used: then nothing has changed.
    pub fn reload(&self, config: &HttpConfig) -> Result<(), HttpError> {
        config.check()?;
        self.reload_certificates()?;
        self.settings.rcu(|settings| settings.changed(config));
        Ok(())
    }

    /// Reads certificates and key again. New connections get the new ones.
    ///
    /// # Errors
    /// [`HttpError::Certificate`] if they cannot be used: then the old ones are kept.
    pub fn reload_certificates(&self) -> Result<(), HttpError> {
        match &self.tls {
            Some(tls) => tls.reload(),
            None => Ok(()),
        }
    }
}
