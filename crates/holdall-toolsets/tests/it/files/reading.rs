//! Listing, reading and searching.

use std::fs;

use serde_json::json;

use super::Ground;

#[tokio::test]
async fn roots_and_folders_are_listed_as_models_name_them() {
    let ground = Ground::new(&[("docs/a.md", "text"), ("docs/img/x.png", ""), ("work/b.txt", "b")]);
    let client = ground.connect().await;
    for nothing in [
        json!({}),
        json!({"path": ""}),
        json!({"path": "."}),
        json!({"path": "/"}),
    ] {
        let text = client.call("list_directory", nothing).await.text();
        assert_eq!(text, "2 roots:\n- docs/  read\n- work/  read and write\n");
    }
    let listed = client
        .call("list_directory", json!({"path": "docs/", "depth": 3}))
        .await;
    let text = listed.text();
    assert!(
        text.starts_with("docs/ (read), 3 entries:\n- docs/a.md  4 bytes  20"),
        "{text}"
    );
    let listed = listed.json();
    let paths: Vec<_> = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].clone())
        .collect();
    assert_eq!(paths, ["docs/a.md", "docs/img", "docs/img/x.png"]);
    let part = client
        .call("list_directory", json!({"path": "docs", "limit": 1}))
        .await
        .json();
    assert_eq!(part["next"], "docs/a.md");
    let rest = json!({"path": "docs", "cursor": part["next"]});
    assert_eq!(
        client.call("list_directory", rest).await.json()["entries"][0]["path"],
        "docs/img"
    );
}

#[tokio::test]
async fn text_is_read_whole_in_lines_and_from_its_end() {
    let long: String = (1..=1000).map(|line| format!("line {line}\n")).collect();
    let ground = Ground::new(&[
        ("docs/long.txt", &long),
        ("docs/empty", ""),
        ("docs/wide", &"x".repeat(150_000)),
    ]);
    let client = ground.connect().await;
    let read = async |arguments| client.call("read_file", arguments).await.json();
    let first = read(json!({"path": "docs/long.txt"})).await;
    assert_eq!(
        (&first["to_line"], &first["lines_total"]),
        (&json!(400), &json!(1000))
    );
    assert_eq!(first["note"], "read on with from_line=401");
    let some = read(json!({"path": "docs/long.txt", "from_line": 999, "lines": 5})).await;
    assert_eq!(
        (&some["text"], &some["note"]),
        (&json!("line 999\nline 1000\n"), &json!(null))
    );
    let last = read(json!({"path": "file://docs/long.txt", "from_line": -1})).await;
    assert_eq!(
        (&last["from_line"], &last["text"]),
        (&json!(1000), &json!("line 1000\n"))
    );
    let beyond = read(json!({"path": "docs/long.txt", "from_line": 2000})).await;
    assert_eq!(
        (&beyond["text"], &beyond["note"]),
        (&json!(""), &json!("the file ends at line 1000"))
    );
    let all = read(json!({"path": "docs/long.txt", "from_line": -5000, "lines": 5000})).await;
    assert_eq!(all["text"], long);
    assert_eq!(
        read(json!({"path": "docs/empty"})).await["note"],
        "the file is empty"
    );
    let wide = read(json!({"path": "docs/wide"})).await;
    assert_eq!(wide["text"].as_str().unwrap().len(), 100_000);
    assert_eq!(
        wide["note"],
        "line 1 has 150000 bytes, these are 0 to 100000; read on with from_line=1 and from_byte=100000"
    );
    let rest = read(json!({"path": "docs/wide", "from_line": 1, "from_byte": 100_000})).await;
    assert_eq!(rest["text"].as_str().unwrap().len(), 50_000);
    assert_eq!(rest["note"], json!(null));
    let error = client
        .call("read_file", json!({"path": "docs/wide", "from_byte": 150_000}))
        .await
        .expect_error("invalid_arguments");
    assert_eq!(
        error.message,
        "line 1 has 150000 bytes, so nothing of it begins at byte 150000"
    );
    let text = client
        .call("read_file", json!({"path": "docs/long.txt", "lines": 1}))
        .await
        .text();
    assert!(
        text.starts_with("docs/long.txt, lines 1–1 of 1000, hash "),
        "{text}"
    );
    assert!(
        text.ends_with("\n\nline 1\n\n(read on with from_line=2)"),
        "{text}"
    );
}

