//! What a function keeps from one of its runs to the next: [`Context::remember`].

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::asking::Way;
use crate::context::Context;
use crate::error::CallResult;

impl Context {
    /// Does something once per call, however often the function runs, and hands out what came of it.
    ///
    /// With clients that speak 2026-07-28 a function that asks is run again from its start, with the answers. What it
    /// does before a question happens again, unless it is done in here:
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Order a pizza.
    /// #[tool]
    /// async fn order(ctx: Context, kind: String) -> CallResult<String> {
    ///     let number: u32 = ctx.remember("reservation", reserve(&kind)).await?;
    ///     if ctx.confirm(format!("Order one {kind}, reservation {number}?")).await? {
    ///         // …
    ///     }
    ///     Ok(format!("ordered {number}"))
    /// }
    ///
    /// async fn reserve(kind: &str) -> CallResult<u32> {
    ///     // …
    /// #   Ok(kind.len() as u32)
    /// }
    /// ```
    ///
    /// The value travels with the client, which can read it but not change it, so it is no place for secrets and has
    /// to be small: what a call remembers and was answered may take some 190 KB. A call that nobody continues leaves
    /// behind what was done.
    ///
    /// # Errors
    /// Those of `work`, which is then done again in the next run.
    pub async fn remember<T, F>(&self, key: &str, work: F) -> CallResult<T>
    where
        T: Serialize + DeserializeOwned,
        F: IntoFuture<Output = CallResult<T>>,
    {
        let (Way::Rounds(rounds) | Way::Inbox { earlier: rounds, .. }) = self.asking().way() else {
            return work.await;
        };
        if let Some(value) = rounds.kept(key) {
            return Ok(serde_json::from_value(value)?);
        }
        let value = work.await?;
        rounds.keep(key, serde_json::to_value(&value)?);
        Ok(value)
    }
}
