//! `serve` tells its clients of changed notes: over both transports, in both eras of the protocol.

use holdall_testkit::Client;
use serde_json::json;

use crate::http::Served;
use crate::program::Home;

const VERSIONS: [&str; 3] = ["2025-06-18", "2025-11-25", "2026-07-28"];
const UPDATED: &str = "notifications/resources/updated";
const LIST_CHANGED: &str = "notifications/resources/list_changed";
const SERVE: [&str; 4] = ["serve", "--notes", "notes", "--no-embeddings"];

/// Has the client hear of changed lists, as its version of the protocol has it, and wait until all notes are known.
async fn listening(client: Client) -> Client {
    if client.protocol().as_str() == "2026-07-28" {
        drop(client.listen(json!({"resourcesListChanged": true})).await);
    }
    assert_eq!(client.list_resources().await.len(), 2);
    client.subscribe("note://car.md").await;
    client
}

/// Waits until the client was told of a change after which the note says `text`. What it is told while the server
/// starts may be of earlier times.
async fn told_of(client: &Client, text: &str) {
    loop {
        let updated = client.next_notification(UPDATED).await;
        assert_eq!(updated.params["uri"], "note://car.md");
        if client.read("note://car.md").await.text() == text {
            return;
        }
    }
}

async fn hears_of_everything(client: &Client, home: &Home) {
    home.put("notes/car.md", "# Sold\n");
    told_of(client, "# Sold\n").await;
    let change = json!({"path": "car.md", "content": "For good."});
    client.call("append_note", change).await.json();
    told_of(client, "# Sold\n\nFor good.\n").await;
    home.put("notes/bicycle.md", "# Bought\n");
    while client.list_resources().await.len() != 3 {
        client.next_notification(LIST_CHANGED).await;
    }
    std::fs::remove_file(home.path("notes/bicycle.md")).unwrap();
    while client.list_resources().await.len() != 2 {
        client.next_notification(LIST_CHANGED).await;
    }
}

#[tokio::test]
async fn over_standard_input_and_output() {
    for version in VERSIONS {
        let home = Home::new();
        let client = listening(Client::spawn(home.command(&SERVE)).protocol(version).await).await;
        hears_of_everything(&client, &home).await;
        assert_eq!(client.close().await.status.unwrap().code(), Some(0), "{version}");
    }
}

#[tokio::test]
async fn over_http() {
    for version in VERSIONS {
        let home = Home::new();
        let served = Served::start(&home, &["--no-embeddings"]);
        let client = Client::at(served.url()).protocol(version).await;
        let client = listening(client).await;
        hears_of_everything(&client, &home).await;
        client.close().await;
    }
}

#[tokio::test]
async fn of_two_processes_on_the_same_notes_both_tell() {
    let home = Home::new();
    let first = listening(Client::spawn(home.command(&SERVE)).await).await;
    let second = listening(Client::spawn(home.command(&SERVE)).protocol("2025-11-25").await).await;
    let mut roles = Vec::new();
    for client in [&first, &second] {
        let status = client.call("notes_status", json!({})).await.json();
        roles.push(status["role"].as_str().unwrap().to_owned());
    }
    assert_eq!(roles, ["writer", "reader"]);
    home.put("notes/car.md", "# Sold\n");
    for client in [&first, &second] {
        told_of(client, "# Sold\n").await;
    }
    // Each hears of what the other one writes.
    for (client, text) in [(&first, "one"), (&second, "two")] {
        let edit = json!({"path": "car.md", "section": "Sold", "content": text});
        client.call("edit_note", edit).await.json();
        let text = first.read("note://car.md").await.text();
        told_of(&first, &text).await;
        told_of(&second, &text).await;
    }
    // The reader takes over, and goes on telling.
    assert_eq!(first.close().await.status.unwrap().code(), Some(0));
    home.put("notes/car.md", "# Stolen\n");
    told_of(&second, "# Stolen\n").await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_the_others_their_news() {
    let home = Home::new();
    let served = Served::start(&home, &["--no-embeddings"]);
    let stays = listening(Client::at(served.url()).await).await;
    let goes = listening(Client::at(served.url()).protocol("2025-11-25").await).await;
    home.put("notes/car.md", "# Sold\n");
    told_of(&goes, "# Sold\n").await;
    goes.close().await;
    home.put("notes/car.md", "# Stolen\n");
    told_of(&stays, "# Stolen\n").await;
}
