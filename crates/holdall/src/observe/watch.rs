//! Sees to it that observers are told of each call, once: [`Watch`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;
use tracing::Span;

use super::record::Addressed;
use super::{Arrival, CallRecord, ObservedCall, Observers, Outcome};
use crate::context::Context;
use crate::error::{CallError, ErrorKind};

/// What watches one call; nothing if there is no observer. Cloning is cheap, and all clones are one.
#[derive(Clone, Default)]
pub(crate) struct Watch(Option<Arc<Watched>>);

struct Watched {
    observers: Observers,
    call: ObservedCall,
    started: Instant,
    became_task: AtomicBool,
    has_ended: AtomicBool,
}

impl Watch {
    /// Watches a call that is about to begin. `arrival` is asked only if there is somebody to be told.
    pub(crate) fn new(
        observers: &Observers,
        addressed: &Addressed<'_>,
        context: &Context,
        arrival: impl FnOnce() -> Arrival,
    ) -> Self {
        if observers.is_empty() {
            return Self::default();
        }
        let watched = Watched {
            call: ObservedCall::new(addressed, context, arrival(), observers.wants()),
            observers: observers.clone(),
            started: Instant::now(),
            became_task: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
        };
        Self(Some(Arc::new(watched)))
    }

    /// The call begins. Dropped without having been [ended](Self::end), the guard tells that it was given up.
    pub(crate) fn begin(&self, span: &Span) -> Guard {
        if let Some(watched) = &self.0 {
            watched
                .observers
                .tell(|observer, _| observer.call_begun(&watched.call, span));
        }
        Guard(self.clone())
    }

    /// Whether the size of the result is of interest.
    pub(crate) fn wants_sizes(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|watched| watched.observers.wants().sizes)
    }

    /// From now on the call is a task.
    pub(crate) fn becomes_task(&self) {
        if let Some(watched) = &self.0 {
            watched.became_task.store(true, Ordering::Relaxed);
        }
    }

    /// The call has a result of so many bytes.
    pub(crate) fn succeed(&self, result_bytes: usize) {
        self.end(Outcome::Succeeded, Some(result_bytes), None);
    }

    /// The call failed, or asked the client.
    pub(crate) fn fail(&self, error: &CallError) {
        let outcome = match error.kind() {
            ErrorKind::InputRequired => Outcome::Asked,
            kind => Outcome::Failed(kind),
        };
        self.end(outcome, None, Some(error));
    }

    /// The first end counts.
    fn end(&self, outcome: Outcome, result_bytes: Option<usize>, error: Option<&CallError>) {
        let Some(watched) = &self.0 else { return };
        if watched.has_ended.swap(true, Ordering::AcqRel) {
            return;
        }
        let duration = watched.started.elapsed();
        watched.observers.tell(|observer, wants| {
            observer.call_ended(&CallRecord {
                call: &watched.call,
                duration,
                outcome,
                became_task: watched.became_task.load(Ordering::Relaxed),
                result_bytes: result_bytes.filter(|_| wants.sizes),
                error,
            });
        });
    }
}

/// A call under way: whoever drops it before the call has ended has given it up.
pub(crate) struct Guard(Watch);

impl Drop for Guard {
    fn drop(&mut self) {
        let kind = match std::thread::panicking() {
            true => ErrorKind::Internal,
            false => ErrorKind::Cancelled,
        };
        self.0.end(Outcome::Failed(kind), None, None);
    }
}
