//! What servers say unasked.

use std::time::Duration;

use holdall_testkit::Client;
use serde_json::{Value, json};

use crate::fixture::server;
use crate::scripted::{result, scripted};

fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

#[tokio::test]
async fn progress_belongs_to_its_request() {
    for version in crate::VERSIONS {
        let client = Client::connect(server()).protocol(version).await;
        let three = client.call("count", json!({"to": 3})).await;
        let two = client.call("count", json!({"to": 2})).await;
        let messages: Vec<_> = three
            .progress()
            .into_iter()
            .filter_map(|progress| progress.message)
            .collect();
        assert_eq!(messages, ["1 of 3", "2 of 3", "3 of 3"], "{version}");
        assert_eq!(two.progress().len(), 2);
        assert_eq!(client.progress().len(), 5);
    }
}

#[tokio::test]
async fn progress_can_be_done_without() {
    let client = Client::connect(server()).await;
    let reply = client.call("count", json!({"to": 3})).without_progress().await;
    assert_eq!(reply.text(), "counted to 3, progress wanted: false");
    assert!(client.notifications().is_empty());
    let reply = client
        .call("count", json!({"to": 1}))
        .meta("example.com/x", 7)
        .await;
    assert_eq!(reply.text(), "counted to 1, progress wanted: true");
}

#[tokio::test]
async fn notifications_are_waited_for_one_by_one() {
    let client = scripted(|message| {
        let uri = |n: u32| {
            notification(
                "notifications/resources/updated",
                json!({ "uri": format!("a://{n}") }),
            )
        };
        let log = notification(
            "notifications/message",
            json!({ "level": "info", "data": {"n": 1} }),
        );
        vec![uri(1), log, uri(2), result(message, json!({}))]
    })
    .await;
    client.request("go", Value::Null).await.result();
    let updated = "notifications/resources/updated";
    assert_eq!(client.next_notification(updated).await.params["uri"], "a://1");
    assert_eq!(client.next_notification(updated).await.params["uri"], "a://2");
    assert_eq!(client.logs()[0].data, json!({"n": 1}));
    assert_eq!(
        (client.logs()[0].level.as_str(), client.notifications().len()),
        ("info", 3)
    );
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "no `notifications/tools/list_changed` came within 5s")]
async fn waiting_in_vain_ends() {
    let client = Client::connect(server()).patience(Duration::from_secs(5)).await;
    client.next_notification("notifications/tools/list_changed").await;
}

#[tokio::test]
async fn subscriptions_are_opened_as_the_protocol_does_it() {
    let script = |message: &Value| match message["method"].as_str() {
        Some("resources/subscribe") => {
            let changed = notification(
                "notifications/resources/updated",
                json!({ "uri": message["params"]["uri"] }),
            );
            vec![result(message, json!({})), changed]
        }
        Some("subscriptions/listen") => {
            let filter = &message["params"]["notifications"];
            let meta = json!({ "io.modelcontextprotocol/subscriptionId": message["id"] });
            let acknowledged = json!({ "notifications": filter, "_meta": meta });
            let changed = json!({ "uri": filter["resourceSubscriptions"][0], "_meta": meta });
            vec![
                notification("notifications/subscriptions/acknowledged", acknowledged),
                notification("notifications/resources/updated", changed),
            ]
        }
        _ => Vec::new(),
    };
    for version in ["2025-06-18", "2026-07-28"] {
        let client = scripted(script).protocol(version).await;
        client.subscribe("a://b").await;
        let changed = client.next_notification("notifications/resources/updated").await;
        assert_eq!(changed.params["uri"], "a://b", "{version}");
    }
    let client = scripted(script).await;
    let listening = client.listen(json!({"toolsListChanged": true})).await;
    assert!(listening.id().is_number());
    listening.stop().await;
}

#[tokio::test]
#[should_panic(expected = "the server does not let the client listen")]
async fn a_refused_subscription_is_told_at_once() {
    let client = scripted(|message| {
        vec![json!({ "jsonrpc": "2.0", "id": message["id"], "error": { "code": -32601, "message": "no" } })]
    })
    .await;
    client.listen(json!({})).await;
}

#[tokio::test]
async fn the_log_is_asked_for_as_the_protocol_does_it() {
    for (version, expected) in [("2025-11-25", "logging/setLevel"), ("2026-07-28", "debug")] {
        let mut seen = Vec::new();
        let client = scripted(move |message| {
            let level = message["params"]["_meta"]["io.modelcontextprotocol/logLevel"].as_str();
            seen.extend(level.or(message["method"].as_str()).map(str::to_owned));
            match message.get("id") {
                Some(_) => vec![result(message, json!({ "seen": seen }))],
                None => Vec::new(),
            }
        })
        .protocol(version)
        .log_level("debug")
        .await;
        let reply = client.request("tell", json!({})).await;
        let seen: Vec<String> = serde_json::from_value(reply.result()["seen"].clone()).unwrap();
        assert!(seen.iter().any(|seen| seen == expected), "{version}: {seen:?}");
    }
}
