//! The listener: accepts connections, bounds them, serves them, and lets them finish.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | what is bound, served and ended, in which order |
//! | `config` | which bounds and times connections have |
//! | `address` | where a server can listen |
//! | `socket` | how sockets are opened, whoever opened them |
//! | `unix` | how a Unix socket gets its path, and gives it back |
//! | `places` | how many connections there may be, in all and from one address |
//! | `tls` | how connections are encrypted, and certificates exchanged |
//! | `connection` | how one connection is served |
//! | `pace` | when a connection has been silent for too long |
//! | `reload` | what can be exchanged while the server runs |
//! | `supervisor` | what systemd hands over and is told |
//!
//! Not `axum::serve`, which sets neither a timer (a client could hold a connection by sending headers for ever)
//! nor `TCP_NODELAY` (a streamed reply would wait for a delayed acknowledgement, some 40 ms). No HTTP/2: nothing here
//! needs it, and one client could open and reset streams faster than they can be bounded.

mod address;
mod config;
mod connection;
mod pace;
mod places;
mod reload;
mod socket;
pub(crate) mod supervisor;
mod tls;
#[cfg(unix)]
mod unix;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use holdall::Service;
use tokio::task::JoinSet;

pub use self::address::{Address, Listen};
pub use self::config::{ConnectionsConfig, TlsConfig};
use self::connection::Connections;
use self::places::Places;
pub use self::reload::Reloader;
use self::socket::Socket;
use self::tls::Tls;
use crate::auth::Authentication;
use crate::config::HttpConfig;
use crate::error::HttpError;
use crate::front::Front;
use crate::front::settings::{Current, Settings};
use crate::limits::Seat;
use crate::observe;
use crate::routes::Routes;
use crate::transports::caller;
use crate::transports::connection::Life;

/// A server that listens, and is yet to serve.
pub struct HttpServer {
    sockets: Vec<Socket>,
    tls: Option<Arc<Tls>>,
    settings: Current,
    authentication: Arc<Authentication>,
    service: Service,
    config: HttpConfig,
}

impl HttpServer {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// As [`bind_all`](Self::bind_all).
    pub async fn bind(address: SocketAddr, service: Service, config: HttpConfig) -> Result<Self, HttpError> {
        Self::bind_all([Listen::Tcp(address)], service, config).await
    }

    /// Listens at several places at once. With [`HttpConfig::tls`] connections over TCP are encrypted; those by a Unix
    /// socket never are.
    ///
    /// # Errors
    /// [`HttpError::PublicBind`] for an address other machines can reach if nobody is asked who they are, unless
    /// `config.insecure`; [`HttpError::Bind`], [`HttpError::Unix`] if the system refuses; [`HttpError::Certificate`] if certificate or key
    /// cannot be used; [`HttpError::Origin`] for an origin that no browser would send, [`HttpError::Host`] for a host that
    /// no client would; [`HttpError::TooSmall`] for a bound with which nobody would be answered;
    /// [`HttpError::NoAddress`] if `places` is empty.
    pub async fn bind_all(
        places: impl IntoIterator<Item = Listen>,
        service: Service,
        config: HttpConfig,
    ) -> Result<Self, HttpError> {
        config.check()?;
        let authentication = Authentication::new(&config, &service).map_err(HttpError::Authentication)?;
        let authentication = Arc::new(authentication);
        let tls = config.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
        let mut sockets = Vec::new();
        for place in places {
            sockets.push(Socket::open(place, &config)?);
        }
        if sockets.is_empty() {
            return Err(HttpError::NoAddress);
        }
        Ok(Self {
            sockets,
            tls,
            settings: Arc::new(ArcSwap::from_pointee(Settings::new(
                &config,
                Arc::clone(&authentication),
            ))),
            authentication,
            service,
            config,
        })
    }

    /// The first address over TCP the server listens on, with its real port.
    ///
    /// # Panics
    /// If it listens on Unix sockets only.
    pub fn local_addr(&self) -> SocketAddr {
        let mut addresses = self.addresses().into_iter();
        addresses
            .find_map(|address| match address {
                Address::Tcp(address) => Some(address),
                Address::Unix(_) => None,
            })
            .expect("the server listens on TCP")
    }

    /// Where the server listens, with real ports.
    pub fn addresses(&self) -> Vec<Address> {
        self.sockets.iter().map(Socket::address).collect()
    }

    /// What exchanges settings while the server runs.
    pub fn reloader(&self) -> Reloader {
        Reloader::new(Arc::clone(&self.settings), self.tls.clone())
    }

    /// Serves until `shutdown` resolves. Then nobody new is let in, streams are closed, requests under way may finish
    /// for [`HttpConfig::drain_timeout`], and what is open after that is dropped.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self {
            sockets,
            tls,
            settings,
            authentication,
            service,
            config,
        } = self;
        let life = Life::default();
        let service = service
            .identified_by(caller::identify)
            .arriving_by(observe::arrival)
            .taking_turns_by(Seat::of);
        let connections = Arc::new(Connections {
            front: Front::new(
                settings,
                Routes::new(&service, &config, authentication, &life),
                config.observers.clone(),
            ),
            places: Places::new(&config),
            config: config.connections.clone(),
            header_timeout: config.header_timeout,
            write_timeout: config.transports.write_timeout,
            life,
        });
        let mut accepting = JoinSet::new();
        for socket in sockets {
            let tls = tls.clone();
            accepting.spawn(socket.accept_all(tls, Arc::clone(&connections)));
        }
        let watching = tls.map(|tls| tokio::spawn(tls.watch()));
        shutdown.await;
        // The sockets are closed first, so that whoever comes now is told at once and can go elsewhere.
        accepting.shutdown().await;
        if let Some(watching) = watching {
            watching.abort();
        }
        connections.end(config.drain_timeout).await;
    }
}
