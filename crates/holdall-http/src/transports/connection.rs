//! What HTTP+SSE and WebSocket share: one connection, served by one service until either side has had enough.

use holdall::Service;
use holdall::protocol::model::Extensions;
use holdall::wire::{self, Bounds, Inlet, Message, Outlet, Wire};
use http::request::Parts;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::caller;
use super::places::{Place, Places};
use crate::auth::lasting::Lease;
use crate::config::HttpConfig;
use crate::front::refusal::Refusal;

/// What connections are made of.
#[derive(Clone)]
pub(crate) struct Connections {
    service: Service,
    bounds: Bounds,
    streams: Places,
    life: Life,
}

/// How long everything lives that outlives its request.
#[derive(Clone, Default)]
pub(crate) struct Life {
    /// The server stops.
    pub(crate) ended: CancellationToken,
    /// The server waits no longer: what is left is dropped.
    pub(crate) over: CancellationToken,
    /// What the server waits for when it stops.
    pub(crate) tasks: TaskTracker,
}

impl Life {
    /// Runs a task for as long as the server waits for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.over.clone().run_until_cancelled_owned(task);
        self.tasks.spawn(task);
    }
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) inlet: Inlet,
    pub(crate) outlet: Outlet,
    /// Cancelled, nothing more is to be taken in: what is under way is answered, and the connection ends.
    pub(crate) closing: CancellationToken,
    /// Cancelled, that is because the credential it was opened with is good no longer.
    pub(crate) expired: CancellationToken,
    /// Dropped, it cancels what is under way: nobody is left to hear of it.
    pub(crate) alive: DropGuard,
    pub(crate) place: Place,
}

impl Connections {
    pub(crate) fn new(service: &Service, config: &HttpConfig, streams: &Places, life: &Life) -> Self {
        let mut bounds = Bounds::default();
        bounds.requests_max = config.transports.requests_max;
        bounds.outgoing_max = 256;
        bounds.outgoing_bytes_max = config.transports.outgoing_bytes_max;
        bounds.drain = config.drain_timeout;
        Self {
            service: service.clone(),
            bounds,
            streams: streams.clone(),
            life: life.clone(),
        }
    }

    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    /// A place for one more connection.
    pub(crate) fn place(&self, parts: &Parts) -> Result<Place, Refusal> {
        self.streams.take(&caller::holder(parts))
    }

    /// Starts to serve a connection that was opened by the request of `parts`.
    pub(crate) fn open(&self, parts: &Parts, place: Place) -> Connection {
        let mut extensions = Extensions::new();
        extensions.insert(parts.clone());
        let service = self.service.opened_with(&extensions);
        let (wire, inlet, outlet) = Wire::new(self.bounds.clone());
        let cancelled = CancellationToken::new();
        let alive = cancelled.clone().drop_guard();
        let (closing, expired) = (wire.closing(), CancellationToken::new());
        let ended = self.life.ended.clone();
        let lease = parts.extensions.get::<Lease>().cloned();
        let drain = self.bounds.drain;
        let (no_more, no_longer) = (closing.clone(), expired.clone());
        self.life.spawn(async move {
            let serving = wire::serve(service, wire, cancelled.clone());
            tokio::pin!(serving);
            let served = tokio::select! {
                served = &mut serving => served,
                () = ended.cancelled() => {
                    no_more.cancel();
                    serving.await
                }
                () = ended_with(lease) => {
                    no_longer.cancel();
                    no_more.cancel();
                    match timeout(drain, &mut serving).await {
                        Ok(served) => served,
                        Err(_) => {
                            cancelled.cancel();
                            serving.await
                        }
                    }
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended early");
            }
        });
        Connection {
            inlet,
            outlet,
            closing,
            expired,
            alive,
            place,
        }
    }
}

/// Resolves when the credential under which a connection was opened is good no longer.
async fn ended_with(lease: Option<Lease>) {
    match lease {
        Some(lease) => lease.ended().await,
        None => std::future::pending().await,
    }
}

/// Has messages say which request brought them.
pub(crate) fn attach(parts: &Parts) -> impl FnMut(&mut Message) {
    move |message| message.insert_extension(parts.clone())
}
