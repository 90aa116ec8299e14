//! Where blocking functions run: where they hold up nobody.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, block_in_place, spawn_blocking};

/// Blocking functions that run at once in this process; more wait, within their timeout. Half of the threads tokio
/// has for them, so that its workers always find one to go on with.
const RUNNING_MAX: usize = 256;

static PLACES: Semaphore = Semaphore::const_new(RUNNING_MAX);

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
        let _place = place;
        function()
    };
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::spawn(async move { block_in_place(function) }).await,
        _ => spawn_blocking(function).await,
    }
}
