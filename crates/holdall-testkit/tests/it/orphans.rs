//! A server ends when those who started it are gone, even if its input stays open.

#![cfg(unix)]

use std::process::Command;

use holdall_testkit::Wire;
use serde_json::{Value, json};

use crate::program;

#[tokio::test]
async fn the_end_of_the_parent_is_the_end() {
    // A wrapper that hands its streams on, as `npx` does. It is killed alone; the streams stay open.
    let mut wrapper = Command::new("sh");
    wrapper
        .args(["-c", "exec 3<&0; \"$0\" <&3 & wait"])
        .arg(program().get_program());
    let mut wire = Wire::spawn(wrapper);
    wire.initialize("2025-11-25").await;
    wire.process().kill().await;
    // The output closes when the server has ended.
    assert_eq!(wire.rest().await, [Value::Null; 0]);
}

#[tokio::test]
async fn a_call_under_way_is_finished_first() {
    let mut wrapper = Command::new("sh");
    wrapper
        .args(["-c", "exec 3<&0; \"$0\" <&3 & wait"])
        .arg(program().get_program());
    let mut wire = Wire::spawn(wrapper);
    wire.initialize("2025-11-25").await;
    let arguments = json!({"name": "nap", "arguments": {"ms": 300}, "_meta": {"progressToken": 1}});
    wire.request(1, "tools/call", arguments).await;
    assert_eq!(wire.next().await["method"], "notifications/progress");
    wire.process().kill().await;
    assert_eq!(wire.rest().await[0]["result"]["content"][0]["text"], "awake");
}

#[tokio::test]
async fn the_end_of_the_last_reader_is_the_end() {
    let mut wire = Wire::spawn(program());
    wire.initialize("2025-11-25").await;
    wire.stop_reading();
    assert_eq!(wire.process().wait().await.code(), Some(0));
}

#[tokio::test]
async fn a_parent_that_lives_is_no_reason_to_end() {
    let mut wire = Wire::spawn(program());
    wire.initialize("2025-11-25").await;
    for id in 0..100 {
        wire.request(id, "ping", Value::Null).await;
        assert_eq!(wire.reply_to(id).await["result"], json!({}));
    }
}
