//! Files that change, come and go: who hears of it.

use std::fs;
use std::time::Duration;

use holdall::Server;
use holdall_files::WatchOptions;
use holdall_testkit::Client;
use serde_json::json;

use super::Ground;

const VERSIONS: [&str; 3] = ["2024-11-05", "2025-11-25", "2026-07-28"];
const UPDATED: &str = "notifications/resources/updated";
const LIST_CHANGED: &str = "notifications/resources/list_changed";

/// Connects a client that hears of changed lists, as its version of the protocol has it.
async fn connect(server: Server, version: &str) -> Client {
    let client = Client::connect(server).protocol(version).await;
    if version == "2026-07-28" {
        drop(client.listen(json!({"resourcesListChanged": true})).await);
    }
    client
}

async fn updated(client: &Client) -> String {
    let notification = client.next_notification(UPDATED).await;
    notification.params["uri"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_hear_of_what_they_watch_and_of_nothing_else() {
    for version in VERSIONS {
        let ground = Ground::new(&[
            ("work/a b.txt", "one"),
            ("work/other.txt", "x"),
            ("work/f/c.txt", "c"),
        ]);
        let client = connect(ground.server(), version).await;
        client.subscribe("file://work/a%20b.txt").await;
        ground.put("work/other.txt", "y");
        ground.put("work/a b.txt", "two");
        assert_eq!(updated(&client).await, "file://work/a%20b.txt", "{version}");
        assert_eq!(client.read("file://work/a%20b.txt").await.text(), "two");
        // A folder's contents are its names.
        client.subscribe("file://work/f").await;
        ground.put("work/f/d.txt", "d");
        assert_eq!(updated(&client).await, "file://work/f");
        fs::remove_file(ground.at("work/a b.txt")).unwrap();
        while updated(&client).await != "file://work/a%20b.txt" {}
        client.next_notification(LIST_CHANGED).await;
        client
            .read("file://work/a%20b.txt")
            .await
            .expect_error("not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_by_the_tools_are_heard_of_too() {
    let ground = Ground::new(&[("work/a.txt", "one")]);
    let client = connect(ground.server(), "2026-07-28").await;
    client.subscribe("file://work/a.txt").await;
    let edit = json!({"path": "work/a.txt", "edits": [{"find": "one", "replace": "two"}]});
    client.call("edit_file", edit).await.json();
    assert_eq!(updated(&client).await, "file://work/a.txt");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_watched_it_is_said_and_looked() {
    let ground = Ground::new(&[("work/a.txt", "one"), ("work/f/b.txt", "b")]);
    let options = WatchOptions {
        folders_max: 1,
        poll_interval: Duration::from_millis(20),
        ..WatchOptions::default()
    };
    let server = Server::new("test").add(ground.toolset().watch_options(options));
    let client = connect(server, "2025-11-25").await;
    client.subscribe("file://work/a.txt").await;
    ground.put("work/a.txt", "longer");
    assert_eq!(updated(&client).await, "file://work/a.txt");
    let text = client.call("list_directory", json!({})).await.text();
    assert!(
        text.contains("noticed by looking every 20ms: there are more than 1 folders"),
        "{text}"
    );
}
