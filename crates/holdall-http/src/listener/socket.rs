//! [`Socket`]: something that listens, whoever opened it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::address::{Address, Listen};
use super::connection::Connections;
use super::places::Place;
use super::supervisor::Inherited;
use super::tls::Tls;
#[cfg(unix)]
use super::unix::UnixSocket;
use crate::config::HttpConfig;
use crate::error::HttpError;
use crate::front::client::Peer;

/// Something that listens.
pub(super) enum Socket {
    Tcp {
        listener: TcpListener,
        address: SocketAddr,
    },
    #[cfg(unix)]
    Unix(UnixSocket),
}

impl Socket {
    pub(super) fn open(place: Listen, config: &HttpConfig) -> Result<Self, HttpError> {
        match place {
            Listen::Tcp(address) => {
                refuse_public(address, config)?;
                let refused = |source| HttpError::Bind { address, source };
                let listener = listen(address).map_err(refused)?;
                Self::tcp(listener).map_err(refused)
            }
            #[cfg(unix)]
            Listen::Unix { path, mode } => match UnixSocket::bind(&path, mode) {
                Ok(socket) => Ok(Self::Unix(socket)),
                Err(source) => Err(HttpError::Unix { path, source }),
            },
            Listen::Inherited(socket) => match socket.0 {
                Inherited::Tcp(listener) => {
                    let socket = listener
                        .set_nonblocking(true)
                        .and_then(|()| TcpListener::from_std(listener))
                        .and_then(Self::tcp)
                        .map_err(HttpError::Inherited)?;
                    if let Self::Tcp { address, .. } = &socket {
                        refuse_public(*address, config)?;
                    }
                    Ok(socket)
                }
                #[cfg(unix)]
                Inherited::Unix(listener) => {
                    let socket = UnixSocket::inherited(listener).map_err(HttpError::Inherited)?;
                    Ok(Self::Unix(socket))
                }
            },
        }
    }

    fn tcp(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self::Tcp { listener, address })
    }

    pub(super) fn address(&self) -> Address {
        match self {
            Self::Tcp { address, .. } => Address::Tcp(*address),
            #[cfg(unix)]
            Self::Unix(socket) => Address::Unix(socket.path().to_owned()),
        }
    }

    /// Lets connections in until it is dropped.
    pub(super) async fn accept_all(self, tls: Option<Arc<Tls>>, connections: Arc<Connections>) {
        loop {
            match &self {
                Self::Tcp { listener, .. } => {
                    let (stream, remote) = accept(|| listener.accept()).await;
                    let place = connections.places.next().await;
                    welcome(stream, remote, place, tls.as_ref(), &connections);
                }
                #[cfg(unix)]
                Self::Unix(socket) => {
                    let (stream, _) = accept(|| socket.accept()).await;
                    let place = connections.places.next().await;
                    let peer = Peer {
                        remote: IpAddr::V4(Ipv4Addr::LOCALHOST),
                        local: None,
                        secure: false,
                    };
                    connections.serve(stream, peer, place);
                }
            }
        }
    }
}

/// The next connection.
async fn accept<C, F: Future<Output = io::Result<C>>>(mut next: impl FnMut() -> F) -> C {
    loop {
        match next().await {
            Ok(connection) => return connection,
            Err(error) => {
                // Out of descriptors, most likely: others will be closed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn welcome(
    stream: TcpStream,
    remote: SocketAddr,
    place: Place,
    tls: Option<&Arc<Tls>>,
    connections: &Arc<Connections>,
) {
    let Some(place) = connections.places.from(place, remote.ip()) else {
        tracing::debug!(%remote, "a connection is closed: there are too many from this address");
        return;
    };
    // Without it a small reply can wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // A connection whose own address is not known any more has ended.
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let peer = Peer {
        remote: remote.ip(),
        local: Some(local.ip()),
        secure: tls.is_some(),
    };
    match tls {
        Some(tls) => connections.serve_encrypted(stream, Arc::clone(tls), peer, place),
        None => connections.serve(stream, peer, place),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Where other machines get in, somebody has to be asked who they are.
fn refuse_public(address: SocketAddr, config: &HttpConfig) -> Result<(), HttpError> {
    if !address.ip().to_canonical().is_loopback() && !config.auth.is_on() && !config.insecure {
        return Err(HttpError::PublicBind(address));
    }
    Ok(())
}
