//! From a connection to an encrypted one, whatever the certificate: it is judged afterwards.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};

use super::heard::Heard;
use super::reason::Reason;

/// Certificates of a chain that are looked at; rustls bounds the bytes of all of them.
const CHAIN_MAX: usize = 16;

/// What came of a handshake.
pub(super) struct Handshake<S> {
    /// The certificates the server showed, its own in front; even if the handshake failed after them.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The encrypted connection, with the version of the protocol.
    pub(super) outcome: Result<(TlsStream<Heard<S>>, &'static str), Reason>,
}

/// Shakes hands with a server that goes by `name` over `stream`.
///
/// That the server has the key of the certificate is verified; whether the certificate is good is not. Nothing must be
/// sent over the connection before that was judged.
pub(super) async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    name: &ServerName<'static>,
    provider: &Arc<CryptoProvider>,
) -> Handshake<S> {
    let recorder = Arc::new(Recorder {
        provider: Arc::clone(provider),
        chain: Mutex::default(),
    });
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider knows both versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    let (stream, beginning) = Heard::new(stream);
    let connecting = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream);
    let outcome = match connecting.await {
        Ok(stream) => {
            let version = version(stream.get_ref().1.protocol_version());
            Ok((stream, version))
        }
        Err(error) => Err(Reason::of_encrypting(&error, &beginning.bytes())),
    };
    let chain = recorder
        .chain
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Handshake { chain, outcome }
}

fn version(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    }
}

/// Takes every certificate, and remembers it.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(own).chain(others).take(CHAIN_MAX);
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        *chain = sent.map(|one| one.clone().into_owned()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            own,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            own,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
