//! [`Connections`]: how one connection is served, and all of them ended.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http::header::UPGRADE;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::config::ConnectionsConfig;
use super::pace::{Pace, Paced, Patience, Reply};
use super::places::{Place, Places};
use super::tls::Tls;
use crate::front::Front;
use crate::front::client::Peer;
use crate::patience::Patient;
use crate::transports::connection::Life;

/// The least that hyper takes for a buffer.
const BUFFER_BYTES_MIN: usize = 8192;
/// What a connection may hold of a request's body and of replies beyond its headers.
const BUFFER_BYTES: usize = 64 * 1024;

/// How long connections may take to be dropped: they need no more than their turn on a thread.
const DROPPED_WITHIN: Duration = Duration::from_secs(1);

/// The connections of a server.
pub(super) struct Connections {
    pub(super) front: Front,
    pub(super) places: Places,
    pub(super) config: ConnectionsConfig,
    pub(super) header_timeout: Duration,
    pub(super) write_timeout: Duration,
    /// Once it has ended, requests under way may finish, and there are no others.
    pub(super) life: Life,
}

/// The place of a connection that becomes something else (a WebSocket). An extension of requests that ask for that, so
/// the place is taken for as long as anybody has the request.
#[derive(Clone)]
struct Upgraded(#[expect(dead_code, reason = "it is held")] Arc<Place>);

impl Connections {
    pub(super) fn serve<S>(self: &Arc<Self>, stream: S, peer: Peer, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let all = Arc::clone(self);
        self.life
            .spawn(async move { all.drive(stream, peer, place).await });
    }

    pub(super) fn serve_encrypted(
        self: &Arc<Self>,
        stream: TcpStream,
        tls: Arc<Tls>,
        peer: Peer,
        place: Place,
    ) {
        let all = Arc::clone(self);
        self.life.spawn(async move {
            let agreed = tokio::select! {
                agreed = tls.accept(stream) => agreed,
                // Nothing has been asked for yet.
                () = all.life.ended.cancelled() => return,
            };
            match agreed {
                Ok(stream) => all.drive(stream, peer, place).await,
                Err(error) => tracing::debug!(%error, "a client and the server agreed on no keys"),
            }
        });
    }

    /// Lets requests under way finish, for so long.
    pub(super) async fn end(&self, patience: Duration) {
        self.life.ended.cancel();
        self.life.tasks.close();
        if tokio::time::timeout(patience, self.life.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                open = self.life.tasks.len(),
                "connections still open after {patience:?} are dropped"
            );
            self.life.over.cancel();
            // Whoever wants to know of calls learns of those that are dropped before this is over.
            if tokio::time::timeout(DROPPED_WITHIN, self.life.tasks.wait())
                .await
                .is_err()
            {
                tracing::warn!(
                    left = self.life.tasks.len(),
                    "connections could not be dropped within {DROPPED_WITHIN:?}: something they do blocks"
                );
            }
        }
    }

    async fn drive<S>(self: Arc<Self>, stream: S, peer: Peer, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let _open = self.front.connection();
        let pace = Pace::default();
        let place = Arc::new(place);
        let answer = service_fn(|mut request: Request<Incoming>| {
            pace.request();
            if request.headers().contains_key(UPGRADE) {
                request.extensions_mut().insert(Upgraded(Arc::clone(&place)));
            }
            let answer = self.front.clone().answer(peer, request);
            let pace = pace.clone();
            async move {
                let response = answer.await;
                Ok::<_, Infallible>(response.map(|body| Reply { body, pace }))
            }
        });
        let stream = TokioIo::new(Paced {
            stream: Patient::new(stream, self.write_timeout),
            pace: pace.clone(),
        });
        let mut connection = pin!(self.http().serve_connection(stream, answer).with_upgrades());
        let patience = Patience {
            headers: self.header_timeout,
            idle: self.config.idle_timeout,
        };
        let mut overdue = pin!(pace.overdue(patience));
        let mut aged = pin!(after(self.config.age_max));
        let mut finishing = false;
        loop {
            tokio::select! {
                biased;
                outcome = connection.as_mut() => {
                    if let Err(error) = outcome {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                what = overdue.as_mut() => {
                    tracing::debug!("a connection is closed: the client took too long {what}");
                    return;
                }
                () = self.life.ended.cancelled(), if !finishing => {
                    if pace.is_fresh() {
                        return;
                    }
                    finishing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = aged.as_mut(), if !finishing => {
                    finishing = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }

    fn http(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        let header_bytes = self.config.header_bytes_max;
        builder
            // The pace is watched here.
            .header_read_timeout(None)
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.saturating_add(BUFFER_BYTES).max(BUFFER_BYTES_MIN));
        if self.config.headers_max != ConnectionsConfig::default().headers_max {
            builder.max_headers(self.config.headers_max);
        }
        builder
    }
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => pending().await,
    }
}
