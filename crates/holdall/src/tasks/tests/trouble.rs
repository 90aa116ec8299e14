//! What happens when the store does not work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmcp::model::CallToolResponse;

use super::{Bench, Order, settle};
use crate::tasks::{MemoryTaskStore, StoreFuture, TaskEnd, TaskRecord, TaskStore, TaskStoreError, TaskUsage};

/// A store that can be broken.
#[derive(Default)]
pub(super) struct Moody {
    inner: MemoryTaskStore,
    broken: AtomicBool,
}

impl Moody {
    pub(super) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::SeqCst);
    }

    fn or_broken<'a, T: 'a>(&self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        match self.broken.load(Ordering::SeqCst) {
            true => Box::pin(async { Err(TaskStoreError::failed("writing", "the disk is full")) }),
            false => answer,
        }
    }
}

impl TaskStore for Moody {
    fn insert(&self, task: TaskRecord) -> StoreFuture<'_, ()> {
        self.or_broken(self.inner.insert(task))
    }

    fn get(&self, id: &str) -> StoreFuture<'_, Option<TaskRecord>> {
        self.or_broken(self.inner.get(id))
    }

    fn end(&self, id: &str, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, bool> {
        self.or_broken(self.inner.end(id, end, keep_until_ms))
    }

    fn end_abandoned(&self, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, usize> {
        self.or_broken(self.inner.end_abandoned(end, keep_until_ms))
    }

    fn remove_expired(&self, now_ms: u64) -> StoreFuture<'_, usize> {
        self.or_broken(self.inner.remove_expired(now_ms))
    }

    fn usage(&self, principal: &str) -> StoreFuture<'_, TaskUsage> {
        // Counting goes on, so that what comes after it is seen to fail.
        self.inner.usage(principal)
    }
}

fn bench() -> (Arc<Moody>, Bench) {
    let store = Arc::new(Moody::default());
    let bench = Bench::new(|options| options.store = Arc::clone(&store) as _);
    (store, bench)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_stored_is_none_and_its_function_stops() {
    let (store, bench) = bench();
    store.set_broken(true);
    let (orders, reply) = bench.call("a").await;
    let Ok(CallToolResponse::Complete(result)) = reply else {
        panic!("{reply:?}")
    };
    let error = &result.meta.unwrap()["holdall/error"];
    assert_eq!(error["message"], "the task cannot be stored");
    assert!(orders.is_closed(), "the function is gone");
    store.set_broken(false);
    bench.begin("b").await;
}

#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_stored_is_told_and_stored_later() {
    let (store, bench) = bench();
    let (orders, id) = bench.begin("a").await;
    store.set_broken(true);
    orders.send(Order::Succeed).unwrap();
    settle().await;
    let task = bench.get(&id).await.unwrap();
    assert_eq!(task["status"], "completed");
    // It has ended: nothing that comes after it counts.
    bench.cancel(&id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(bench.get(&id).await.unwrap(), task);

    store.set_broken(false);
    assert!(store.get(&id).await.unwrap().unwrap().end.is_none());
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(store.get(&id).await.unwrap().unwrap().end.is_some());
    assert_eq!(bench.get(&id).await.unwrap(), task);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_does_not_answer_nothing_is_said_to_be_unknown() {
    let (store, bench) = bench();
    let (orders, id) = bench.begin("a").await;
    orders.send(Order::Succeed).unwrap();
    settle().await;
    store.set_broken(true);
    let error = bench.get(&id).await.unwrap_err();
    assert_eq!(error.code.0, -32603);
    assert!(
        !error.message.contains("disk"),
        "what is inside stays inside: {error:?}"
    );
}
