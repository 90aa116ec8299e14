//! Who is believed to be the server: the certificates that connections are checked against.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The certificates of authorities: those of a file, or those of the system.
pub(super) fn authorities(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = match file {
        Some(file) => {
            let shown = file.display();
            let wrong = |error| format!("{shown} holds no certificates: {error}");
            let read = CertificateDer::pem_file_iter(file).map_err(wrong)?;
            read.collect::<Result<Vec<_>, _>>().map_err(wrong)?
        }
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut store = RootCertStore::empty();
    let usable: Vec<_> = found
        .into_iter()
        .filter(|one| store.add(one.clone()).is_ok())
        .collect();
    match usable.is_empty() {
        true => Err(
            "there are no certificates of authorities to check the server's by; name a `ca_file`".to_owned(),
        ),
        false => Ok(usable),
    }
}

/// Checks servers by these authorities.
pub(super) fn client(authorities: Vec<CertificateDer<'static>>) -> Result<ClientConfig, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(authorities);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}

/// Whether a host is this machine, to which nothing is encrypted unless it is asked for.
pub(super) fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
