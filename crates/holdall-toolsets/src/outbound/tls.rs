//! Encrypted connections: whom this machine trusts.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How connections are encrypted: TLS 1.2 or 1.3 by ring, with the roots of the system, which are read once. Neither a
/// protocol above it (ALPN) nor a certificate of the client is offered; change a clone of it for that.
///
/// A machine that trusts no certificate can have no encrypted connection: each one fails.
pub fn client_config() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    Arc::clone(CONFIG.get_or_init(|| {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows both versions")
            .with_root_certificates(roots())
            .with_no_client_auth();
        Arc::new(config)
    }))
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!(
            "this machine trusts no certificates (is `ca-certificates` installed?): nothing can be reached over https"
        );
    }
    roots
}
