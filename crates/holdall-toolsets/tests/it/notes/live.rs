//! Notes that change, come and go: who hears of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use holdall::live::Listeners;
use holdall::{Server, Toolset as _};
use holdall_notes::{Notebook, Role};
use holdall_testkit::Client;
use holdall_toolsets::notes::NotesToolset;
use serde_json::json;
use tempfile::TempDir;

use super::client::open;

const VERSIONS: [&str; 3] = ["2024-11-05", "2025-11-25", "2026-07-28"];
const UPDATED: &str = "notifications/resources/updated";
const LIST_CHANGED: &str = "notifications/resources/list_changed";

struct Desk {
    notes: TempDir,
    data: TempDir,
}

impl Desk {
    fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self {
            notes: tempfile::tempdir().unwrap(),
            data: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            desk.put(path, text);
        }
        desk
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.notes.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.notes.path().join(path)
    }

    fn notebook(&self) -> Arc<Notebook> {
        opened(self.notes.path(), self.data.path())
    }
}

fn opened(notes: &Path, data: &Path) -> Arc<Notebook> {
    tokio::task::block_in_place(|| open(notes, data, false))
}

fn server(notebook: Arc<Notebook>) -> Server {
    Server::new("test").add(NotesToolset::new(notebook))
}

/// Connects a client that hears of changed lists, as its version of the protocol has it.
async fn connect(server: Server, version: &str) -> Client {
    let client = Client::connect(server).protocol(version).await;
    if version == "2026-07-28" {
        drop(client.listen(json!({"resourcesListChanged": true})).await);
    }
    client
}

async fn updated(client: &Client) -> String {
    let notification = client.next_notification(UPDATED).await;
    notification.params["uri"].as_str().unwrap().to_owned()
}

