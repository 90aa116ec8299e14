//! Creating, appending, editing, undoing.

use std::fs;

use serde_json::json;

use super::client::{over, paths};

#[tokio::test]
async fn notes_are_created_changed_and_changed_back() {
    let client = over(&[]).await;
    let text = client
        .call(
            "create_note",
            json!({"path": "ideas/zoo", "content": "# Zoo\n\nA giraffe.\n\n## Birds\n\nNone."}),
        )
        .await
        .unwrap();
    assert!(
        text.starts_with("Created ideas/zoo.md, 35 bytes, hash "),
        "{text}"
    );
    let error = client
        .call("create_note", json!({"path": "Ideas/ZOO.md", "content": "x"}))
        .await
        .unwrap_err();
    assert!(
        error.starts_with("already_exists: `ideas/zoo.md` exists already, nothing was written"),
        "{error}"
    );

    let appended = client
        .json(
            "append_note",
            json!({"path": "zoo", "heading": "Zoo", "content": "A walrus."}),
        )
        .await;
    let edited = json!({"path": "note://ideas/zoo.md", "find": "giraffe", "replace": "zebra", "expected_hash": appended["hash"]});
    let edited = client.json("edit_note", edited).await;
    assert_eq!(edited["old_hash"], appended["hash"]);
    let section = json!({"path": "ideas/zoo.md", "section": "Birds", "content": "An ostrich.\n"});
    let section = client.call("edit_note", section).await.unwrap();
    assert!(
        section.contains("\n-None.\n") && section.contains("\n+An ostrich."),
        "{section}"
    );
    let found = client.json("search_notes", json!({"query": "ostrich"})).await;
    assert_eq!(paths(&found["hits"]), ["ideas/zoo.md"]);

    let stale =
        json!({"path": "ideas/zoo.md", "find": "zebra", "replace": "x", "expected_hash": appended["hash"]});
    let error = client.call("edit_note", stale).await.unwrap_err();
    assert!(
        error.starts_with("conflict: `ideas/zoo.md` has changed: its hash is "),
        "{error}"
    );
    let error = client
        .call("edit_note", json!({"path": "zoo", "find": "A", "replace": "B"}))
        .await
        .unwrap_err();
    assert!(
        error.contains("was found 2 times in `ideas/zoo.md`, not 1"),
        "{error}"
    );
    let error = client
        .call(
            "append_note",
            json!({"path": "zoo", "heading": "Fish", "content": "x"}),
        )
        .await
        .unwrap_err();
    assert!(
        error.contains("has no heading `Fish`; its outline: line 1: # Zoo; line "),
        "{error}"
    );

    for expected in ["+None.", "+A giraffe.", "-A walrus."] {
        let undone = client.call("undo_note_change", json!({})).await.unwrap();
        assert!(undone.contains(expected), "{undone}");
    }
    let undone = client.call("undo_note_change", json!({})).await.unwrap();
    assert_eq!(
        undone,
        "Removed ideas/zoo.md, which the undone change had created"
    );
    let error = client.call("undo_note_change", json!({})).await.unwrap_err();
    assert!(
        error.starts_with("not_found: there is no change left to undo"),
        "{error}"
    );
    assert_eq!(client.json("list_notes", json!({})).await["total"], 0);
}

#[tokio::test]
async fn undoing_refuses_what_somebody_changed_since() {
    let client = over(&[("a.md", "one\n")]).await;
    client
        .json("append_note", json!({"path": "a.md", "content": "two"}))
        .await;
    fs::write(client.folder().join("a.md"), "three\n").unwrap();
    let error = client.call("undo_note_change", json!({})).await.unwrap_err();
    assert!(error.starts_with("conflict: `a.md` has changed"), "{error}");
    assert_eq!(
        fs::read_to_string(client.folder().join("a.md")).unwrap(),
        "three\n"
    );
}
