//! How many queries run at once, and the connections that wait for the next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::error::SqlError;
use super::rows::Bounds;

/// How long a connection waits for the next query; firewalls forget those that wait for minutes.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// Places for queries of one database.
#[derive(Clone, Debug)]
pub(super) struct Places {
    places: Arc<Semaphore>,
    count: usize,
}

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(count)),
            count,
        }
    }

    /// Waits for a place, within the time of the query.
    pub(super) async fn take(&self, bounds: &Bounds) -> Result<OwnedSemaphorePermit, SqlError> {
        let place = Arc::clone(&self.places).acquire_owned();
        match timeout_at(bounds.deadline.into(), place).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(SqlError::Busy(self.count)),
        }
    }
}

/// Connections that wait. There are never more than places.
pub(super) struct Idle<C>(Mutex<Vec<(C, Instant)>>);

impl<C> Idle<C> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// The one that came last; older ones are closed.
    pub(super) fn take(&self) -> Option<C> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE_MAX);
        idle.pop().map(|(connection, _)| connection)
    }

    pub(super) fn put(&self, connection: C) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((connection, Instant::now()));
    }
}
