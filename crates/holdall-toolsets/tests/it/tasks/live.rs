//! Resources, and who hears that they changed.

use holdall::Server;
use holdall_testkit::{Answer, Client};
use serde_json::{Value, json};

use super::{Desk, add};

const VERSIONS: [&str; 3] = ["2024-11-05", "2025-11-25", "2026-07-28"];
const UPDATED: &str = "notifications/resources/updated";
const LIST_CHANGED: &str = "notifications/resources/list_changed";

/// Waits until all of these have been told of.
async fn hears(client: &Client, uris: &[&str]) {
    let mut waiting: Vec<&str> = uris.to_vec();
    while !waiting.is_empty() {
        let news = client.next_notification(UPDATED).await;
        let uri = news.params["uri"].as_str().unwrap();
        assert!(uris.contains(&uri), "{uri}");
        waiting.retain(|waited| *waited != uri);
    }
}

async fn connect(server: Server, version: &str) -> Client {
    let client = Client::connect(server)
        .protocol(version)
        .answer(Answer::accept(json!({})))
        .await;
    if version == "2026-07-28" {
        drop(client.listen(json!({"resourcesListChanged": true})).await);
    }
    client
}

#[tokio::test]
async fn tasks_are_listed_read_and_completed() {
    let desk = Desk::new();
    let client = desk.client().await;
    for n in 1..=250 {
        add(&client, &format!("number {n}"), json!({})).await;
    }
    let listed = client.list_resources().await;
    assert_eq!(listed.len(), 251, "all of them, and `tasks://all`");
    let first = listed.iter().find(|one| one.uri == "tasks://1").unwrap();
    assert_eq!(first.title.as_deref(), Some("number 1"));
    let task: Value = client.read("tasks://17").await.json();
    assert_eq!(
        (&task["title"], &task["status"]),
        (&json!("number 17"), &json!("open"))
    );
    let all: Value = client.read("tasks://all").await.json();
    assert_eq!(all["tasks"].as_array().unwrap().len(), 250);
    let typed = client.complete_resource("tasks://{id}", "id", "24").await;
    let mut values = typed.values();
    values.sort();
    assert_eq!(values[..2], ["24", "240"]);
    assert_eq!(values.len(), 11);
    assert_eq!(
        client
            .complete_resource("tasks://{id}", "id", "x'")
            .await
            .values(),
        [""; 0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_subscribed_hears_of_changes_here_and_elsewhere() {
    for version in VERSIONS {
        let desk = Desk::new();
        // A second server on the file stands for another process: it has connections of its own.
        let elsewhere = desk.client().await;
        let client = connect(desk.server(), version).await;
        add(&client, "mine", json!({})).await;
        client.next_notification(LIST_CHANGED).await;
        client.subscribe("tasks://all").await;
        client.subscribe("tasks://1").await;
        for who in [&client, &elsewhere] {
            let title = json!({"id": 1, "title": format!("changed in {version}"), "status": "open"});
            who.call("update_task", title).await.text();
            who.call("complete_task", json!({"id": 1})).await.text();
            hears(&client, &["tasks://all", "tasks://1"]).await;
            who.call("update_task", json!({"id": 1, "title": "x", "status": "open"}))
                .await
                .text();
        }
        add(&elsewhere, "theirs", json!({})).await;
        client.next_notification(LIST_CHANGED).await;
        let two: Value = client.read("tasks://2").await.json();
        assert_eq!(two["title"], "theirs");
        if version != "2024-11-05" {
            client.call("delete_task", json!({"id": 1})).await.text();
            client.next_notification(LIST_CHANGED).await;
            client.read("tasks://1").await.expect_error("not_found");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_no_news() {
    let desk = Desk::new();
    let client = connect(desk.server(), "2025-11-25").await;
    add(&client, "quiet", json!({})).await;
    add(&client, "loud", json!({})).await;
    client.call("complete_task", json!({"id": 1})).await.text();
    client.subscribe("tasks://1").await;
    client.subscribe("tasks://2").await;
    // What happened before may still be told.
    let before = |client: &Client| client.notifications().len();
    client
        .call("update_task", json!({"id": 2, "title": "louder"}))
        .await
        .text();
    while client.next_notification(UPDATED).await.params["uri"] != "tasks://2" {}
    let heard = before(&client);
    client.call("complete_task", json!({"id": 1})).await.text();
    client
        .call("update_task", json!({"id": 1, "title": "quiet"}))
        .await
        .text();
    client.call("list_tasks", json!({})).await.text();
    client
        .call("update_task", json!({"id": 2, "title": "loudest"}))
        .await
        .text();
    while client.next_notification(UPDATED).await.params["uri"] != "tasks://2" {}
    let all = client.notifications();
    let quiet = all[heard..]
        .iter()
        .filter(|news| news.params["uri"] == "tasks://1");
    assert_eq!(quiet.count(), 0, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_missed_more_than_is_remembered_hears_of_everything() {
    let desk = Desk::new();
    let client = connect(desk.server(), "2025-11-25").await;
    add(&client, "watched", json!({})).await;
    client.subscribe("tasks://1").await;
    client
        .call("update_task", json!({"id": 1, "title": "seen"}))
        .await
        .text();
    hears(&client, &["tasks://1"]).await;
    // Another process changes so much in one go that the change of this one is no longer in the table.
    let connection = rusqlite::Connection::open(desk.file()).unwrap();
    connection
        .execute_batch(
            "BEGIN IMMEDIATE;
             UPDATE tasks SET title = 'changed' WHERE id = 1;
             INSERT INTO changes (name, listed)
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) SELECT 'x', 0 FROM n;
             COMMIT;",
        )
        .unwrap();
    let kept: u32 = connection
        .query_row("SELECT count(*) FROM changes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 10_000);
    hears(&client, &["tasks://1"]).await;
}
