//! Where blocking functions run: where they hold up nobody.

use std::cell::Cell;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::{JoinError, block_in_place, spawn_blocking};

/// Blocking functions that run at once in this process; more wait, within their timeout. Half of the threads tokio
/// has for them, so that its workers always find one to go on with.
const RUNNING_MAX: usize = 256;

static PLACES: Semaphore = Semaphore::const_new(RUNNING_MAX);

/// Blocking functions that wait for their user and have given their place to another; more keep theirs. Each has a
/// thread all the same, so there are as many as leave some for tokio's workers.
const WAITING_MAX: usize = 128;

static WAITING: Semaphore = Semaphore::const_new(WAITING_MAX);

thread_local! {
    /// The place of the function that runs on this thread.
    static PLACE: Cell<Option<SemaphorePermit<'static>>> = const { Cell::new(None) };
}

/// Runs a function that may block, once there is a place for it. It runs to its end even if nobody waits for it
/// any more.
///
/// With several workers it runs on the one that is at hand, whose other work moves to another thread at once: that
/// costs one wake-up, where a thread of its own costs two.
///
/// # Errors
/// If the function panics, or the runtime ends first.
pub(crate) async fn run<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let place = PLACES.acquire().await.expect("the semaphore is never closed");
    let function = move || {
        let _held = Held::new(place);
        function()
    };
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::spawn(async move { block_in_place(function) }).await,
        _ => spawn_blocking(function).await,
    }
}

/// Runs `wait`, which waits for somebody, on the thread of a blocking function; another may run meanwhile.
pub(crate) fn while_others_run<T>(runtime: &Handle, wait: impl FnOnce() -> T) -> T {
    let Ok(_waiting) = WAITING.try_acquire() else {
        return wait();
    };
    let place = PLACE.take();
    let has_place = place.is_some();
    drop(place);
    let outcome = wait();
    if has_place {
        let place = runtime.block_on(PLACES.acquire());
        PLACE.set(Some(place.expect("the semaphore is never closed")));
    }
    outcome
}

/// The place of a function for as long as it runs, also if it panics.
struct Held;

impl Held {
    fn new(place: SemaphorePermit<'static>) -> Self {
        PLACE.set(Some(place));
        Self
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(PLACE.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_place() -> bool {
        let place = PLACE.take();
        let has_place = place.is_some();
        PLACE.set(place);
        has_place
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn functions_that_wait_make_room_for_others() {
        let waiting = run(|| {
            let before = has_place();
            let during = while_others_run(&Handle::current(), has_place);
            (before, during, has_place())
        });
        assert_eq!(waiting.await.expect("no panic"), (true, false, true));
        let panics = run(|| -> () { panic!("on purpose") });
        assert!(panics.await.is_err());
        assert!(run(has_place).await.expect("no panic"));
    }
}
