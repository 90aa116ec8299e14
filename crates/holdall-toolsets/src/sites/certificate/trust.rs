//! Whom is trusted: [`Trust`].

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{Error, RootCertStore};

use super::super::error::SitesError;

/// The authorities a check trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    /// Trusts whom the system trusts, and the certificates in these files.
    pub(crate) fn of_system(authorities: &[PathBuf]) -> Result<Self, SitesError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for path in authorities {
            add(&mut roots, path)?;
        }
        if roots.is_empty() {
            tracing::warn!(
                "this machine trusts no certificates (is `ca-certificates` installed?): all will be found unknown"
            );
        }
        Ok(Self {
            roots: Arc::new(roots),
            provider: Arc::new(ring::default_provider()),
        })
    }

    /// Trusts these alone.
    #[cfg(test)]
    pub(super) fn in_these(roots: RootCertStore) -> Self {
        Self {
            roots: Arc::new(roots),
            provider: Arc::new(ring::default_provider()),
        }
    }

    /// What signs and encrypts.
    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// Whether `chain` leads to somebody who is trusted.
    pub(super) fn chain(&self, chain: &[CertificateDer<'static>], at: UnixTime) -> Result<(), Error> {
        let (own, others) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(own)?,
            &self.roots,
            others,
            at,
            self.provider.signature_verification_algorithms.all,
        )
    }

    /// Whether a certificate is for the server of that name.
    pub(super) fn names(own: &CertificateDer<'static>, name: &ServerName<'static>) -> Result<(), Error> {
        verify_server_name(&ParsedCertificate::try_from(own)?, name)
    }

    /// Whether somebody of that name (as it stands in certificates) is trusted.
    pub(super) fn knows(&self, issuer: &[u8]) -> bool {
        self.roots
            .subjects()
            .iter()
            .any(|subject| subject.as_ref() == issuer)
    }
}

fn add(roots: &mut RootCertStore, path: &PathBuf) -> Result<(), SitesError> {
    let wrong = |problem: String| SitesError::Authority {
        path: path.clone(),
        problem,
    };
    let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let before = roots.len();
    for certificate in read {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    match roots.len() > before {
        true => Ok(()),
        false => Err(wrong("there is none in the file; it has to be in PEM".to_owned())),
    }
}
