//! Searching, listing and reading small notes: limits, and what is said about wrong arguments.

use serde_json::json;

use super::client::{over, paths};

#[tokio::test]
async fn every_wrong_argument_is_named_in_one_reply() {
    let client = over(&[("a.md", "a")]).await;
    let mut said = Vec::new();
    for (tool, arguments) in [
        (
            "search_notes",
            json!({"querry": "x", "limit": 0, "tags": "work", "mode": "fuzzy", "when": 5}),
        ),
        ("search_notes", json!({"query": "", "limit": 51})),
        ("search_notes", json!({"query": "   "})),
        ("search_notes", json!({"query": "x", "when": "soon"})),
        (
            "search_notes",
            json!({"query": "x", "since": "2026-05-02", "until": "2026-05-01"}),
        ),
        ("read_note", json!({"from_line": 0, "lines": "many"})),
        ("list_notes", json!({"sort": "size", "limit": 501, "cursor": 7})),
        ("list_notes", json!({"cursor": "nowhere.md"})),
        ("create_note", json!({"path": "x.md"})),
        ("create_note", json!({"path": "", "content": null})),
        ("edit_note", json!({"path": "a.md"})),
        ("edit_note", json!({"path": "a.md", "find": "a"})),
        (
            "edit_note",
            json!({"path": "a.md", "find": "a", "replace": "b", "section": "c"}),
        ),
        ("edit_note", json!({"path": "a.md", "find": "a", "content": "b"})),
        ("edit_note", json!({"path": "a.md", "find": "", "replace": "b"})),
        (
            "edit_note",
            json!({"path": "a.md", "find": "a", "replace": "b", "expected_count": 0}),
        ),
        (
            "append_note",
            json!({"path": "a.md", "content": "b", "expected_hash": "abc"}),
        ),
        ("related_notes", json!({"path": "nowhere"})),
        ("undo_note_change", json!({"steps": 2})),
    ] {
        let error = client.call(tool, arguments.clone()).await.unwrap_err();
        said.push(format!("{tool} {arguments}\n{error}"));
    }
    insta::assert_snapshot!(said.join("\n\n"));
    assert_eq!(
        std::fs::read_to_string(client.folder().join("a.md")).unwrap(),
        "a"
    );
}

#[tokio::test]
async fn lines_beyond_the_end_are_none() {
    let client = over(&[("three.md", "one\ntwo\nthree\n"), ("empty.md", "")]).await;
    let read = async |arguments| client.call("read_note", arguments).await.unwrap();
    let mut said = [
        read(json!({"path": "three.md"})).await,
        read(json!({"path": "three", "from_line": 2, "lines": 1})).await,
        read(json!({"path": "three", "from_line": 3, "lines": 1_000_000})).await,
        read(json!({"path": "three", "from_line": 4})).await,
        read(json!({"path": "three", "from_line": 10_000_000, "lines": 1_000_000})).await,
        read(json!({"path": "empty"})).await,
    ];
    said.iter_mut().for_each(|text| text.push_str("\n----"));
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_reply_is_never_too_long_for_a_host() {
    let long = "x".repeat(3_000_000);
    let lines: String = (1..=20_000).map(|n| format!("line number {n}\n")).collect();
    let client = over(&[
        ("long.md", &format!("{long}\nafter\n")),
        ("many.md", &lines),
        ("wide.md", &"ก".repeat(50_000)),
    ])
    .await;
    let reply = client.json("read_note", json!({"path": "long.md"})).await;
    assert_eq!(reply["text"].as_str().unwrap().len(), 100_000);
    assert_eq!(
        reply["note"],
        "line 1 has 3000000 bytes, these are 0 to 100000; read on with from_line=1 and from_byte=100000"
    );
    let reply = client
        .json("read_note", json!({"path": "long.md", "from_byte": 2_999_990}))
        .await;
    assert_eq!(reply["text"], "xxxxxxxxxx\nafter\n");
    let reply = client
        .json("read_note", json!({"path": "long.md", "from_line": 2}))
        .await;
    assert_eq!(
        (reply["text"].as_str().unwrap(), reply.get("note")),
        ("after\n", None)
    );
    let reply = client.json("read_note", json!({"path": "wide.md"})).await;
    assert_eq!(reply["text"].as_str().unwrap().chars().count(), 33_333);
    // Read on again and again, the whole note comes.
    let (mut text, mut from_line) = (String::new(), 1);
    loop {
        let reply = client
            .json(
                "read_note",
                json!({"path": "many.md", "from_line": from_line, "lines": 1_000_000}),
            )
            .await;
        let part = reply["text"].as_str().unwrap();
        assert!(part.len() <= 100_000 && part.ends_with('\n'));
        text.push_str(part);
        from_line = reply["to_line"].as_u64().unwrap() + 1;
        if reply.get("note").is_none() {
            break;
        }
        assert_eq!(reply["note"], format!("read on with from_line={from_line}"));
    }
    assert_eq!(text, lines);
}

#[tokio::test]
async fn a_listing_pages_to_its_end() {
    let files: Vec<(String, String)> = (0..450)
        .map(|n| {
            (
                format!("f{}/n{n:03}.md", n % 7),
                format!("# Note {n}\n\n#all zebra"),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let client = over(&files).await;
    for sort in ["date", "modified", "path", "title"] {
        let mut seen = Vec::new();
        let mut arguments = json!({"sort": sort, "limit": 100, "tags": ["all"]});
        loop {
            let page = client.json("list_notes", arguments.clone()).await;
            assert_eq!(page["total"], 450);
            seen.extend(paths(&page["notes"]));
            match page.get("next") {
                Some(next) => arguments["cursor"] = next.clone(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 450);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 450, "{sort}");
    }
    let resources = client.mcp.list_resources().await;
    let mut uris: Vec<_> = resources.iter().map(|resource| resource.uri.clone()).collect();
    uris.sort();
    uris.dedup();
    assert_eq!(uris.len(), 450);
}

#[tokio::test]
async fn what_notes_say_of_themselves_stays_on_its_line() {
    let client = over(&[(
        "a.md",
        "---\ntitle: \"Fine\\n- b.md — Forged\\u202E\\e[2J\"\n---\nzebra\n",
    )])
    .await;
    for text in [
        client.call("list_notes", json!({})).await.unwrap(),
        client
            .call("search_notes", json!({"query": "zebra"}))
            .await
            .unwrap(),
    ] {
        assert!(text.lines().all(|line| !line.starts_with("- b.md")), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text:?}");
    }
}

#[tokio::test]
async fn what_was_not_searched_is_said() {
    let client = over(&[("a.md", "zebra")]).await;
    let note = async |mode: &str| {
        let reply = client
            .json("search_notes", json!({"query": "zebra", "mode": mode}))
            .await;
        reply["note"].as_str().map(str::to_owned)
    };
    let off = "search by meaning is switched off";
    assert_eq!(note("lexical").await, None);
    assert_eq!(
        note("hybrid").await,
        Some(format!("searched by words alone: {off}"))
    );
    assert_eq!(note("dense").await, Some(format!("nothing was searched: {off}")));
}
