//! Writing, moving and deleting, and who is asked.

use holdall::Toolset as _;
use holdall::{Components, Server};
use holdall_testkit::{Answer, Client};
use serde_json::json;

use super::Ground;

const VERSIONS: [&str; 3] = ["2024-11-05", "2025-11-25", "2026-07-28"];

#[tokio::test]
async fn a_file_is_written_edited_and_moved() {
    let ground = Ground::new(&[]);
    for version in VERSIONS {
        let client = Client::connect(ground.server()).protocol(version).await;
        let path = format!("work/{version}/a.txt");
        let made = client
            .call("write_file", json!({"path": path, "content": "one\n"}))
            .await
            .json();
        let again = json!({"path": path, "content": "two\n"});
        client
            .call("write_file", again)
            .await
            .expect_error("already_exists");
        let edits = json!([{"find": "one", "replace": "1"}]);
        let dry = json!({"path": path, "edits": edits, "dry_run": true});
        let text = client.call("edit_file", dry).await.text();
        assert!(
            text.starts_with("Nothing was written;") && text.contains("-one\n+1\n"),
            "{text}"
        );
        let edit = json!({"path": path, "edits": edits, "expected_hash": made["hash"]});
        let edited = client.call("edit_file", edit.clone()).await.json();
        assert_eq!(edited["old_hash"], made["hash"]);
        client.call("edit_file", edit).await.expect_error("conflict");
        let more = json!({"path": path, "content": "2\n", "if_exists": "append"});
        client.call("write_file", more).await.json();
        assert_eq!(ground.text(&path), "1\n2\n");
        let to = format!("work/{version}/deeper/b.txt");
        let text = client
            .call("move_file", json!({"from": path, "to": to}))
            .await
            .text();
        assert_eq!(text, format!("Moved {path} to {to}"));
        let folder = json!({"path": format!("work/{version}/new/er")});
        assert_eq!(
            client.call("create_directory", folder.clone()).await.json()["changed"],
            true
        );
        assert_eq!(
            client.call("create_directory", folder).await.json()["changed"],
            false
        );
    }
}

#[tokio::test]
async fn nothing_is_deleted_without_a_yes() {
    for version in ["2025-11-25", "2026-07-28"] {
        let ground = Ground::new(&[("work/a.txt", "text")]);
        let client = Client::connect(ground.server())
            .protocol(version)
            .answer(Answer::decline())
            .answer(Answer::accept(json!({})))
            .await;
        let delete = json!({"path": "work/a.txt"});
        let text = client.call("delete_file", delete.clone()).await.text();
        assert_eq!(text, "work/a.txt was kept: the user said no");
        assert_eq!(ground.text("work/a.txt"), "text");
        let question = client.questions()[0].text().to_owned();
        assert!(
            question.starts_with("Delete `work/a.txt` for good (4 bytes, last changed 20"),
            "{question}"
        );
        let text = client.call("delete_file", delete).await.text();
        assert_eq!(text, "Deleted work/a.txt");
        assert!(!ground.at("work/a.txt").exists());
    }
    // Who cannot be asked confirms by a code.
    let ground = Ground::new(&[("work/a.txt", "text")]);
    let client = ground.connect().await;
    let refused = client.call("delete_file", json!({"path": "work/a.txt"})).await;
    let hint = refused.expect_error("confirmation_required").hint.unwrap();
    assert_eq!(ground.text("work/a.txt"), "text");
    let code = hint.split('"').nth(1).unwrap();
    // The answer counts for the file as it was.
    let confirmed = json!({"path": "work/a.txt", "confirmation": code});
    ground.put("work/a.txt", "other text");
    client
        .call("delete_file", confirmed)
        .await
        .expect_error("confirmation_required");
    assert_eq!(ground.text("work/a.txt"), "other text");
}

#[tokio::test]
async fn roots_to_read_are_not_changed() {
    let ground = Ground::new(&[("docs/a.txt", "text"), ("work/b.txt", "b")]);
    let client = ground.connect().await;
    for (tool, arguments) in [
        ("write_file", json!({"path": "docs/new.txt", "content": "x"})),
        (
            "write_file",
            json!({"path": "docs/a.txt", "content": "x", "if_exists": "replace"}),
        ),
        (
            "edit_file",
            json!({"path": "docs/a.txt", "edits": [{"find": "t", "replace": "x", "expected_count": 2}]}),
        ),
        ("create_directory", json!({"path": "docs/new"})),
        ("move_file", json!({"from": "docs/a.txt", "to": "work/a.txt"})),
        ("move_file", json!({"from": "work/b.txt", "to": "docs/b.txt"})),
        ("delete_file", json!({"path": "docs/a.txt"})),
    ] {
        let error = client
            .call(tool, arguments)
            .await
            .expect_error("permission_denied");
        assert!(
            error.message.ends_with("`docs` may only be read"),
            "{tool}: {error}"
        );
    }
    assert_eq!(std::fs::read_dir(ground.at("docs")).unwrap().count(), 1);
}

#[tokio::test]
async fn read_only_servers_have_the_tools_that_read() {
    let ground = Ground::new(&[]);
    let components: Components = ground.toolset().components().only_reading();
    let client = Client::connect(Server::new("test").add(components)).await;
    assert_eq!(
        client.tool_names().await,
        ["list_directory", "read_file", "search_files", "file_info"]
    );
}

#[tokio::test]
async fn mistakes_are_told_with_what_helps_in_that_tool() {
    let ground = Ground::new(&[
        ("work/a.txt", "text"),
        ("work/b.txt", "b"),
        ("work/c:d.txt", "old"),
    ]);
    let client = ground.connect().await;
    let there = "`work/a.txt` exists already, nothing was changed";
    let nul = "the text for `work/n.txt` holds a NUL character in its line 2: leave it out";
    let hash = "`abc`, which `work/a.txt` is expected to have as its hash, is none: a hash has 64 hexadecimal digits, as read_file says";
    let name = "`work/a:b?.txt` cannot be a path here: names of new files may not hold any of `: ? * < > | \"`, which Windows cannot store";
    for (tool, arguments, kind, message, hint) in [
        (
            "write_file",
            json!({"path": "work/a.txt", "content": "x"}),
            "already_exists",
            there,
            Some("choose another name, or say with `if_exists` what becomes of the file"),
        ),
        (
            "move_file",
            json!({"from": "work/b.txt", "to": "work/a.txt"}),
            "already_exists",
            there,
            Some("choose another name"),
        ),
        (
            "create_directory",
            json!({"path": "work/a.txt"}),
            "already_exists",
            there,
            Some("choose another name"),
        ),
        (
            "write_file",
            json!({"path": "work/n.txt", "content": "one\ntw\u{0}o"}),
            "invalid_arguments",
            nul,
            None,
        ),
        (
            "write_file",
            json!({"path": "work/a.txt", "content": "x", "if_exists": "replace", "expected_hash": "abc"}),
            "invalid_arguments",
            hash,
            None,
        ),
        (
            "write_file",
            json!({"path": "work/a:b?.txt", "content": "x"}),
            "invalid_arguments",
            name,
            Some("write a path such as `root/folder/file.txt`"),
        ),
    ] {
        let error = client.call(tool, arguments).await.expect_error(kind);
        assert_eq!(
            (error.message.as_str(), error.hint.as_deref()),
            (message, hint),
            "{tool}"
        );
    }
    let old = json!({"path": "work/c:d.txt", "content": "new", "if_exists": "replace"});
    client.call("write_file", old).await.json();
    assert_eq!(ground.text("work/c:d.txt"), "new");
}
