//! `task_tracker`: tasks that are added, done, listed, found and kept.

use holdall_testkit::Client;
use serde_json::{Value, json};

use crate::task_tracker::server;

#[tokio::test]
async fn tasks_are_added_done_listed_and_found() {
    for version in ["2025-11-25", "2026-07-28"] {
        let client = Client::connect(server(":memory:").unwrap())
            .protocol(version)
            .await;
        client.subscribe("tasks://all").await;
        let add = async |title: &str| client.call("add_task", json!({ "title": title })).await;
        let milk = json!({"id": 1, "title": "Buy milk", "done": false});
        assert_eq!(add("Buy milk").await.json(), milk);
        client.next_notification("notifications/resources/updated").await;
        add("Pay '; DROP TABLE tasks; --").await.json();
        let done = client.call("complete_task", json!({"id": "2"})).await.json();
        assert_eq!(done["done"], true);

        let list =
            async |arguments: Value| client.call("list_tasks", arguments).await.json()["result"].clone();
        assert_eq!(list(json!({})).await, json!([milk]));
        assert_eq!(list(json!({"status": "done"})).await[0]["id"], 2);
        let all: Vec<Value> = client.read("tasks://all").await.json();
        assert_eq!(json!(all), list(json!({"status": "all"})).await);
        assert_eq!(all.len(), 2);

        let search = async |text: &str| {
            let found = client.call("search_tasks", json!({ "text": text })).await.json();
            found["result"].as_array().unwrap().len()
        };
        assert_eq!(
            (search("MILK").await, search("%").await, search("' OR 1").await),
            (1, 0, 0)
        );
        let plan = client.prompt("plan_day", json!({"hours": "3"})).await.text();
        assert!(
            plan.starts_with("I have 3 hours.") && plan.ends_with("\n\n- 1: Buy milk"),
            "{plan}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let client = Client::connect(server(":memory:").unwrap()).await;
    let missing = client
        .call("complete_task", json!({"id": 7}))
        .await
        .expect_error("not_found");
    assert_eq!(missing.hint.as_deref(), Some("list_tasks shows those there are"));
    let wrong = client.call("add_task", json!({"title": ""})).await;
    wrong.expect_error("invalid_arguments").problem("/title");
    let wrong = client
        .call("list_tasks", json!({"status": "opn"}))
        .await
        .expect_error("invalid_arguments");
    assert_eq!(wrong.problem("/status").did_you_mean.as_deref(), Some("open"));
}

#[tokio::test]
async fn tasks_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tasks.db");
    let file = file.to_str().unwrap();
    let client = Client::connect(server(file).unwrap()).await;
    client.call("add_task", json!({"title": "Buy milk"})).await.json();
    client.close().await;
    let client = Client::connect(server(file).unwrap()).await;
    assert_eq!(
        client.call("list_tasks", json!({})).await.json()["result"][0]["title"],
        "Buy milk"
    );
}