#[tokio::test]
async fn pictures_sounds_and_pages_are_read_as_they_are() {
    let ground = Ground::new(&[]);
    let files: [(&str, &[u8], &str); 4] = [
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image"),
        ("a.wav", b"RIFF\0\0\0\0WAVEfmt \0", "audio"),
        ("a.pdf", b"%PDF-1.7\n\xff\0", "resource"),
        ("ascii.txt", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", "resource"),
    ];
    let client = ground.connect().await;
    for (name, bytes, kind) in files {
        fs::write(ground.at("docs").join(name), bytes).unwrap();
        let reply = client
            .call("read_file", json!({"path": format!("docs/{name}")}))
            .await;
        let raw = reply.raw();
        assert_eq!(raw["content"][1]["type"], kind, "{raw}");
        assert_eq!(raw["structuredContent"]["bytes"], bytes.len());
    }
    for (name, bytes, why) in [
        (
            "a.bin",
            &b"\0\xff"[..],
            "byte 0 is NUL (application/octet-stream, 2 bytes)",
        ),
        (
            "latin.txt",
            b"caf\xe9\n",
            "byte 3 is not UTF-8 (application/octet-stream, 5 bytes)",
        ),
        (
            "one",
            b"\xff",
            "byte 0 is not UTF-8 (application/octet-stream, 1 byte)",
        ),
    ] {
        fs::write(ground.at("docs").join(name), bytes).unwrap();
        let path = format!("docs/{name}");
        let error = client
            .call("read_file", json!({"path": path}))
            .await
            .expect_error("invalid_arguments");
        assert_eq!(error.message, format!("`{path}` is no text: {why}"));
    }
    let mut large = b"\x89PNG\r\n\x1a\n".to_vec();
    large.resize(5 * 1024 * 1024 + 1, 0);
    fs::write(ground.at("docs/large.png"), large).unwrap();
    client
        .call("read_file", json!({"path": "docs/large.png"}))
        .await
        .expect_error("too_large");
    fs::File::create(ground.at("docs/sparse"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    client
        .call("read_file", json!({"path": "docs/sparse"}))
        .await
        .expect_error("too_large");
    let info = client
        .call("file_info", json!({"path": "docs/sparse"}))
        .await
        .json();
    assert_eq!(
        (&info["bytes"], &info["hash"]),
        (&json!(1_u64 << 40), &json!(null))
    );
}

#[tokio::test]
async fn names_and_lines_are_searched() {
    let ground = Ground::new(&[
        ("docs/a.md", "one\ntwo\nthree\n"),
        ("work/b.rs", "two"),
        ("work/c.rs", "none"),
    ]);
    let client = ground.connect().await;
    let text = client
        .call("search_files", json!({"pattern": "^two$", "context": 1}))
        .await
        .text();
    assert_eq!(
        text,
        "2 files:\ndocs/a.md\n  1- one\n  2: two\n  3- three\nwork/b.rs\n  1: two\n"
    );
    let text = client.call("search_files", json!({"glob": "*.rs"})).await.text();
    assert_eq!(text, "2 files:\nwork/b.rs\nwork/c.rs\n");
    let text = client
        .call("search_files", json!({"pattern": "missing"}))
        .await
        .text();
    assert_eq!(text, "Nothing found in 3 files");
    fs::write(ground.at("docs/x.bin"), b"\0").unwrap();
    let text = client
        .call("search_files", json!({"pattern": "missing"}))
        .await
        .text();
    assert_eq!(
        text,
        "Nothing found in 3 files\n(1 file passed over: no text, or too large)\n"
    );
    for wrong in [json!({}), json!({"pattern": "("}), json!({"glob": "[x"})] {
        client
            .call("search_files", wrong)
            .await
            .expect_error("invalid_arguments");
    }
}

#[tokio::test]
async fn what_is_known_of_a_file_is_told() {
    let ground = Ground::new(&[("work/a.md", "one\ntwo")]);
    let client = ground.connect().await;
    let info = client
        .call("file_info", json!({"path": "work/a.md"}))
        .await
        .json();
    let read = client
        .call("read_file", json!({"path": "work/a.md"}))
        .await
        .json();
    assert_eq!(
        (&info["hash"], &info["lines"], &info["kind"]),
        (&read["hash"], &json!(2), &json!("file"))
    );
    assert_eq!(
        (&info["mime_type"], &info["root_access"]),
        (&json!("text/markdown"), &json!("read and write"))
    );
    let root = client.call("file_info", json!({"path": "docs"})).await.json();
    assert_eq!((&root["kind"], &root["access"]), (&json!("root"), &json!("read")));
}
