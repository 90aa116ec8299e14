//! Tasks kept in memory: [`MemoryTaskStore`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{StoreFuture, TaskEnd, TaskOutcome, TaskRecord, TaskStore, TaskStoreError, TaskUsage};

/// Keeps tasks for as long as the process lives.
#[derive(Default)]
pub struct MemoryTaskStore(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    tasks: HashMap<String, Entry>,
    /// Tasks and bytes, in all and by principal.
    total: Count,
    by_principal: HashMap<String, Count>,
}

/// Results are kept as text, which takes a fraction of the memory of a tree.
struct Entry {
    record: TaskRecord,
    payload: Option<String>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    tasks: usize,
    bytes: u64,
}

impl MemoryTaskStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TaskStore for MemoryTaskStore {
    fn insert(&self, task: TaskRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.kept().insert(task);
            Ok(())
        })
    }

    fn get(&self, id: &str) -> StoreFuture<'_, Option<TaskRecord>> {
        let id = id.to_owned();
        Box::pin(async move { self.kept().tasks.get(&id).map(Entry::restore).transpose() })
    }

    fn end(&self, id: &str, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, bool> {
        let id = id.to_owned();
        Box::pin(async move { Ok(self.kept().end(&id, end, keep_until_ms)) })
    }

    fn end_abandoned(&self, _: TaskEnd, _: u64) -> StoreFuture<'_, usize> {
        // Whoever began a task shares the process with it.
        Box::pin(async { Ok(0) })
    }

    fn remove_expired(&self, now_ms: u64) -> StoreFuture<'_, usize> {
        Box::pin(async move { Ok(self.kept().remove_expired(now_ms)) })
    }

    fn usage(&self, principal: &str) -> StoreFuture<'_, TaskUsage> {
        let principal = principal.to_owned();
        Box::pin(async move { Ok(self.kept().usage(&principal)) })
    }
}

impl Kept {
    fn insert(&mut self, mut record: TaskRecord) {
        let end = record.end.take();
        for count in [
            &mut self.total,
            self.by_principal.entry(record.principal.clone()).or_default(),
        ] {
            count.tasks += 1;
        }
        let id = record.id.clone();
        let payload = None;
        self.tasks.insert(id.clone(), Entry { record, payload });
        if let Some(end) = end {
            self.end(&id, end, 0);
        }
    }

    fn end(&mut self, id: &str, mut end: TaskEnd, keep_until_ms: u64) -> bool {
        let Some(entry) = self.tasks.get_mut(id).filter(|entry| entry.record.end.is_none()) else {
            return false;
        };
        entry.payload = end.outcome.payload();
        if let TaskOutcome::Completed(payload) | TaskOutcome::Failed(payload) = &mut end.outcome {
            *payload = Default::default();
        }
        entry.record.expires_at_ms = entry.record.expires_at_ms.max(keep_until_ms);
        entry.record.end = Some(end);
        let bytes = entry.bytes();
        self.total.bytes += bytes;
        if let Some(count) = self.by_principal.get_mut(&entry.record.principal) {
            count.bytes += bytes;
        }
        true
    }

    fn remove_expired(&mut self, now_ms: u64) -> usize {
        let before = self.tasks.len();
        let Self {
            tasks,
            total,
            by_principal,
        } = self;
        tasks.retain(|_, entry| {
            let keep = entry.record.end.is_none() || entry.record.expires_at_ms > now_ms;
            if !keep {
                let removed = entry.bytes();
                total.tasks -= 1;
                total.bytes -= removed;
                if let Some(count) = by_principal.get_mut(&entry.record.principal) {
                    count.tasks -= 1;
                    count.bytes -= removed;
                }
            }
            keep
        });
        by_principal.retain(|_, count| count.tasks > 0);
        before - self.tasks.len()
    }

    fn usage(&self, principal: &str) -> TaskUsage {
        let of_principal = self.by_principal.get(principal).copied().unwrap_or_default();
        TaskUsage {
            tasks: self.total.tasks,
            tasks_of_principal: of_principal.tasks,
            result_bytes: self.total.bytes,
            result_bytes_of_principal: of_principal.bytes,
        }
    }
}

impl Entry {
    fn bytes(&self) -> u64 {
        self.payload.as_ref().map_or(0, |payload| payload.len() as u64)
    }

    /// The record with its payload.
    fn restore(&self) -> Result<TaskRecord, TaskStoreError> {
        let mut record = self.record.clone();
        if let (Some(end), Some(text)) = (&mut record.end, &self.payload)
            && let TaskOutcome::Completed(payload) | TaskOutcome::Failed(payload) = &mut end.outcome
        {
            *payload = serde_json::from_str(text)
                .map_err(|error| TaskStoreError::failed("reading a result", error))?;
        }
        Ok(record)
    }
}
