//! Every spelling of a path, in every tool and the resource: nothing outside or hidden is reached.

use std::fs;
use std::os::unix::fs::symlink;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::client::over;

const HOSTILE: &[&str] = &[
    "../out.md",
    "..",
    ".",
    "./a.md",
    "f/../a.md",
    "f/../../out.md",
    "a.md/../../out.md",
    "..\\out.md",
    "f//b.md",
    "/a.md",
    "//a.md",
    "/etc/passwd",
    "~/a.md",
    "C:\\a.md",
    "C:/a.md",
    "\\\\server\\a.md",
    "file:///etc/passwd",
    ".obsidian/plan.md",
    ".hidden.md",
    "ignored/secret.md",
    "Ignored/SECRET.md",
    "a.md\0",
    "\0",
    "a\0b.md",
    "a\n.md",
    "link.md",
    "folder/out.md",
    "%2e%2e/out.md",
    "..%2fout.md",
    "note://../out.md",
    "note://%2e%2e/out.md",
    "note://%2E%2E%2Fout.md",
    "note:///etc/passwd",
    "note://%00",
    "note://.obsidian/plan.md",
    "note://a.md%00",
    "note://note://a.md",
];

#[tokio::test]
async fn nothing_outside_or_hidden_is_reached() {
    let client = over(&[
        ("a.md", "visible"),
        ("f/b.md", "visible"),
        (".obsidian/plan.md", "canary"),
        (".hidden.md", "canary"),
        ("ignored/secret.md", "canary"),
        (".gitignore", "ignored/\n"),
    ])
    .await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("out.md"), "canary").unwrap();
    let absolute = outside.path().join("out.md").to_str().unwrap().to_owned();
    symlink(&absolute, client.folder().join("link.md")).unwrap();
    symlink(outside.path(), client.folder().join("folder")).unwrap();

    let mut hostile: Vec<String> = HOSTILE.iter().map(|path| (*path).to_owned()).collect();
    hostile.extend([
        format!("note://{absolute}"),
        absolute.clone(),
        "x/".repeat(600),
        "a".repeat(1025),
    ]);
    for path in &hostile {
        let calls = [
            ("read_note", json!({"path": path})),
            ("append_note", json!({"path": path, "content": "x"})),
            (
                "edit_note",
                json!({"path": path, "find": "canary", "replace": "x"}),
            ),
            (
                "edit_note",
                json!({"path": path, "find": "visible", "replace": "x"}),
            ),
            ("create_note", json!({"path": format!("{path}"), "content": "x"})),
        ];
        for (tool, arguments) in calls {
            // A tilde and escapes are plain characters where a name is new.
            if tool == "create_note" && ["~/a.md", "%2e%2e/out.md", "..%2fout.md"].contains(&path.as_str()) {
                continue;
            }
            let error = client
                .call(tool, arguments)
                .await
                .expect_err(&format!("{tool} {path:?}"));
            assert!(!error.contains("canary"), "{tool} {path:?}: {error}");
            let folder = client.folder().to_str().unwrap();
            assert!(
                !error.contains(folder),
                "{tool} {path:?} tells where the notes are: {error}"
            );
        }
        let related = client.call("related_notes", json!({"path": path})).await;
        assert!(related.is_err() || path == "link.md", "{path:?}: {related:?}");
        let encoded = utf8_percent_encode(path, NON_ALPHANUMERIC);
        for uri in [format!("note://{path}"), format!("note://{encoded}")] {
            let error = client.read(&uri).await.expect_err(&uri);
            assert!(!error.contains("canary"), "{uri:?}: {error}");
        }
    }
    assert_eq!(fs::read_to_string(&absolute).unwrap(), "canary");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    for (path, text) in [
        ("a.md", "visible"),
        ("f/b.md", "visible"),
        (".hidden.md", "canary"),
        (".obsidian/plan.md", "canary"),
        ("ignored/secret.md", "canary"),
    ] {
        assert_eq!(
            fs::read_to_string(client.folder().join(path)).unwrap(),
            text,
            "{path}"
        );
    }
    let mut there: Vec<_> = fs::read_dir(client.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(
        there,
        [
            ".gitignore",
            ".hidden.md",
            ".obsidian",
            "a.md",
            "f",
            "folder",
            "ignored",
            "link.md"
        ]
    );
}

#[tokio::test]
async fn a_note_answers_to_every_way_people_write_its_name() {
    let client = over(&[("Ideen/Caf\u{e9} 100%.md", "one"), ("b.md", "two")]).await;
    for path in [
        "Ideen/Caf\u{e9} 100%.md",
        "ideen/CAF\u{c9} 100%",
        "Ideen/Cafe\u{301} 100%.md",
        "Caf\u{e9} 100%",
        "note://Ideen/Caf%C3%A9%20100%25.md",
        "note://ideen/cafe%CC%81%20100%25",
    ] {
        let reply = client.json("read_note", json!({"path": path})).await;
        assert_eq!(reply["path"], "Ideen/Caf\u{e9} 100%.md", "{path}");
        assert_eq!(reply["uri"], "note://Ideen/Caf%C3%A9%20100%25.md");
        let error = client
            .call("create_note", json!({"path": path, "content": "x"}))
            .await;
        assert!(
            error.is_err() || !path.contains('/'),
            "{path} was made a second time"
        );
    }
    assert_eq!(
        client.read("note://Ideen/Caf%C3%A9%20100%25.md").await,
        Ok("one".into())
    );
    assert_eq!(
        client.read("note://ideen/cafe%CC%81%20100%25").await,
        Ok("one".into())
    );
    assert_eq!(client.read("note://b").await, Ok("two".into()));
}

#[tokio::test]
async fn twins_on_the_disk_are_told_apart() {
    let client = over(&[
        ("Plan.md", "upper"),
        ("plan.md", "lower"),
        ("x/idea.md", "one"),
        ("y/Idea.md", "two"),
    ])
    .await;
    assert_eq!(
        client.json("read_note", json!({"path": "Plan.md"})).await["text"],
        "upper"
    );
    assert_eq!(
        client.json("read_note", json!({"path": "plan.md"})).await["text"],
        "lower"
    );
    for (path, candidates) in [("PLAN.md", "Plan.md, plan.md"), ("idea", "x/idea.md, y/Idea.md")] {
        for (tool, arguments) in [
            ("read_note", json!({"path": path})),
            ("append_note", json!({"path": path, "content": "x"})),
            ("edit_note", json!({"path": path, "find": "o", "replace": "x"})),
            ("related_notes", json!({"path": path})),
        ] {
            let error = client.call(tool, arguments).await.unwrap_err();
            assert!(
                error.starts_with("ambiguous: ") && error.contains(candidates),
                "{tool}: {error}"
            );
        }
        let error = client.read(&format!("note://{path}")).await.unwrap_err();
        assert!(error.contains(candidates), "{error}");
    }
}
