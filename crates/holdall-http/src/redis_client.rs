//! How the Redis server is reached that replicas share.

use redis::{Client, IntoConnectionInfo, RedisResult, TlsCertificates};

/// A client for the server at `url`. Over TLS (`rediss://`) it trusts the authorities of the system, or these if there
/// are any, in PEM.
pub(crate) fn client(url: &str, authorities: Option<&[u8]>) -> RedisResult<Client> {
    let address = url.into_connection_info()?;
    match authorities {
        None => Client::open(address),
        Some(authorities) => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(authorities.to_vec()),
            };
            Client::build_with_tls(address, certificates)
        }
    }
}
