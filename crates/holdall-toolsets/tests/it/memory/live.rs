//! Who hears that something changed.

use holdall_testkit::Client;
use serde_json::json;

use super::{Desk, create, entity, relate, relation};

const UPDATED: &str = "notifications/resources/updated";

/// Waits until all of these have been told of, and nothing else was.
async fn hears(client: &Client, uris: &[&str]) {
    let mut waiting = uris.to_vec();
    while !waiting.is_empty() {
        let news = client.next_notification(UPDATED).await;
        let uri = news.params["uri"].as_str().unwrap();
        assert!(uris.contains(&uri), "{uri}");
        waiting.retain(|waited| *waited != uri);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_and_what_changed_in_it_are_told_of() {
    for version in ["2025-11-25", "2026-07-28"] {
        let desk = Desk::new();
        // Another server on the file stands for another process.
        let elsewhere = desk.client().await;
        let client = Client::connect(desk.server()).protocol(version).await;
        create(
            &client,
            &[entity("Ada B", "person", &[]), entity("Bo", "person", &[])],
        )
        .await;
        client.subscribe("memory://entity?name=Ada%20B").await;
        client.subscribe("memory://entity?name=Later").await;
        let said = json!({"observations": [{"entityName": "Ada B", "contents": ["likes tea"]}]});
        elsewhere.call("add_observations", said).await.json();
        hears(&client, &["memory://entity?name=Ada%20B"]).await;
        relate(&client, &[relation("Bo", "knows", "Ada B")]).await;
        hears(&client, &["memory://entity?name=Ada%20B"]).await;
        create(&elsewhere, &[entity("Later", "person", &[])]).await;
        hears(&client, &["memory://entity?name=Later"]).await;
        client.subscribe("memory://knowledge-graph").await;
        relate(&elsewhere, &[relation("Bo", "likes", "Bo")]).await;
        hears(&client, &["memory://knowledge-graph"]).await;
    }
}
