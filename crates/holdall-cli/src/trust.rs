//! Whose word is taken on who a server is: [`Trust`].

use std::io;
use std::sync::Arc;

use holdall_http::TlsConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Which certificates are taken: the one of the configuration, whatever name it is for, as the server is asked by its
/// address; and those the system trusts, for the name that is asked.
#[derive(Debug)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    /// Whether any is.
    any: bool,
    own: Option<CertificateDer<'static>>,
    /// Nothing where the system trusts nobody.
    usual: Option<Arc<WebPkiServerVerifier>>,
}

impl Trust {
    pub(crate) fn new(any: bool, config: Option<&TlsConfig>) -> Self {
        let provider = Arc::new(ring::default_provider());
        // A certificate that cannot be read is none that could be compared with; the server is asked all the same.
        let own = config.and_then(|config| CertificateDer::from_pem_file(&config.certificates).ok());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let usual = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        Self {
            usual: usual.build().ok(),
            provider,
            any,
            own,
        }
    }

    /// Agrees on keys with the server that is asked as `host`.
    pub(crate) async fn encrypt(self, stream: TcpStream, host: &str) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self))
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.any || self.own.as_ref() == Some(certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.usual {
            Some(usual) => usual.verify_server_cert(certificate, between, name, ocsp, now),
            None => Err(Error::General("this system trusts no authority".into())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