fn count(client: &Client, method: &str) -> usize {
    let all = client.notifications();
    all.iter().filter(|one| one.method == method).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_hears_of_the_notes_it_watches_and_of_no_other() {
    for version in VERSIONS {
        let desk = Desk::new(&[("a b.md", "giraffe"), ("other.md", "zebra")]);
        let client = connect(server(desk.notebook()), version).await;
        client.subscribe("note://a%20b.md").await;
        desk.put("other.md", "yak");
        desk.put("a b.md", "walrus");
        assert_eq!(updated(&client).await, "note://a%20b.md", "{version}");
        assert_eq!(client.read("note://a%20b.md").await.text(), "walrus");
        // By the tools of this server, too.
        let change = json!({"path": "a b.md", "content": "more"});
        client.call("append_note", change).await.json();
        assert_eq!(updated(&client).await, "note://a%20b.md");
        client.call("undo_note_change", json!({})).await.json();
        assert_eq!(updated(&client).await, "note://a%20b.md");
        fs::remove_file(desk.path("a b.md")).unwrap();
        assert_eq!(updated(&client).await, "note://a%20b.md");
        client.next_notification(LIST_CHANGED).await;
        client.read("note://a%20b.md").await.expect_error("not_found");
        // What comes back under its name is the same resource.
        desk.put("a b.md", "giraffe");
        assert_eq!(updated(&client).await, "note://a%20b.md");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_changes_when_notes_come_go_and_move_and_not_when_they_are_edited() {
    for version in VERSIONS {
        let desk = Desk::new(&[("a.md", "giraffe")]);
        let client = connect(server(desk.notebook()), version).await;
        client.subscribe("note://a.md").await;
        desk.put("a.md", "walrus");
        updated(&client).await;
        assert_eq!(count(&client, LIST_CHANGED), 0, "{version}");
        let listed = async || {
            let mut uris: Vec<_> = client
                .list_resources()
                .await
                .into_iter()
                .map(|note| note.uri)
                .collect();
            uris.sort();
            uris
        };
        client
            .call("create_note", json!({"path": "new", "content": "x"}))
            .await
            .json();
        client.next_notification(LIST_CHANGED).await;
        assert_eq!(listed().await, ["note://a.md", "note://new.md"]);
        fs::rename(desk.path("new.md"), desk.path("moved.md")).unwrap();
        client.next_notification(LIST_CHANGED).await;
        // Both halves of a move may be told of by themselves.
        while listed().await != ["note://a.md", "note://moved.md"] {
            client.next_notification(LIST_CHANGED).await;
        }
        fs::remove_file(desk.path("moved.md")).unwrap();
        while listed().await != ["note://a.md"] {
            client.next_notification(LIST_CHANGED).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_watched_by_whatever_name_it_was_asked_for() {
    let desk = Desk::new(&[
        ("garage/car.md", "giraffe"),
        ("daily/2026.05.04.markdown", "zebra"),
    ]);
    let client = connect(server(desk.notebook()), "2025-11-25").await;
    let names = ["garage/car.md", "garage/car", "car.md", "car"];
    for name in names {
        let uri = format!("note://{name}");
        assert_eq!(client.read(&uri).await.text(), "giraffe");
        client.subscribe(&uri).await;
    }
    client.subscribe("note://2026.05.04").await;
    desk.put("garage/car.md", "walrus");
    let mut heard = Vec::new();
    for _ in names {
        heard.push(updated(&client).await);
    }
    heard.sort();
    assert_eq!(
        heard,
        [
            "note://car",
            "note://car.md",
            "note://garage/car",
            "note://garage/car.md"
        ]
    );
    desk.put("daily/2026.05.04.markdown", "yak");
    assert_eq!(updated(&client).await, "note://2026.05.04");
    // A second note of that name changes what the bare name leads to, and nothing else.
    desk.put("attic/car.md", "penguin");
    let mut heard = [updated(&client).await, updated(&client).await];
    heard.sort();
    assert_eq!(heard, ["note://car", "note://car.md"]);
    client.read("note://car").await.expect_error("ambiguous");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_toolset_is_heard_under_the_names_of_the_whole() {
    for version in VERSIONS {
        let desk = Desk::new(&[("a.md", "giraffe")]);
        let whole = Server::new("whole").mount("my", server(desk.notebook()));
        let client = connect(whole, version).await;
        client.subscribe("my+note://a.md").await;
        desk.put("a.md", "walrus");
        assert_eq!(updated(&client).await, "my+note://a.md", "{version}");
        desk.put("b.md", "zebra");
        client.next_notification(LIST_CHANGED).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_reads_the_index_of_another_tells_too() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let keeper = desk.notebook();
    let reader = desk.notebook();
    assert_eq!(
        (keeper.progress().role, reader.progress().role),
        (Role::Writer, Role::Reader)
    );
    for version in VERSIONS {
        let client = connect(server(Arc::clone(&reader)), version).await;
        client.subscribe("note://a.md").await;
        keeper.append("a.md", "more", None, None).unwrap();
        assert_eq!(updated(&client).await, "note://a.md", "{version}");
        desk.put(&format!("{version}.md"), "zebra");
        client.next_notification(LIST_CHANGED).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_notes_are_as_live() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let toolset = NotesToolset::new(desk.notebook());
    let read_only = Server::new("test").add(toolset.components().only_reading());
    let client = connect(read_only, "2026-07-28").await;
    client.subscribe("note://a.md").await;
    desk.put("a.md", "walrus");
    assert_eq!(updated(&client).await, "note://a.md");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_note_cannot_be_watched_and_harms_nobody() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let client = connect(server(desk.notebook()), "2025-11-25").await;
    for uri in [
        "nte://a.md",
        "note://../a.md",
        "note://",
        "",
        "a.md",
        "note://a%00.md",
        "note://%ff",
    ] {
        let reply = client.request("resources/subscribe", json!({ "uri": uri })).await;
        assert!(reply.is_error(), "{uri}: {reply:?}");
    }
    for params in [json!({}), json!({"uri": 7}), json!({"uri": ["note://a.md"]})] {
        let reply = client.request("resources/subscribe", params).await;
        assert!(reply.is_error(), "{reply:?}");
    }
    // A note that is yet to be written can be waited for.
    client.subscribe("note://later.md").await;
    desk.put("not/a/note.txt", "x");
    desk.put(".hidden.md", "x");
    desk.put("later.md", "x");
    assert_eq!(updated(&client).await, "note://later.md");
    assert_eq!(count(&client, UPDATED), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn notebooks_and_servers_end_together_and_apart() {
    let desk = Desk::new(&[("a.md", "giraffe")]);
    let notebook = desk.notebook();
    let weak = Arc::downgrade(&notebook);
    let service = server(Arc::clone(&notebook)).build().unwrap();
    let handle = service.handle();
    drop(service);
    assert!(handle.has_stopped());
    // The server is gone, and the thread that told it of changes notices that at the next one.
    notebook.create("b.md", "x").unwrap();
    let again = server(notebook).build().unwrap();
    assert_eq!(again.handle().listeners(), Listeners::default());
    drop(again);
    assert!(
        weak.upgrade().is_none(),
        "nothing but the server kept the notebook open"
    );
}
