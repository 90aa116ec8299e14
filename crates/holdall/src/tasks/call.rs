//! How a call is started that may become a task.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rmcp::model::{ClientCapabilities, TASKS_EXTENSION_ID};
use tracing::Instrument;

use super::board::Board;
use super::run::{Outcome, Run, Why};
use super::support::{Rules, TaskSupport};
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind, Signal};
use crate::observe::Watch;
use crate::pipeline;

/// The rules of a call that may become a task; `None` for one that is an ordinary call.
///
/// # Errors
/// If the call has to be a task, and the client knows none.
pub(crate) fn course<'a>(
    tool: &str,
    rules: Option<&'a Rules>,
    context: &Context,
) -> CallResult<Option<&'a Rules>> {
    let Some(rules) = rules else { return Ok(None) };
    // The extension is not defined for older versions of the protocol, whatever their clients declare.
    let capabilities = context
        .request()
        .client_capabilities()
        .filter(|_| context.is_stateless());
    match (
        capabilities.is_some_and(|client| client.supports_tasks()),
        rules.support,
    ) {
        (true, _) => Ok(Some(rules)),
        (false, TaskSupport::Optional) => Ok(None),
        (false, TaskSupport::Required) => {
            let message =
                format!("`{tool}` runs as a task, and this client did not declare that it knows tasks");
            let capability = ClientCapabilities::builder().enable_tasks().build();
            Err(CallError::new(ErrorKind::UnsupportedByClient, message)
                .hint(format!(
                    "use a client that declares the extension {TASKS_EXTENSION_ID}"
                ))
                .signalling(Signal::MissingCapability(capability)))
        }
    }
}

/// One call of a tool.
pub(crate) struct Start<'a, W> {
    pub(crate) tool: &'a str,
    pub(crate) rules: &'a Rules,
    /// How long the call may take as long as it is no task.
    pub(crate) timeout: Duration,
    /// Sends the call through the pipeline, with this context and this timeout.
    pub(crate) work: W,
    /// Turns an error into the reply that tells it.
    pub(crate) tell: fn(&CallError) -> Outcome,
}

/// Starts a call and waits until it has ended or is a task.
///
/// # Errors
/// If there is no room for another task.
pub(crate) async fn start<W>(board: &Board, call: Start<'_, W>, mut context: Context) -> CallResult<Outcome>
where
    W: FnOnce(Context, Duration) -> BoxFuture<Outcome>,
{
    let (run, mut reply) = board
        .admit(context.principal().name(), call.tool, call.rules)
        .await
        .inspect_err(|error| context.watch().fail(error))?;
    context.attach(&run);
    let request = context.request().ct.clone();
    let watch = context.watch().clone();
    let work = (call.work)(context, run.terms.timeout);
    let mut unanswered = Unanswered(Some(Arc::clone(&run)));
    let driven = Driven {
        run: Arc::clone(&run),
        tool: call.tool.to_owned(),
        timeout: call.timeout,
        tell: call.tell,
        watch,
    };
    tokio::spawn(driven.drive(work).in_current_span());
    let reply = tokio::select! {
        biased;
        reply = &mut reply => reply,
        () = request.cancelled() => {
            run.stop(Why::Client);
            reply.await
        }
    };
    unanswered.0 = None;
    reply.map_err(CallError::internal)
}

/// A request that is dropped before it was answered takes its call with it: nobody will ever know of it.
struct Unanswered(Option<Arc<Run>>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run.stop(Why::Client);
        }
    }
}

/// A call under way.
struct Driven {
    run: Arc<Run>,
    tool: String,
    timeout: Duration,
    tell: fn(&CallError) -> Outcome,
    watch: Watch,
}

impl Driven {
    async fn drive(self, work: BoxFuture<Outcome>) {
        let outcome = {
            let work = AssertUnwindSafe(work).catch_unwind();
            let supervised = async {
                let error = self.supervise().await;
                // Before the work is dropped, which would look as if the client had given up.
                self.watch.fail(&error);
                error
            };
            tokio::select! {
                biased;
                outcome = work => outcome.unwrap_or_else(|_| (self.tell)(&CallError::internal("panicked on the way out"))),
                error = supervised => {
                    tracing::warn!(source = error.source(), "tool `{}` was stopped: {error}", self.tool);
                    (self.tell)(&error)
                }
            }
        };
        self.run.finish(outcome).await;
        // A blocking function whose time is over still runs, and should hear of it.
        self.run.cancellation().cancel();
    }

    /// Makes the call a task when its time of grace is over, and ends it when its life is. Resolves if neither can be
    /// done.
    async fn supervise(&self) -> CallError {
        let grace = self.run.terms.grace.min(self.timeout);
        tokio::time::sleep(grace).await;
        match self.run.become_task().await {
            Ok(true) => {
                tokio::time::sleep(self.run.life_left()).await;
                self.run.stop(Why::Expired);
                // The pipeline hears it.
                std::future::pending().await
            }
            // It has asked in its reply, so its request goes on waiting.
            Ok(false) => {
                tokio::time::sleep(self.timeout - grace).await;
                pipeline::timed_out(&self.tool, self.timeout)
            }
            Err(error) => error,
        }
    }
}
