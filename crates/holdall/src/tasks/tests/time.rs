//! When tasks and results are forgotten.

use std::sync::Arc;
use std::time::Duration;

use super::{Bench, Order, settle};
use crate::tasks::{MemoryTaskStore, TaskStore};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_there_until_its_life_is_over() {
    let store = Arc::new(MemoryTaskStore::new());
    let bench = Bench::new(|options| {
        options.store = Arc::clone(&store) as _;
        options.timeout = 100 * SECOND;
        options.ttl = 1_000 * SECOND;
        options.result_ttl = 10 * SECOND;
    });
    let (orders, id) = bench.begin("a").await;
    orders.send(Order::Succeed).unwrap();
    settle().await;
    let task = bench.get(&id).await.unwrap();
    assert_eq!(
        (&task["status"], &task["ttlMs"]),
        (&"completed".into(), &1_000_000.into())
    );

    tokio::time::sleep(990 * SECOND).await;
    assert_eq!(bench.get(&id).await.unwrap(), task);
    tokio::time::sleep(10 * SECOND).await;
    let gone = bench.get(&id).await.unwrap_err();
    let never = bench.get("x").await.unwrap_err();
    assert_eq!(gone.message.replace(&id, "x"), never.message);
    assert!(bench.update(&id, serde_json::json!({})).await.is_err());
    assert!(bench.cancel(&id).await.is_err());
    // Within a minute nothing is left.
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(store.usage("local").await.unwrap().tasks, 0);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_comes_late_is_kept_for_a_while() {
    let bench = Bench::new(|options| {
        options.timeout = 100 * SECOND;
        options.ttl = 100 * SECOND;
        options.result_ttl = 50 * SECOND;
    });
    let (orders, id) = bench.begin("a").await;
    assert_eq!(bench.get(&id).await.unwrap()["ttlMs"], 100_000);
    tokio::time::sleep(99 * SECOND).await;
    orders.send(Order::Fail).unwrap();
    settle().await;
    let task = bench.get(&id).await.unwrap();
    let ttl_ms = task["ttlMs"].as_u64().unwrap();
    assert!(
        (149_000..149_100).contains(&ttl_ms),
        "the client learns of it: {task}"
    );
    tokio::time::sleep(49 * SECOND).await;
    assert_eq!(bench.get(&id).await.unwrap(), task);
    tokio::time::sleep(2 * SECOND).await;
    assert!(bench.get(&id).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_makes_room_at_once() {
    let bench = Bench::new(|options| {
        options.stored_max = 1;
        options.timeout = 10 * SECOND;
        options.ttl = 10 * SECOND;
        options.result_ttl = SECOND;
    });
    let (orders, _) = bench.begin("a").await;
    orders.send(Order::Succeed).unwrap();
    settle().await;
    let (_, reply) = bench.call("b").await;
    assert!(
        format!("{reply:?}").contains("1 of your tasks are kept")
            || format!("{reply:?}").contains("1 tasks are kept"),
        "{reply:?}"
    );
    tokio::time::sleep(10 * SECOND).await;
    bench.begin("c").await;
}
