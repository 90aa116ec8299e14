//! How blocking functions ask: [`Context::wait`].

use std::cell::Cell;

use crate::blocking;
use crate::context::Context;
use crate::error::{CallError, CallResult};

thread_local! {
    /// Whether this thread runs a blocking function.
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Runs a blocking function, which may wait.
pub(crate) fn may_block<T>(function: impl FnOnce() -> T) -> T {
    /// Threads are used again, also after a panic.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            MAY_BLOCK.set(false);
        }
    }
    MAY_BLOCK.set(true);
    let _reset = Reset;
    function()
}

impl Context {
    /// Waits for what an asynchronous function would `.await`: this is how a plain `fn` asks.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Delete all notes.
    /// #[tool(destructive)]
    /// fn delete_all(ctx: &Context) -> CallResult<String> {
    ///     if ctx.wait(ctx.confirm("Delete all notes?"))? {
    ///         // …
    ///     }
    ///     Ok("done".into())
    /// }
    /// ```
    ///
    /// Blocking functions run where they may block, so this holds up no other call; it ends when the call is
    /// cancelled.
    ///
    /// # Errors
    /// Those of the question, and one of kind [`ErrorKind::Internal`](crate::ErrorKind::Internal) anywhere else than
    /// in a blocking function, where waiting could hold up the very answer it waits for.
    pub fn wait<T>(&self, question: impl IntoFuture<Output = CallResult<T>>) -> CallResult<T> {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if MAY_BLOCK.get() => {
                blocking::while_others_run(&runtime, || runtime.block_on(question.into_future()))
            }
            _ => Err(CallError::internal(
                "`Context::wait` is for blocking functions, on their own thread; in an `async fn` write `.await`",
            )),
        }
    }
}
