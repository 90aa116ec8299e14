//! What differs from run to run is left out, and nothing else.

use holdall_testkit::{Client, filters, redacted, snapshot, snapshot_settings};
use serde_json::json;

use crate::fixture::server;

#[test]
fn what_differs_is_replaced() {
    for (text, expected) in [
        (
            "at 127.0.0.1:39217, http://localhost:8000/mcp and [::1]:80",
            "at 127.0.0.1:[port], http://localhost:[port]/mcp and [::1]:[port]",
        ),
        (
            "2026-05-04T10:20:30.5+02:00 and 2026-05-04 10:20",
            "[time] and [time]",
        ),
        (
            "took 12.5ms, 3 µs, 1.25s",
            "took [duration], [duration], [duration]",
        ),
        ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8.", "id [uuid]."),
        (
            r#"{"duration_ms": 12, "took_s": 0.5}"#,
            r#"{"duration_ms": "[duration]", "took_s": "[duration]"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"result":{"id":7}}"#,
            r#"{"jsonrpc":"2.0","id":"[id]","result":{"id":7}}"#,
        ),
        (
            r#"{"progressToken": "p", "requestId": -3}"#,
            r#"{"progressToken": "[id]", "requestId": "[id]"}"#,
        ),
    ] {
        assert_eq!(redacted(text), expected);
    }
}

#[test]
fn what_does_not_differ_is_left_alone() {
    for text in [
        "2026-07-28",
        "12 apples",
        "10:30",
        "limit=50",
        "version 2.0",
        "8.8.8.8:53",
        "30s",
        "1 s",
        "https://example.com:443",
        r#"{"id": 7, "version": "1.0", "ttlMs": 0}"#,
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn temporary_folders_are_replaced() {
    let folder = std::env::temp_dir();
    let file = folder.join(".tmpXy12").join("notes").join("a.md");
    assert_eq!(
        redacted(&format!("`{}` is missing", file.display())),
        "`[temp]/notes/a.md` is missing"
    );
    assert!(filters().len() > 8);
}

#[tokio::test]
async fn whole_answers_are_compared() {
    let client = Client::connect(server()).protocol("2025-11-25").await;
    client.call("count", json!({"to": 1})).await;
    let messages = (
        json!({ "serverInfo": client.server().server_info }),
        client.progress().len(),
        client.notifications()[0].params.clone(),
    );
    insta::assert_snapshot!(snapshot(&messages));
    snapshot_settings().bind(|| insta::assert_json_snapshot!("with_settings", messages));
}
