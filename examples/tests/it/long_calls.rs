//! `confirm`, `progress` and `tasks`: calls in which something happens before their result.

use holdall_testkit::{Answer, Client};
use serde_json::{Value, json};

use crate::{confirm, progress, tasks};

#[tokio::test]
async fn nothing_is_deleted_unless_a_person_agrees() {
    for version in ["2025-11-25", "2026-07-28"] {
        let client = Client::connect(confirm::server())
            .protocol(version)
            .answer(Answer::decline())
            .answer(Answer::accept(json!({})))
            .await;
        let delete = async |name| client.call("delete_photo", json!({"name": name})).await;
        assert_eq!(delete("cat.jpg").await.text(), "`cat.jpg` was kept");
        assert_eq!(delete("cat.jpg").await.text(), "`cat.jpg` was deleted");
        assert_eq!(client.questions()[0].text(), "Delete `cat.jpg` for good?");
        let left = client.call("list_photos", json!({})).await;
        assert!(
            left.text().contains("sea.jpg") && !left.text().contains("cat.jpg"),
            "{left:?}"
        );
        // Nobody is asked about what is not there.
        delete("dog.jpg").await.expect_error("not_found");
        assert_eq!(client.questions().len(), 2, "{version}");
    }
}

#[tokio::test]
async fn where_nobody_can_be_asked_a_code_confirms() {
    let client = Client::connect(confirm::server()).await;
    let refused = client.call("delete_photo", json!({"name": "cat.jpg"})).await;
    let hint = refused.expect_error("confirmation_required").hint.unwrap();
    let code = hint.split('"').nth(1).unwrap();

    let other = json!({"name": "sea.jpg", "confirmation": code});
    client
        .call("delete_photo", other)
        .await
        .expect_error("confirmation_required");
    let same = json!({"name": "cat.jpg", "confirmation": code});
    let reply = client.call("delete_photo", same).await;
    assert_eq!(reply.text(), "`cat.jpg` was deleted");
}

#[tokio::test]
async fn progress_is_reported_to_who_asked_for_it() {
    let client = Client::connect(progress::server()).await;
    let reply = client.call("sum_squares", json!({"last": 3})).await;
    assert_eq!(reply.text(), "14");
    let messages: Vec<_> = reply
        .progress()
        .into_iter()
        .filter_map(|step| step.message)
        .collect();
    assert_eq!(messages, ["1 squared", "2 squared", "3 squared"]);

    let quiet = client
        .call("sum_squares", json!({"last": 3}))
        .without_progress()
        .await;
    assert_eq!(quiet.text(), "14");
    assert_eq!(client.progress().len(), 3);

    let wrong = client.call("sum_squares", json!({"last": 0})).await;
    wrong.expect_error("invalid_arguments").problem("/last");
}

const TASKS: &str = "io.modelcontextprotocol/tasks";

#[tokio::test(start_paused = true)]
async fn a_long_call_becomes_a_task() {
    let client = Client::connect(tasks::server())
        .capabilities(json!({"extensions": {TASKS: {}}}))
        .await;
    let reply = client.call("bake_bread", json!({"loaves": 2})).await;
    let id = reply.raw()["taskId"].as_str().unwrap().to_owned();
    let task = async || -> Value {
        let task = client.request("tasks/get", json!({"taskId": id})).await;
        task.result().clone()
    };
    let working = task().await;
    assert_eq!(working["status"], "working");
    assert_eq!(working["statusMessage"], "baking loaf 1 (1 of 2)");

    tokio::time::sleep(tasks::BAKING_TIME * 3).await;
    let done = task().await;
    assert_eq!(done["status"], "completed");
    assert_eq!(done["result"]["content"][0]["text"], "2 loaves are ready");

    let wrong = client.call("bake_bread", json!({"loaves": 6})).await;
    wrong.expect_error("invalid_arguments").problem("/loaves");
}

#[tokio::test(start_paused = true)]
async fn clients_that_know_no_tasks_wait() {
    let client = Client::connect(tasks::server()).await;
    let call = client.call("bake_bread", json!({"loaves": 1}));
    let reply = call.patience(tasks::BAKING_TIME * 2).await;
    assert_eq!(reply.text(), "1 loaves are ready");
}

#[tokio::test]
async fn a_blocking_function_that_looks_stops_when_its_task_is_cancelled() {
    let client = Client::connect(tasks::server())
        .capabilities(json!({"extensions": {TASKS: {}}}))
        .await;
    let count = async |grains: u64| client.call("count_grains", json!({"grains": grains})).await;
    let begun = count(u64::MAX).await;
    let id = begun.raw()["taskId"].as_str().unwrap().to_owned();
    client.request("tasks/cancel", json!({"taskId": id})).await;
    let task = client.request("tasks/get", json!({"taskId": id})).await;
    assert_eq!(task.result()["status"], "cancelled");
    // The test ends only when the function has: the runtime waits for its thread.

    let wrong = client.call("count_grains", json!({"grains": -1})).await;
    wrong.expect_error("invalid_arguments").problem("/grains");
}
