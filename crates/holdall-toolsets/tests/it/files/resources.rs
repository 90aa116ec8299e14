//! Files as resources.

use serde_json::json;

use super::Ground;

#[tokio::test]
async fn roots_and_what_lies_in_them_are_listed_and_read() {
    let ground = Ground::new(&[
        ("docs/a b.md", "# A"),
        ("docs/img/x.png", ""),
        ("work/c.json", "{}"),
    ]);
    std::fs::write(ground.at("docs/img/x.png"), b"\x89PNG\r\n\x1a\n\0").unwrap();
    let client = ground.connect().await;
    let listed = client.list_resources().await;
    let listed: Vec<_> = listed
        .iter()
        .map(|one| (one.uri.as_str(), one.mime_type.as_deref().unwrap(), one.size))
        .collect();
    assert_eq!(
        listed,
        [
            ("file://docs", "inode/directory", None),
            ("file://docs/a%20b.md", "text/markdown", Some(3)),
            ("file://docs/img", "inode/directory", None),
            ("file://work", "inode/directory", None),
            ("file://work/c.json", "application/json", Some(2)),
        ]
    );
    let text = client.read("file://docs/a%20b.md").await;
    assert_eq!(
        (text.text().as_str(), text.mime_type().as_deref()),
        ("# A", Some("text/markdown"))
    );
    let folder = client.read("file://docs/img").await;
    assert_eq!(folder.text(), "file://docs/img/x.png\n");
    let picture = client.read("file://docs/img/x.png").await;
    assert_eq!(
        (picture.bytes(), picture.mime_type().as_deref()),
        (b"\x89PNG\r\n\x1a\n\0".to_vec(), Some("image/png"))
    );
    // A resource has one name, so that who watches it hears of it.
    for uri in [
        "file://docs/A%20B.md",
        "file://docs/missing",
        "file://c.json",
        "file://nowhere/x",
    ] {
        assert!(client.read(uri).await.is_error(), "{uri}");
    }
    let complete = async |typed: &str| {
        client
            .complete_resource("file://{+path}", "path", typed)
            .await
            .values()
    };
    assert_eq!(complete("d").await, ["docs"]);
    assert_eq!(complete("docs/").await, ["docs/a b.md", "docs/img"]);
    assert_eq!(complete("docs/i").await, ["docs/img"]);
    assert_eq!(complete("../").await, [""; 0]);
}

#[tokio::test]
async fn many_files_are_listed_page_by_page() {
    let ground = Ground::new(&[]);
    for number in 0..450 {
        ground.put(&format!("docs/{number:03}.txt"), "x");
    }
    ground.put("work/z.txt", "z");
    let client = ground.connect().await;
    let listed = client.list_resources().await;
    assert_eq!(listed.len(), 453);
    assert_eq!(listed[0].uri, "file://docs");
    assert_eq!(listed[452].uri, "file://work/z.txt");
    let first = client.request("resources/list", json!({})).await;
    assert_eq!(first.result()["resources"].as_array().unwrap().len(), 200);
}
