//! How tasks expire, and how they stop with the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::board::Shared;
use super::run::Run;

/// How often the store is looked after. What has expired is refused before it is removed.
const EVERY: Duration = Duration::from_secs(60);

/// Has the store looked after from now on, until the tasks stop.
pub(super) fn start(shared: &Arc<Shared>) {
    if shared.kept_up.swap(true, Ordering::Relaxed) {
        return;
    }
    let (weak, stopping) = (Arc::downgrade(shared), shared.stopping.clone());
    tokio::spawn(async move {
        while let Some(shared) = weak.upgrade() {
            keep_up(&shared).await;
            drop(shared);
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    });
}

async fn keep_up(shared: &Shared) {
    for run in running(shared) {
        run.save().await;
    }
    let ended = shared.end_abandoned().await;
    let removed = shared.options.store.remove_expired(shared.now_ms()).await;
    for error in [ended.err(), removed.err()].into_iter().flatten() {
        tracing::error!(%error, "the store of tasks cannot be looked after; it is tried again");
    }
}

/// Stops all tasks, and those that would have become one.
pub(super) async fn stop(shared: &Shared) {
    shared.stopping.cancel();
    for run in running(shared) {
        run.shut_down().await;
    }
}

fn running(shared: &Shared) -> Vec<Arc<Run>> {
    shared.live().values().cloned().collect()
}
