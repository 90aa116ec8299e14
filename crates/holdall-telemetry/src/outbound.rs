//! How anything is sent: over HTTP, with TLS where the URL says so, from a thread that may wait.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// What somebody answers with is read up to here, in bytes, and matters only when it is a complaint.
#[cfg(feature = "otlp")]
pub(crate) const REPLY_BYTES_MAX: u64 = 64 * 1024;

/// A client that gives up after `timeout`, follows nobody elsewhere and takes no proxy from the environment.
pub(crate) fn agent(timeout: Duration) -> Agent {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build()
        .into()
}
