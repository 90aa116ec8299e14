//! What a function can say and know about its task.

use crate::context::Context;
use crate::error::CallResult;

impl Context {
    /// Makes the call a task now instead of when it has taken too long: the client gets its id, and the function goes
    /// on. Whether the call is a task now; it is none if the tool cannot be one, the client knows none, or something
    /// was asked in the reply and waits for its answer.
    ///
    /// Say this where the long work begins. What is asked before is asked in the reply, without a task that waits;
    /// what is asked after is asked in the task, and the function is not run again.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Rebuild the index.
    /// #[tool]
    /// async fn rebuild(ctx: Context) -> CallResult<String> {
    ///     if !ctx.confirm("Rebuild the index? It takes an hour.").await? {
    ///         return Ok("nothing was done".into());
    ///     }
    ///     ctx.become_task().await?;
    ///     // …
    ///     Ok("rebuilt".into())
    /// }
    /// ```
    ///
    /// # Errors
    /// If the task cannot be stored, or the call was cancelled.
    pub async fn become_task(&self) -> CallResult<bool> {
        match self.run() {
            Some(run) => run.become_task().await,
            None => Ok(false),
        }
    }

    /// Whether the call is a task: its request was answered, and the client asks from time to time.
    pub fn is_task(&self) -> bool {
        self.run().is_some_and(|run| run.is_task())
    }

    /// Between validation and function: from now on the call can become a task, and does if it is to be one from the
    /// start.
    pub(crate) async fn open_task(&self) -> CallResult<()> {
        if let Some(run) = self.run() {
            run.open(self);
            if run.terms.grace.is_zero() {
                run.become_task().await?;
            }
        }
        Ok(())
    }
}
