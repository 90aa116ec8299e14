//! Notes as resources.

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::notes::NotesToolset;

use super::client::{open_at_once, over};

#[tokio::test]
async fn notes_are_listed_read_and_completed() {
    let client = over(&[
        ("ideas/mcp.md", "# MCP\n\nA protocol."),
        ("ideas/Zoo.md", "zebra"),
        ("plan b.md", "x"),
    ])
    .await;
    let resources = client.mcp.list_resources().await;
    let mut listed: Vec<_> = resources
        .iter()
        .map(|resource| (resource.uri.as_str(), resource.title.as_deref(), resource.size))
        .collect();
    listed.sort_unstable();
    assert_eq!(
        listed,
        [
            ("note://ideas/Zoo.md", Some("Zoo"), Some(5)),
            ("note://ideas/mcp.md", Some("MCP"), Some(18)),
            ("note://plan%20b.md", Some("plan b"), Some(1)),
        ]
    );
    for resource in &resources {
        assert!(
            !client.mcp.read(&resource.uri).await.is_error(),
            "{}",
            resource.uri
        );
    }
    let complete = async |typed: &str| {
        let completed = client
            .mcp
            .complete_resource("note://{+path}", "path", typed)
            .await;
        completed.values()
    };
    assert_eq!(complete("ide").await, ["ideas/Zoo.md", "ideas/mcp.md"]);
    assert_eq!(complete("zoo").await, ["ideas/Zoo.md"]);
    assert_eq!(complete("nothing").await, [""; 0]);
    assert_eq!(complete("").await.len(), 3);
}

#[tokio::test]
async fn a_missing_note_is_an_error_with_a_hint() {
    let client = over(&[("a.md", "a")]).await;
    let error = client.mcp.read("note://b.md").await.expect_error("not_found");
    assert!(error.message.contains("there is no note `b.md`"), "{error}");
}

#[tokio::test]
async fn a_host_that_lists_at_once_sees_every_note() {
    let (notes, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for n in 0..500 {
        std::fs::write(notes.path().join(format!("{n}.md")), format!("note {n}")).unwrap();
    }
    let notebook = open_at_once(notes.path(), data.path(), false);
    let server = Server::new("test").add(NotesToolset::new(notebook));
    let client = Client::connect(server).await;
    assert_eq!(client.list_resources().await.len(), 500);
}
