//! What goes wrong, on purpose, with Holdall.

use std::thread::sleep;
use std::time::Duration;

use holdall::prelude::*;

/// Answers.
#[tool]
fn healthy() -> &'static str {
    "fine"
}

/// Has a bug.
#[tool]
fn panic() -> String {
    panic!("a bug: secret-42")
}

/// Blocks.
#[tool]
fn block() -> &'static str {
    sleep(Duration::from_millis(500));
    "done"
}

/// Blocks where it must not.
#[tool]
async fn block_async() -> &'static str {
    sleep(Duration::from_millis(500));
    "done"
}

/// Prints.
#[tool]
#[expect(clippy::print_stdout, reason = "what it does is what is shown")]
fn stray_print() -> &'static str {
    println!("stray");
    "printed"
}

#[tokio::main(worker_threads = 4)]
async fn main() -> holdall::Result<()> {
    let tools = tools![healthy, panic, block, block_async, stray_print];
    Server::new("faults").version("1.0.0").add(tools).run().await
}
