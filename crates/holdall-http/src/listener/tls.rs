//! [`Tls`]: how connections are encrypted, and certificates exchanged.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use super::config::TlsConfig;
use crate::error::HttpError;

/// Certificate files are some kilobytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Certificates and key of a server.
pub(super) struct Tls {
    config: TlsConfig,
    hash: RandomState,
    current: ArcSwap<Loaded>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    /// What the files held.
    fingerprint: u64,
}

impl Tls {
    pub(super) fn load(config: &TlsConfig) -> Result<Self, HttpError> {
        let hash = RandomState::new();
        let files = Files::read(config)?;
        Ok(Self {
            config: config.clone(),
            current: ArcSwap::from_pointee(files.load(config, &hash)?),
            hash,
        })
    }

    /// Takes the files as they are now. The old ones are kept if they are of no use.
    pub(super) fn reload(&self) -> Result<(), HttpError> {
        let files = Files::read(&self.config)?;
        if files.fingerprint(&self.hash) != self.current.load().fingerprint {
            self.current
                .store(Arc::new(files.load(&self.config, &self.hash)?));
            tracing::info!("new connections get the new certificate");
        }
        Ok(())
    }

    /// Looks at the files every now and then, for ever. Their contents are compared, not their times: what is mounted
    /// or linked can change without one.
    pub(super) async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.config.check_interval).await;
            let tls = Arc::clone(&self);
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || tls.reload()).await {
                // Perhaps one of the two has been written and the other has not.
                tracing::warn!(%error, "the old certificate is kept");
            }
        }
    }

    /// Agrees on keys with a client.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = self.current.load().acceptor.clone();
        tokio::time::timeout(self.config.handshake_timeout, acceptor.accept(stream))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// The files as they were read.
struct Files {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    fn read(config: &TlsConfig) -> Result<Self, HttpError> {
        let read = |path: &Path| read(path).map_err(|error| unusable(path, error.to_string()));
        Ok(Self {
            certificates: read(&config.certificates)?,
            key: read(&config.key)?,
        })
    }

    fn fingerprint(&self, hash: &RandomState) -> u64 {
        hash.hash_one((&self.certificates, &self.key))
    }

    fn load(&self, config: &TlsConfig, hash: &RandomState) -> Result<Loaded, HttpError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| unusable(&config.certificates, error.to_string()))?;
        if chain.is_empty() {
            return Err(unusable(&config.certificates, "it holds no certificate"));
        }
        // The error could quote the key.
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| unusable(&config.key, "it holds no private key in PEM"))?;
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| unusable(&config.certificates, format!("with this key: {error}")))?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Loaded {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            fingerprint: self.fingerprint(hash),
        })
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let length = std::fs::metadata(path)?.len();
    if length > FILE_BYTES_MAX {
        return Err(io::Error::other(format!(
            "it has {length} bytes, which no certificate needs"
        )));
    }
    std::fs::read(path)
}

fn unusable(path: &Path, problem: impl Into<String>) -> HttpError {
    HttpError::Certificate {
        path: path.to_owned(),
        problem: problem.into(),
    }
}
