//! The file: whose it is, who may read it, and many at once.

use std::collections::HashSet;
use std::fs;

use holdall_toolsets::store::StoreError;
use holdall_toolsets::tasks::{TasksConfig, TasksError, TasksToolset};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Desk, add, integrity};

fn refused(file: &std::path::Path) -> StoreError {
    match TasksToolset::open(file, &TasksConfig::default()) {
        Err(TasksError::Store(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{} was taken", file.display()),
    }
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let desk = Desk::new();
    let text = desk.folder.path().join("notes.md");
    fs::write(
        &text,
        "# Not a database, and long enough to be sure of it\n".repeat(100),
    )
    .unwrap();
    let foreign = desk.folder.path().join("foreign.db");
    let connection = Connection::open(&foreign).unwrap();
    connection
        .execute_batch("CREATE TABLE people (name TEXT)")
        .unwrap();
    drop(connection);
    for file in [text, foreign] {
        let before = fs::read(&file).unwrap();
        let error = refused(&file);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("is no file in which holdall keeps tasks"),
            "{error}"
        );
        assert_eq!(fs::read(&file).unwrap(), before);
    }
    assert!(matches!(refused(desk.folder.path()), StoreError::Open { .. }));
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let desk = Desk::new();
    drop(desk.toolset());
    let connection = Connection::open(desk.file()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = refused(&desk.file()).to_string();
    assert!(
        error.contains("has layout 99, and this version knows layouts up to 1"),
        "{error}"
    );
}

#[test]
fn a_zone_that_is_none_is_named() {
    let desk = Desk::new();
    let mut config = TasksConfig::default();
    config.timezone = Some("Europe/Atlantis".into());
    let error = TasksToolset::open(&desk.file(), &config).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("there is no time zone `Europe/Atlantis`"),
        "{error}"
    );
    assert!(!desk.file().exists());
}

#[cfg(unix)]
#[test]
fn a_new_file_and_its_folder_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let folder = desk.folder.path().join("new/folder");
    let _toolset = super::opened(&folder.join("tasks.db"), |_| {});
    let mut looked_at = vec![folder.clone()];
    looked_at.extend(fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()));
    assert!(looked_at.len() >= 4, "{looked_at:?}");
    for path in looked_at {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_on_one_file_lose_nothing() {
    let desk = Desk::new();
    // Opened at once, too: one of them makes the file.
    let opening = (0..4).map(|_| {
        let file = desk.file();
        tokio::task::spawn_blocking(move || super::opened(&file, |_| {}))
    });
    let mut writing = Vec::new();
    for toolset in opening.collect::<Vec<_>>() {
        let toolset = toolset.await.unwrap();
        writing.push(tokio::spawn(async move {
            let client = holdall_testkit::Client::connect(holdall::Server::new("test").add(toolset)).await;
            let mut ids = Vec::new();
            for n in 0..50 {
                let id = add(&client, &format!("task {n}"), json!({"tags": ["many"]})).await;
                client.call("complete_task", json!({"id": id})).await.json();
                ids.push(id);
            }
            ids
        }));
    }
    let mut ids = HashSet::new();
    for written in writing {
        ids.extend(written.await.unwrap());
    }
    assert_eq!(ids.len(), 200);
    let client = desk.client().await;
    let done: Value = client
        .call("list_tasks", json!({"status": "done", "limit": 200}))
        .await
        .json();
    assert_eq!(done["total"], 200);
    assert_eq!(super::ids(&done).into_iter().collect::<HashSet<_>>(), ids);
    assert_eq!(integrity(&desk.file()), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_server_keeps_the_file_open() {
    let desk = Desk::new();
    let service = desk.server().build().unwrap();
    let handle = service.handle();
    drop(service);
    assert!(handle.has_stopped());
    // The last to leave copies the log into the file and removes it. The thread that followed notices in its own time.
    let log = desk.folder.path().join("tasks.db-wal");
    let gone = tokio::task::spawn_blocking(move || {
        while log.exists() {
            std::thread::yield_now();
        }
    });
    tokio::time::timeout(std::time::Duration::from_secs(30), gone)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(integrity(&desk.file()), "ok");
}
