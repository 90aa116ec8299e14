//! The listener: accepts connections, bounds them, serves them, and lets them finish.
//!
//! Not `axum::serve`, which sets neither a timer (a client could hold a connection by sending headers for ever)
//! nor `TCP_NODELAY` (a streamed reply would wait for a delayed acknowledgement, some 40 ms).

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use holdall::{Principal, Service};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::error::HttpError;
use crate::front::Front;
use crate::front::client::{Clients, Peer};
use crate::front::guard::Guard;
use crate::observe;
use crate::routes::Routes;

/// A server that listens, and is yet to serve.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    service: Service,
    config: HttpConfig,
}

impl HttpServer {
    /// Listens on `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// [`HttpError::PublicBind`] for an address other machines can reach unless `config.insecure`;
    /// [`HttpError::Bind`] if the system refuses.
    pub async fn bind(address: SocketAddr, service: Service, config: HttpConfig) -> Result<Self, HttpError> {
        if !address.ip().is_loopback() && !config.insecure {
            return Err(HttpError::PublicBind(address));
        }
        let refused = |source| HttpError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            address,
            service,
            config,
        })
    }

    /// The address the server listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves, then lets requests under way finish.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listener,
            service,
            config,
            ..
        } = self;
        let ended = CancellationToken::new();
        let service = service.identified_by(|_| Principal::anonymous());
        let service = service.arriving_by(observe::arrival);
        let front = Front::new(
            Clients::new(&config.trusted_proxies),
            Guard::new(&config.allowed_hosts, &config.allowed_origins),
            Routes::new(&service, &config, &ended),
            config.observers.clone(),
        );
        let places = Arc::new(Semaphore::new(config.connections_max));
        let graceful = GracefulShutdown::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                (stream, remote, place) = accept(&listener, &places) => {
                    serve_connection(stream, remote, place, front.clone(), config.header_timeout, &graceful);
                }
                () = &mut shutdown => break,
            }
        }
        drop(listener);
        ended.cancel();
        if tokio::time::timeout(config.drain_timeout, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!(
                "connections still open after {:?} are dropped",
                config.drain_timeout
            );
        }
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => return (stream, remote, place),
            Err(error) => {
                // Out of descriptors, most likely: others will be closed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn serve_connection(
    stream: TcpStream,
    remote: SocketAddr,
    place: OwnedSemaphorePermit,
    front: Front,
    header_timeout: Duration,
    graceful: &GracefulShutdown,
) {
    // Without it a small reply can wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // A connection whose own address is not known any more has ended.
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let peer = Peer { remote, local };
    let open = front.connection();
    let answer = service_fn(move |request| {
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.answer(peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), answer);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop((place, open));
    });
}
