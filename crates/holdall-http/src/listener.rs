//! The listener: accepts connections, bounds them, serves them, and lets them finish.
//!
//! Not `axum::serve`, which sets neither a timer (a client could hold a connection by sending headers for ever)
//! nor `TCP_NODELAY` (a streamed reply would wait for a delayed acknowledgement, some 40 ms).

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use holdall::{Principal, Service};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as HyperService;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;
use crate::routes::{self, Routes};

/// How the HTTP front behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Host names to answer to beside the address the server listens on: `notes.example` or
    /// `notes.example:8443`. Default: none.
    pub allowed_hosts: Vec<String>,
    /// Pages that may talk to the server beside its own: `https://app.example`. Default: none.
    pub allowed_origins: Vec<String>,
    /// The largest request body in bytes. Default: 4 MiB.
    pub body_bytes_max: usize,
    /// Connections served at once; more wait. Default: 1024.
    pub connections_max: usize,
    /// How long a client may take to send its headers. Default: 10 seconds.
    pub header_timeout: Duration,
    /// How long requests under way may take once the server stops. Default: 10 seconds.
    pub drain_timeout: Duration,
    /// Whether to listen on addresses other machines can reach, although nobody is asked who they are.
    /// Default: `false`.
    pub insecure: bool,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            body_bytes_max: 4 * 1024 * 1024,
            connections_max: 1024,
            header_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            insecure: false,
        }
    }
}

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address is reachable from other machines, and there is no authentication.
    #[error(
        "{0} can be reached from other machines, and this server asks nobody who they are; listen on 127.0.0.1 behind a proxy that does, or accept the risk with --insecure"
    )]
    PublicBind(SocketAddr),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; is another server running there? choose another port, or 0 for any free one"
    )]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

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
            address,
            service,
            config,
        } = self;
        let ended = CancellationToken::new();
        let guard = Guard::new(address, &config.allowed_hosts, &config.allowed_origins);
        let front = Front {
            guard: Arc::new(guard),
            routes: Routes::new(
                service.identified_by(|_| Principal::anonymous()),
                config.body_bytes_max,
                ended.clone(),
            ),
        };
        let places = Arc::new(Semaphore::new(config.connections_max));
        let graceful = GracefulShutdown::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                (stream, place) = accept(&listener, &places) => {
                    serve_connection(stream, place, front.clone(), config.header_timeout, &graceful);
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
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
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
    place: OwnedSemaphorePermit,
    front: Front,
    header_timeout: Duration,
    graceful: &GracefulShutdown,
) {
    // Without it a small reply can wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), front);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

/// What every request meets first: the checks, then the routes.
#[derive(Clone)]
struct Front {
    guard: Arc<Guard>,
    routes: Routes,
}

impl HyperService<Request<Incoming>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.guard.check(request.uri(), request.headers()) {
            Ok(()) => Box::pin(self.routes.clone().answer(request)),
            Err(refusal) => Box::pin(std::future::ready(Ok(routes::refused(&refusal)))),
        }
    }
}
