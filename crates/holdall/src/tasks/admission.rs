//! How many tasks there may be: [`Admission`] hands out [`Slot`]s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::options::TaskOptions;
use super::store::TaskUsage;
use crate::error::{CallError, CallResult, ErrorKind};

/// Counts the tasks that run.
#[derive(Default)]
pub(super) struct Admission(Mutex<Running>);

#[derive(Default)]
struct Running {
    total: usize,
    by_principal: HashMap<String, usize>,
}

impl Admission {
    /// Whether one more may run.
    pub(super) fn has_slot(&self, principal: &str, options: &TaskOptions) -> CallResult<()> {
        self.running().has_slot(principal, options)
    }

    /// A place for one more.
    pub(super) fn slot(self: &Arc<Self>, principal: &str, options: &TaskOptions) -> CallResult<Slot> {
        let mut running = self.running();
        running.has_slot(principal, options)?;
        running.total += 1;
        *running.by_principal.entry(principal.to_owned()).or_default() += 1;
        Ok(Slot {
            admission: Arc::clone(self),
            principal: principal.to_owned(),
        })
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn has_slot(&self, principal: &str, options: &TaskOptions) -> CallResult<()> {
        let of_principal = self.by_principal.get(principal).copied().unwrap_or_default();
        if of_principal >= options.running_per_principal_max {
            return Err(full(
                format!("{of_principal} of your tasks are running, as many as one caller may have"),
                "wait until one has finished, or cancel one with tasks/cancel",
            ));
        }
        if self.total >= options.running_max {
            let total = self.total;
            return Err(full(
                format!("{total} tasks are running, as many as the server takes"),
                "try again when some have finished",
            ));
        }
        Ok(())
    }
}

/// A place among those that run, until it is dropped with the context of the function: a blocking function that does
/// not hear that it was cancelled keeps its place until it returns.
pub(crate) struct Slot {
    admission: Arc<Admission>,
    principal: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.admission.running();
        running.total -= 1;
        if let Some(count) = running.by_principal.get_mut(&self.principal) {
            *count -= 1;
            if *count == 0 {
                running.by_principal.remove(&self.principal);
            }
        }
    }
}

/// Whether one more task can be stored.
pub(super) fn has_room(usage: TaskUsage, options: &TaskOptions) -> CallResult<()> {
    let later = "try again when some have expired";
    let TaskUsage {
        tasks,
        tasks_of_principal,
        result_bytes,
        result_bytes_of_principal,
    } = usage;
    if tasks_of_principal >= options.stored_per_principal_max {
        let what = format!("{tasks_of_principal} of your tasks are kept, as many as one caller may have");
        return Err(full(what, later));
    }
    if tasks >= options.stored_max {
        return Err(full(
            format!("{tasks} tasks are kept, as many as the server takes"),
            later,
        ));
    }
    if result_bytes_of_principal >= options.result_bytes_per_principal_max {
        let what = format!(
            "the results of your tasks have {result_bytes_of_principal} bytes, and {} is the most one caller may have",
            options.result_bytes_per_principal_max
        );
        return Err(full(what, later));
    }
    if result_bytes >= options.result_bytes_max {
        let what = format!(
            "the results of all tasks have {result_bytes} bytes, and {} is the most the server takes",
            options.result_bytes_max
        );
        return Err(full(what, later));
    }
    Ok(())
}

fn full(message: String, hint: &'static str) -> CallError {
    CallError::new(ErrorKind::Unavailable, message).hint(hint)
}
