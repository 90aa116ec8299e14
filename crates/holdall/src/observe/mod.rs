//! Who wants to know of every call: [`Observer`].
//!
//! Whoever counts, bills, audits or traces is told of each call twice: when it begins, and once when it has ended,
//! however it ended: with a result, with an error, with a question to the client, dropped because the client hung up.
//! It is the same on every transport and in every version of the protocol, because it happens where all of them meet.
//! Without an observer nothing is gathered.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use holdall::observe::{CallRecord, Observer, Outcome};
//! use holdall::prelude::*;
//!
//! /// Counts what went wrong.
//! #[derive(Default)]
//! struct Failures(AtomicU64);
//!
//! impl Observer for Failures {
//!     fn call_ended(&self, record: &CallRecord<'_>) {
//!         if let Outcome::Failed(_) = record.outcome {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//!
//! #[tool]
//! fn divide(a: i64, b: i64) -> Result<i64, String> {
//!     a.checked_div(b).ok_or_else(|| "nothing can be divided by 0".into())
//! }
//!
//! Server::new("divider").add(tools![divide]).observe(Failures::default()).build()?;
//! # Ok::<(), holdall::Error>(())
//! ```
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | who is told: [`Observer`], and what it asks for: [`Wants`] |
//! | `arrival` | how did a call come here: [`Arrival`] |
//! | `record` | what is told: [`ObservedCall`], [`CallRecord`] |
//! | `watch` | that each call is told of, once |
//!
//! Not here: what becomes of it (metrics, logs, traces: `holdall-telemetry`).

mod arrival;
mod record;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::Span;

pub use self::arrival::Arrival;
pub(crate) use self::record::Addressed;
pub use self::record::{CallKind, CallRecord, ObservedCall, Outcome};
pub(crate) use self::watch::{Guard, Watch};

/// Somebody who is told of every call. Its methods are called on the way of the call, so they must neither block nor
/// take long; a panic in one of them is logged and ends nothing.
pub trait Observer: Send + Sync + 'static {
    /// What it has to be told beyond what costs nothing. Asked once, before the first call.
    fn wants(&self) -> Wants {
        Wants::default()
    }

    /// A call begins. Its span exists, but nothing has happened in it: it can be given a parent, or fields.
    fn call_begun(&self, call: &ObservedCall, span: &Span) {
        let _ = (call, span);
    }

    /// A call has ended. Told exactly once of every call that has begun.
    fn call_ended(&self, record: &CallRecord<'_>) {
        let _ = record;
    }

    /// A client of protocol 2025-11-25 or older has opened a session, over whatever transport.
    fn session_opened(&self) {}

    /// A session is over. Told exactly once of every session that was opened.
    fn session_closed(&self) {}

    /// A client has opened a `subscriptions/listen` stream, and it was accepted.
    fn stream_opened(&self) {}

    /// A `subscriptions/listen` stream is over. Told exactly once of every stream that was opened.
    fn stream_closed(&self) {}
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn wants(&self) -> Wants {
        (**self).wants()
    }

    fn call_begun(&self, call: &ObservedCall, span: &Span) {
        (**self).call_begun(call, span);
    }

    fn call_ended(&self, record: &CallRecord<'_>) {
        (**self).call_ended(record);
    }

    fn session_opened(&self) {
        (**self).session_opened();
    }

    fn session_closed(&self) {
        (**self).session_closed();
    }

    fn stream_opened(&self) {
        (**self).stream_opened();
    }

    fn stream_closed(&self) {
        (**self).stream_closed();
    }
}

/// What an [`Observer`] has to be told beyond what costs nothing. Default: none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wants {
    /// The sizes of arguments and results: [`ObservedCall::argument_bytes`], [`CallRecord::result_bytes`].
    pub sizes: bool,
    /// The values of the arguments, which may be anything a person keeps secret: [`ObservedCall::arguments`].
    pub arguments: bool,
    /// Where the caller's trace stands: [`ObservedCall::traceparent`].
    pub trace: bool,
}

impl Wants {
    /// Both what this one wants and what that one wants.
    fn and(self, other: Self) -> Self {
        Self {
            sizes: self.sizes || other.sizes,
            arguments: self.arguments || other.arguments,
            trace: self.trace || other.trace,
        }
    }
}

/// All observers of a server. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Observers(Option<Arc<All>>);

struct All {
    each: Vec<(Wants, Arc<dyn Observer>)>,
    wants: Wants,
}

impl Observers {
    /// One more.
    pub(crate) fn with(&self, observer: Arc<dyn Observer>) -> Self {
        let mut each = self.0.as_ref().map_or_else(Vec::new, |all| all.each.clone());
        each.push((observer.wants(), observer));
        let wants = each
            .iter()
            .fold(Wants::default(), |wants, (more, _)| wants.and(*more));
        Self(Some(Arc::new(All { each, wants })))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn wants(&self) -> Wants {
        self.0.as_ref().map_or_else(Wants::default, |all| all.wants)
    }

    /// Tells each of them.
    fn tell(&self, what: impl Fn(&dyn Observer, Wants)) {
        for (wants, observer) in self.0.iter().flat_map(|all| &all.each) {
            // A call may end while something else unwinds; a second panic would end the process.
            if catch_unwind(AssertUnwindSafe(|| what(&**observer, *wants))).is_err() {
                tracing::error!("an observer panicked");
            }
        }
    }

    /// A session opens; it is over when this is dropped.
    pub(crate) fn session(&self) -> Open {
        self.tell(|observer, _| observer.session_opened());
        Open(self.clone(), |observer| observer.session_closed())
    }

    /// A stream opens; it is over when this is dropped.
    pub(crate) fn stream(&self) -> Open {
        self.tell(|observer, _| observer.stream_opened());
        Open(self.clone(), |observer| observer.stream_closed())
    }
}

/// Something that is open until this is dropped.
pub(crate) struct Open(Observers, fn(&dyn Observer));

impl Drop for Open {
    fn drop(&mut self) {
        self.0.tell(|observer, _| (self.1)(observer));
    }
}
