//! Files that come, change and go while clients are connected.

use std::fs;

use holdall::Server;
use holdall_testkit::Client;
use serde_json::json;

use super::{Desk, names, problems};

const CHANGED: &str = "notifications/prompts/list_changed";
const UPDATED: &str = "notifications/resources/updated";
const VERSIONS: [&str; 3] = ["2024-11-05", "2025-11-25", "2026-07-28"];

/// Connects a client that hears of changed prompts, as its version of the protocol has it.
async fn connect(server: Server, version: &str) -> Client {
    let client = Client::connect(server).protocol(version).await;
    if version == "2026-07-28" {
        drop(client.listen(json!({"promptsListChanged": true})).await);
    }
    client
}

/// Waits until the prompts are these.
async fn until(client: &Client, expected: &[&str]) {
    while names(client).await != expected {
        client.next_notification(CHANGED).await;
    }
}

#[tokio::test]
async fn the_offer_follows_the_files() {
    for version in VERSIONS {
        let desk = Desk::new(&[("b.md", "first")]);
        let client = connect(desk.server(), version).await;
        assert_eq!(names(&client).await, ["b"], "{version}");
        desk.put("a.md", "new");
        client.next_notification(CHANGED).await;
        let mut now = names(&client).await;
        now.sort();
        assert_eq!(now, ["a", "b"]);
        desk.put("b.md", "second");
        client.next_notification(CHANGED).await;
        assert_eq!(client.prompt("b", json!({})).await.text(), "second");
        desk.remove("a.md");
        client.next_notification(CHANGED).await;
        assert_eq!(names(&client).await, ["b"]);
        fs::rename(desk.path("b.md"), desk.path("c.md")).unwrap();
        until(&client, &["c"]).await;
        // Written in place, too.
        fs::write(desk.path("c.md"), "third").unwrap();
        while client.prompt("c", json!({})).await.raw()["messages"][0]["content"]["text"] != "third" {
            client.next_notification(CHANGED).await;
        }
    }
}

#[tokio::test]
async fn of_a_broken_file_the_last_good_version_stays() {
    for version in VERSIONS {
        let desk = Desk::new(&[("a.md", "good {{x}}")]);
        let client = connect(desk.server(), version).await;
        client.subscribe("prompts://problems").await;
        desk.put("a.md", "\nbroken {{");
        client.next_notification(UPDATED).await;
        assert_eq!(
            client.prompt("a", json!({"x": "1"})).await.text(),
            "good 1",
            "{version}"
        );
        assert_eq!(
            problems(&client).await,
            "- `a.md`, line 2: `{{` is no placeholder: write a name as in {{topic}}, or \\{{ for the braces themselves; \
             `a` is offered as it was before\n"
        );
        desk.put("a.md", "mended {{x}}");
        client.next_notification(UPDATED).await;
        assert_eq!(problems(&client).await, "All files of prompts are right.\n");
        assert_eq!(client.prompt("a", json!({"x": "1"})).await.text(), "mended 1");
        // One that is broken and then removed is gone.
        desk.put("a.md", "{{");
        client.next_notification(UPDATED).await;
        desk.remove("a.md");
        client.next_notification(UPDATED).await;
        assert!(names(&client).await.is_empty());
    }
}

#[tokio::test]
async fn what_does_not_concern_prompts_changes_nothing() {
    let desk = Desk::new(&[("a.md", "one")]);
    let client = connect(desk.server(), "2025-11-25").await;
    desk.put("notes.txt", "x");
    desk.put("README.md", "x");
    // The same text again.
    desk.put("a.md", "one");
    desk.put("b.md", "two");
    client.next_notification(CHANGED).await;
    assert_eq!(names(&client).await, ["a", "b"]);
    let told = client.notifications();
    assert_eq!(told.iter().filter(|one| one.method == CHANGED).count(), 1);
}

#[tokio::test]
async fn a_name_moves_on_when_its_file_goes() {
    let desk = Desk::new(&[("A.md", "upper"), ("a.md", "lower")]);
    let client = connect(desk.server(), "2025-11-25").await;
    assert_eq!(client.prompt("a", json!({})).await.text(), "upper");
    desk.remove("A.md");
    client.next_notification(CHANGED).await;
    assert_eq!(client.prompt("a", json!({})).await.text(), "lower");
    assert_eq!(problems(&client).await, "All files of prompts are right.\n");
}

#[tokio::test]
async fn a_folder_that_vanishes_keeps_its_prompts_until_it_is_back() {
    let parent = Desk::new(&[]);
    fs::create_dir(parent.path("prompts")).unwrap();
    let desk = Desk(tempfile::tempdir_in(parent.path("prompts")).unwrap());
    desk.put("a.md", "one");
    let client = connect(desk.server(), "2025-11-25").await;
    client.subscribe("prompts://problems").await;
    let away = parent.path("away");
    fs::rename(desk.0.path(), &away).unwrap();
    client.next_notification(UPDATED).await;
    assert!(
        problems(&client)
            .await
            .contains("the folder cannot be read: it does not exist")
    );
    assert_eq!(client.prompt("a", json!({})).await.text(), "one");
    fs::create_dir(desk.0.path()).unwrap();
    desk.put("b.md", "two");
    until(&client, &["b"]).await;
    // The folder that was made anew is watched.
    desk.put("c.md", "three");
    client.next_notification(CHANGED).await;
    assert_eq!(names(&client).await, ["b", "c"]);
}

#[tokio::test]
async fn a_mounted_server_offers_under_its_prefix() {
    let desk = Desk::new(&[("a.md", "one")]);
    let whole = Server::new("whole").mount("my", desk.server());
    let client = connect(whole, "2025-11-25").await;
    assert_eq!(names(&client).await, ["my_a"]);
    desk.put("b.md", "two");
    client.next_notification(CHANGED).await;
    assert_eq!(names(&client).await, ["my_a", "my_b"]);
    assert_eq!(
        client.read("my+prompts://problems").await.text(),
        "All files of prompts are right.\n"
    );
}

#[tokio::test]
async fn two_servers_follow_the_same_folder() {
    let desk = Desk::new(&[("a.md", "one")]);
    let server = desk.server();
    let clients = [
        connect(server.clone(), "2025-11-25").await,
        connect(server, "2025-11-25").await,
    ];
    desk.put("b.md", "two");
    for client in clients {
        client.next_notification(CHANGED).await;
        assert_eq!(names(&client).await, ["a", "b"]);
    }
}
