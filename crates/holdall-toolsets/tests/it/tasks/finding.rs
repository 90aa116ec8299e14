//! Searching.

use serde_json::{Value, json};

use super::{Desk, add, ids};

#[tokio::test]
async fn tasks_are_found_by_words_beginnings_and_parts() {
    let desk = Desk::new();
    let client = desk.client().await;
    add(
        &client,
        "Repair the bicycle",
        json!({"description": "The brake squeaks."}),
    )
    .await;
    add(
        &client,
        "Buy bread",
        json!({"description": "Not the one with the bicycle on the bag."}),
    )
    .await;
    add(&client, "Café réservation für Müller", json!({"tags": ["essen"]})).await;
    add(&client, "図書館の本を返す", json!({})).await;
    add(&client, "Fix build-4711/x", json!({})).await;
    client.call("complete_task", json!({"id": 2})).await.json();
    let found = async |query: &str| {
        let reply = client
            .call("search_tasks", json!({ "query": query }))
            .await
            .json();
        ids(&reply)
    };
    // A title counts more than a description.
    assert_eq!(found("bicycle").await, [1, 2]);
    assert_eq!(found("BICYCLE brake").await, [1]);
    assert_eq!(found("squea").await, [1]);
    assert_eq!(found("cafe muller").await, [3]);
    assert_eq!(found("MÜLLER").await, [3]);
    assert_eq!(found("essen").await, [3]);
    // Parts of words.
    assert_eq!(found("icycl").await, [1, 2]);
    assert_eq!(found("の本").await, [4]);
    assert_eq!(found("4711/").await, [5]);
    assert_eq!(found("giraffe").await, [0; 0]);
    let reply = client
        .call("search_tasks", json!({"query": "bicycle giraffe"}))
        .await
        .json();
    assert_eq!(ids(&reply), [1, 2]);
    assert_eq!(
        reply["note"],
        "no task has all of these words; these have some of them"
    );
    let open = json!({"query": "bicycle", "status": "open"});
    assert_eq!(ids(&client.call("search_tasks", open).await.json()), [1]);
    let one = client
        .call("search_tasks", json!({"query": "bicycle", "limit": 1}))
        .await;
    assert_eq!(
        one.text(),
        "1 task:\n(there are more; raise `limit`, or add a word)\n1. [ ] Repair the bicycle\n   > The brake squeaks.\n"
    );
    // What was changed or deleted is no longer found by what it was.
    client
        .call(
            "update_task",
            json!({"id": 1, "title": "Ride", "description": ""}),
        )
        .await
        .json();
    assert_eq!(found("bicycle").await, [2]);
    assert_eq!(found("ride").await, [1]);
}

#[tokio::test]
async fn whatever_is_asked_is_words_and_never_syntax() {
    let desk = Desk::new();
    let client = desk.client().await;
    add(
        &client,
        "Answer \"AND OR NOT\" NEAR title:x ^start* - + ( ) { } : ' ;",
        json!({}),
    )
    .await;
    for query in [
        "\"",
        "\"\"",
        "'",
        "AND",
        "OR",
        "NOT",
        "a AND",
        "NEAR(",
        "NEAR(a b, 2)",
        "title:",
        "title : x",
        "-x",
        "^a",
        "*",
        "a*",
        "(",
        ")",
        "a)(",
        "{a b}: c",
        "a + b",
        "\\",
        "%",
        "_",
        "; DROP TABLE tasks; --",
        "' OR 1=1 --",
        "\"; DELETE FROM tasks; --",
        "\u{0}",
        "a\u{0}b",
        "\u{202e}",
        "🦒",
        "ⓐ",
        "NULL",
        "rowid:1",
        "tasks_words:x",
    ] {
        let reply = client.call("search_tasks", json!({ "query": query })).await;
        assert!(!reply.is_error(), "{query:?}: {reply:?}");
    }
    for query in ["AND OR NOT", "NEAR", "title:x", "^start*", "( ) { }", "\"AND"] {
        let reply = client
            .call("search_tasks", json!({ "query": query }))
            .await
            .json();
        assert_eq!(ids(&reply), [1], "{query:?}: {reply}");
    }
    let long = "x".repeat(500);
    assert_eq!(
        client.call("search_tasks", json!({"query": long})).await.json()["tasks"],
        json!([])
    );
    let many = "word ".repeat(100);
    assert!(
        !client
            .call("search_tasks", json!({"query": many}))
            .await
            .is_error()
    );
    let longer: Value = json!({"query": "x".repeat(501)});
    client
        .call("search_tasks", longer)
        .await
        .expect_error("invalid_arguments")
        .problem("/query");
}
