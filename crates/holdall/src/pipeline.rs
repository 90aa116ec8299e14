//! The way of every call: panic guard, validation, timeout, cancellation, outcome. Its span, and who is told of it, are
//! its service's matter (`service/entry`).
//!
//! There is exactly one of it, for tools, resources and prompts, on every transport and protocol version, so
//! that there is exactly one place where a check can be forgotten.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use crate::blocking;
use crate::call::{Call, Handler};
use crate::context::Context;
use crate::contract::Contract;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::interaction;
use crate::protocol::JsonObject;

/// How long a call may take unless its author says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// What the pipeline must know of the thing that is called.
pub(crate) struct Target<'a, T> {
    /// `tool`, `resource`, `prompt` or `completion`.
    pub(crate) kind: &'static str,
    pub(crate) name: &'a str,
    pub(crate) contract: &'a Contract,
    pub(crate) timeout: Duration,
    pub(crate) handler: &'a Handler<T>,
}

/// Serves one call, in the span its service has opened for it.
pub(crate) async fn run<T: Send + 'static>(
    target: Target<'_, T>,
    arguments: JsonObject,
    context: Context,
) -> CallResult<T> {
    let started = Instant::now();
    let outcome = checked(&target, arguments, context, started).await;
    report(&target, started.elapsed(), outcome.as_ref().err());
    outcome
}

async fn checked<T: Send + 'static>(
    target: &Target<'_, T>,
    arguments: JsonObject,
    context: Context,
    started: Instant,
) -> CallResult<T> {
    let arguments = target.contract.apply(target.name, arguments);
    let (arguments, context) = interaction::begin(context, target.name, arguments)?;
    context.open_task().await?;
    tokio::select! {
        // The call first: most are done at once, and then neither timer nor cancellation is ever set up.
        biased;
        outcome = guarded(target.handler, Call::new(arguments, context.clone())) => outcome,
        () = context.asking().patience.spent(started, target.timeout) => {
            // A function that cannot be dropped, because it blocks, learns that nobody waits any more.
            context.give_up();
            Err(timed_out(target.name, target.timeout))
        }
        () = context.cancelled() => Err(CallError::new(ErrorKind::Cancelled, "the client cancelled the call")),
    }
}

async fn guarded<T: Send + 'static>(handler: &Handler<T>, call: Call) -> CallResult<T> {
    let context = call.context().clone();
    match handler {
        Handler::Async(function) => AssertUnwindSafe(async { context.asking().settle(function(call).await) })
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(panicked(panic.as_ref()))),
        Handler::Blocking(function) => {
            let function = Arc::clone(function);
            let span = tracing::Span::current();
            let joined = blocking::run(move || {
                let outcome = span.in_scope(|| interaction::may_block(|| function(call)));
                context.asking().settle(outcome)
            })
            .await;
            joined.unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => Err(panicked(panic.as_ref())),
                Err(_) => Err(CallError::new(
                    ErrorKind::Unavailable,
                    "the server is shutting down",
                )),
            })
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> CallError {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into());
    CallError::internal(Panicked(text))
}

/// The function panicked.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
pub(crate) struct Panicked(String);

pub(crate) fn timed_out(name: &str, timeout: Duration) -> CallError {
    CallError::new(
        ErrorKind::TimedOut,
        format!("`{name}` did not finish within {timeout:?}"),
    )
    .hint("ask for less at once, or try again later")
}

fn report<T>(target: &Target<'_, T>, elapsed: Duration, error: Option<&CallError>) {
    let duration_ms = elapsed.as_secs_f64() * 1000.0;
    match error {
        None => tracing::debug!(duration_ms, "{} `{}` succeeded", target.kind, target.name),
        Some(error) if error.kind() == ErrorKind::InputRequired => {
            tracing::debug!(duration_ms, "{} `{}` asks the client", target.kind, target.name);
        }
        Some(error) if error.kind() == ErrorKind::Internal => {
            let source = error.source().map(error_chain);
            tracing::error!(
                duration_ms,
                source,
                "{} `{}` failed: {}",
                target.kind,
                target.name,
                error.message()
            );
        }
        Some(error) => {
            let source = error.source().map(error_chain);
            tracing::info!(
                duration_ms,
                source,
                "{} `{}` failed: {}",
                target.kind,
                target.name,
                without_values(error)
            );
        }
    }
}

/// An error for the log: what is wrong with arguments is said by where it is, not by what it is, because that may be a
/// password in the wrong place.
fn without_values(error: &CallError) -> String {
    let mut text = format!("{}: {}", error.kind(), error.message());
    for (index, problem) in error.argument_problems().iter().enumerate() {
        let path = match problem.path.as_str() {
            "" => "the arguments as a whole",
            path => path,
        };
        text.push_str(if index == 0 { ": " } else { ", " });
        text.push_str(path);
    }
    text
}

fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
