//! What nobody should send, and what is too much.

use serde_json::{Value, json};

use super::{Desk, add, ids, integrity, opened};
use holdall::Server;
use holdall_testkit::{Answer, Client};

#[tokio::test]
async fn texts_are_kept_as_texts_without_what_cannot_be_seen() {
    let desk = Desk::new();
    let client = desk.client().await;
    let hostile = [
        ("Robert'); DROP TABLE tasks;--", "Robert'); DROP TABLE tasks;--"),
        ("two\nlines\tand\r\ntabs", "two lines and tabs"),
        ("a\u{0}b\u{1b}[31m\u{7}", "ab[31m"),
        ("evil\u{202e}gpj.exe\u{2066}", "evilgpj.exe"),
        ("\u{feff}x 🦒 é 日本", "x 🦒 é 日本"),
        ("{{7*7}} ${x} %s <script>", "{{7*7}} ${x} %s <script>"),
    ];
    for (sent, kept) in hostile {
        let reply = client
            .call("add_task", json!({"title": sent, "description": sent}))
            .await
            .json();
        assert_eq!(reply["title"], kept);
        let description = reply["description"].as_str().unwrap();
        assert!(
            !description.contains(['\u{0}', '\u{1b}', '\u{202e}', '\r']),
            "{description:?}"
        );
    }
    let listed = client.call("list_tasks", json!({})).await.json();
    assert_eq!(ids(&listed).len(), hostile.len());
    for resource in client.list_resources().await {
        let title = resource.title.unwrap_or_default();
        assert!(
            !title.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{title:?}"
        );
    }
    assert_eq!(integrity(&desk.file()), "ok");
}

#[tokio::test]
async fn wrong_calls_are_told_what_is_wrong_and_change_nothing() {
    let desk = Desk::new();
    let client = desk.client().await;
    add(&client, "Stay", json!({})).await;
    let wrong: [(&str, Value, &str); 20] = [
        ("add_task", json!({}), "is required"),
        ("add_task", json!({"title": ""}), "/title"),
        (
            "add_task",
            json!({"title": "\u{0}\u{202e} "}),
            "nothing that can be seen",
        ),
        ("add_task", json!({"title": "x".repeat(301)}), "/title"),
        (
            "add_task",
            json!({"title": "x", "description": "x".repeat(10_001)}),
            "/description",
        ),
        (
            "add_task",
            json!({"title": "x", "due": "2026-02-30"}),
            "`2026-02-30` is no day",
        ),
        (
            "add_task",
            json!({"title": "x", "due": "soon"}),
            "write YYYY-MM-DD",
        ),
        (
            "add_task",
            json!({"title": "x", "priority": "urgent"}),
            "/priority",
        ),
        (
            "add_task",
            json!({"title": "x", "tags": ["ok", "#"]}),
            "`#` is no tag",
        ),
        ("add_task", json!({"title": "x", "tags": vec!["t"; 21]}), "/tags"),
        (
            "add_task",
            json!({"title": "x", "tags": ["t".repeat(51)]}),
            "too long",
        ),
        (
            "add_task",
            json!({"title": "x", "prioritty": "low"}),
            "did you mean `priority`?",
        ),
        ("update_task", json!({"id": 1}), "nothing to change"),
        (
            "update_task",
            json!({"id": 9, "title": "x"}),
            "there is no task 9",
        ),
        ("update_task", json!({"id": 1, "due": "2026-13-01"}), "is no day"),
        ("complete_task", json!({"id": 0}), "/id"),
        ("complete_task", json!({"id": -1}), "/id"),
        (
            "complete_task",
            json!({"id": i64::MAX}),
            "there is no task 9223372036854775807",
        ),
        ("get_task", json!({"id": 1e300}), "/id"),
        ("delete_task", json!({"id": 9}), "there is no task 9"),
    ];
    for (tool, arguments, said) in wrong {
        let error = client.call(tool, arguments.clone()).await.error();
        assert!(error.text.contains(said), "{tool} {arguments}: {error}");
    }
    let stay = client.call("list_tasks", json!({"status": "all"})).await;
    assert_eq!(stay.text(), "1 of 1 tasks:\n1. [ ] Stay\n");
    for uri in [
        "tasks://2",
        "tasks://0",
        "tasks://x",
        "tasks://1/../2",
        "tasks://",
        "tasks://1%00",
    ] {
        assert!(client.read(uri).await.is_error(), "{uri}");
    }
}

#[tokio::test]
async fn the_number_of_tasks_and_the_size_of_the_file_are_bounded() {
    let desk = Desk::new();
    let few = opened(&desk.file(), |config| config.tasks_max = 2);
    let client = Client::connect(Server::new("test").add(few)).await;
    add(&client, "one", json!({})).await;
    add(&client, "two", json!({})).await;
    let error = client
        .call("add_task", json!({"title": "three"}))
        .await
        .expect_error("too_large");
    assert_eq!(
        error.message,
        "there are 2 tasks already, as many as there may be, and nothing was added"
    );

    let desk = Desk::new();
    let small = opened(&desk.file(), |config| config.file_bytes_max = 256 * 1024);
    let client = Client::connect(Server::new("test").add(small))
        .on_elicitation(|_| Answer::accept(json!({})))
        .await;
    let mut added = 0;
    let error = loop {
        let large = json!({"title": "large", "description": format!("{added} ").repeat(2_000)});
        let reply = client.call("add_task", large).await;
        if reply.is_error() {
            break reply.expect_error("unavailable");
        }
        added += 1;
    };
    assert!(
        error
            .message
            .starts_with("there is no room to write, and nothing was changed"),
        "{error}"
    );
    assert!(added > 3);
    // What was there can be read, and making room helps.
    assert_eq!(client.call("list_tasks", json!({})).await.json()["total"], added);
    for id in 1..=3 {
        let shorter = json!({"id": id, "description": ""});
        client.call("update_task", shorter).await.json();
    }
    for id in 4..added {
        client.call("complete_task", json!({ "id": id })).await.json();
        client.call("delete_task", json!({ "id": id })).await.json();
    }
    add(&client, "fits again", json!({"description": "y ".repeat(2_000)})).await;
    assert_eq!(integrity(&desk.file()), "ok");
}

#[tokio::test]
async fn long_descriptions_are_cut_in_lists_and_whole_by_id() {
    let desk = Desk::new();
    let client = desk.client().await;
    let description = "ä".repeat(10_000);
    add(&client, "long", json!({ "description": description })).await;
    let listed = client.call("list_tasks", json!({})).await.json();
    assert_eq!(listed["tasks"][0]["description"], "ä".repeat(200));
    assert_eq!(listed["tasks"][0]["description_cut"], true);
    for whole in [
        client.call("get_task", json!({"id": 1})).await.json(),
        client.read("tasks://1").await.json(),
    ] {
        assert_eq!(whole["description"], json!(description));
        assert_eq!(whole["description_cut"], Value::Null);
    }
}
