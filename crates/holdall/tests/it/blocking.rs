//! Functions that block.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use holdall::prelude::*;
use serde_json::json;
use tokio::runtime::Builder;

use crate::client::connect;

/// Closed until somebody opens it.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().expect("nobody panics with it") = true;
        self.opened.notify_all();
    }
}

/// Wait until the gate opens.
#[tool]
fn pass(gate: State<Arc<Gate>>) -> &'static str {
    let open = gate.open.lock().expect("nobody panics with it");
    drop(
        gate.opened
            .wait_while(open, |open| !*open)
            .expect("nobody panics with it"),
    );
    "passed"
}

/// Wait until the gate opens, but not for long.
#[tool(timeout = "50ms")]
fn pass_soon(gate: State<Arc<Gate>>) -> &'static str {
    pass(gate)
}

/// Add two numbers.
#[tool]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Run another runtime, as synchronous clients of the network do.
#[tool]
fn block_on() -> &'static str {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
    tokio::runtime::Handle::current().block_on(async { "blocked" })
}

/// More calls block than there are workers, and other calls are answered.
async fn blocked_functions_hold_up_nobody(calls: usize) {
    let gate = Arc::new(Gate::default());
    let server = Server::new("t")
        .state(Arc::clone(&gate))
        .add(tools![pass, pass_soon, add, block_on]);
    let client = Arc::new(connect(server).await);
    let blocked: Vec<_> = (0..calls)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.call("pass", json!({})).await })
        })
        .collect();
    let late = client
        .call("pass_soon", json!({}))
        .await
        .expect_err("the gate is closed");
    assert!(late.contains("timed_out"), "{late}");
    let sum = client.call("add", json!({"a": 1, "b": 2})).await;
    assert_eq!(sum.as_deref(), Ok("3"));
    let other_runtime = client.call("block_on", json!({})).await;
    assert_eq!(other_runtime.as_deref(), Ok("blocked"));
    gate.open();
    for call in blocked {
        assert_eq!(call.await.expect("no panic").as_deref(), Ok("passed"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_functions_hold_up_nobody_on_two_workers() {
    blocked_functions_hold_up_nobody(50).await;
}

#[tokio::test]
async fn blocked_functions_hold_up_nobody_on_one_thread() {
    blocked_functions_hold_up_nobody(50).await;
}

/// Work until nobody wants the result any more.
#[tool(timeout = "20ms")]
fn work(ctx: Context, gate: State<Arc<Gate>>) -> &'static str {
    while !ctx.is_cancelled() {
        std::thread::yield_now();
    }
    gate.open();
    "stopped"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_function_learns_that_its_time_is_up() {
    let server = Server::new("t")
        .state(Arc::new(Gate::default()))
        .add(tools![work, pass]);
    let client = connect(server).await;
    let late = client
        .call("work", json!({}))
        .await
        .expect_err("it never ends by itself");
    assert!(late.contains("timed_out"), "{late}");
    let other = client.call("pass", json!({})).await;
    assert_eq!(
        other.as_deref(),
        Ok("passed"),
        "the gate was opened when it stopped"
    );
}
