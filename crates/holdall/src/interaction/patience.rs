//! The clock of a call stands still while a person is asked: [`Patience`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Knows how long a call has been waiting for somebody else.
#[derive(Default)]
pub(crate) struct Patience {
    waits: Mutex<Waits>,
    resumed: Notify,
}

#[derive(Default)]
struct Waits {
    open: usize,
    since: Option<Instant>,
    before: Duration,
}

impl Patience {
    /// Stops the clock until what is returned is dropped.
    pub(crate) fn pause(&self) -> Pause<'_> {
        let mut waits = self.waits();
        waits.open += 1;
        waits.since.get_or_insert_with(Instant::now);
        Pause(self)
    }

    /// Resolves when a call that began at `started` has run for `limit`, the waiting not counted.
    pub(crate) async fn spent(&self, started: Instant, limit: Duration) {
        loop {
            let resumed = self.resumed.notified();
            match self.left(started, limit) {
                None => resumed.await,
                Some(Duration::ZERO) => return,
                Some(left) => tokio::time::sleep(left).await,
            }
        }
    }

    /// What is left of `limit`, unless the clock stands still.
    fn left(&self, started: Instant, limit: Duration) -> Option<Duration> {
        let waits = self.waits();
        let run = started.elapsed().saturating_sub(waits.before);
        waits.since.is_none().then(|| limit.saturating_sub(run))
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock stands still while this lives.
pub(crate) struct Pause<'a>(&'a Patience);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits();
        waits.open -= 1;
        if waits.open == 0
            && let Some(since) = waits.since.take()
        {
            waits.before += since.elapsed();
            self.0.resumed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn waiting_does_not_count() {
        let patience = Patience::default();
        let started = Instant::now();
        let asks = async {
            tokio::time::sleep(3 * SECOND).await;
            let first = patience.pause();
            tokio::time::sleep(60 * SECOND).await;
            let second = patience.pause();
            drop(first);
            tokio::time::sleep(60 * SECOND).await;
            drop(second);
            tokio::time::sleep(60 * SECOND).await;
        };
        tokio::select! {
            () = patience.spent(started, 10 * SECOND) => {}
            () = asks => panic!("the limit is reached first"),
        }
        assert_eq!(started.elapsed().as_secs(), 130);
    }

    #[tokio::test(start_paused = true)]
    async fn without_waiting_it_is_a_timeout() {
        let started = Instant::now();
        Patience::default().spent(started, SECOND).await;
        assert_eq!(started.elapsed().as_secs(), 1);
    }
}
