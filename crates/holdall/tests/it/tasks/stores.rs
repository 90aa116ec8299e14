//! What every store of tasks does: the same tests over each of them.

use std::path::Path;
use std::sync::Arc;

use holdall::{
    MemoryTaskStore, SqliteTaskStore, TaskEnd, TaskOutcome, TaskRecord, TaskStore, TaskStoreError, TaskUsage,
};
use serde_json::{Value, json};

/// Runs a test over each store.
async fn over_all<F: Future<Output = ()>>(test: impl Fn(Arc<dyn TaskStore>) -> F) {
    test(Arc::new(MemoryTaskStore::new())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = SqliteTaskStore::open(folder.path().join("tasks.sqlite")).expect("a new file");
    test(Arc::new(file)).await;
}

fn task(id: &str, principal: &str) -> TaskRecord {
    TaskRecord {
        id: id.into(),
        principal: principal.into(),
        tool: "tool".into(),
        created_at_ms: 1_000,
        expires_at_ms: 5_000,
        end: None,
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn completed(text: &str) -> TaskEnd {
    TaskEnd {
        at_ms: 2_000,
        message: None,
        outcome: TaskOutcome::Completed(object(json!({"text": text}))),
    }
}

#[tokio::test]
async fn what_was_inserted_is_found_and_nothing_else() {
    over_all(async |store| {
        store.insert(task("a", "ada")).await.expect("stored");
        assert_eq!(store.get("a").await.expect("read"), Some(task("a", "ada")));
        for other in ["A", "b", "", "a' OR '1'='1", "\0"] {
            assert_eq!(store.get(other).await.expect("read"), None, "{other:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_ends_once() {
    let ends = [
        completed("\u{1F980} \0 \"quoted\""),
        TaskEnd {
            at_ms: 2_000,
            message: Some("broken".into()),
            outcome: TaskOutcome::Failed(object(
                json!({"code": -32603, "message": "broken", "data": [1.5, null]}),
            )),
        },
        TaskEnd {
            at_ms: 2_000,
            message: Some("cancelled".into()),
            outcome: TaskOutcome::Cancelled,
        },
    ];
    for end in ends {
        over_all(async |store| {
            store.insert(task("a", "ada")).await.expect("stored");
            assert!(store.end("a", end.clone(), 4_000).await.expect("ended"));
            for later in [completed("later"), end.clone()] {
                assert!(!store.end("a", later, 9_000).await.expect("ended"));
            }
            let found = store.get("a").await.expect("read").expect("it is there");
            assert_eq!(found.end, Some(end.clone()));
            assert_eq!(found.expires_at_ms, 5_000, "an end shortens no life");
            assert!(!store.end("b", end.clone(), 0).await.expect("no such task"));
        })
        .await;
    }
}

#[tokio::test]
async fn of_many_ends_at_once_one_counts() {
    over_all(async |store| {
        store.insert(task("a", "ada")).await.expect("stored");
        let mut ends = tokio::task::JoinSet::new();
        for n in 0..20 {
            let store = Arc::clone(&store);
            ends.spawn(async move {
                (
                    n,
                    store.end("a", completed(&n.to_string()), 0).await.expect("ended"),
                )
            });
        }
        let counted: Vec<i32> = ends
            .join_all()
            .await
            .into_iter()
            .filter(|(_, counts)| *counts)
            .map(|(n, _)| n)
            .collect();
        let [one] = counted[..] else { panic!("{counted:?}") };
        let found = store.get("a").await.expect("read").expect("it is there");
        assert_eq!(found.end, Some(completed(&one.to_string())));
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_is_removed_when_its_life_is_over() {
    over_all(async |store| {
        for id in ["short", "long", "running"] {
            store.insert(task(id, "ada")).await.expect("stored");
        }
        store.end("short", completed("x"), 0).await.expect("ended");
        store.end("long", completed("x"), 7_000).await.expect("ended");
        let removed_at = async |now_ms| store.remove_expired(now_ms).await.expect("removed");
        assert_eq!(removed_at(4_999).await, 0);
        assert_eq!(removed_at(5_000).await, 1);
        assert_eq!(store.get("short").await.expect("read"), None);
        assert_eq!(removed_at(6_999).await, 0);
        assert_eq!(removed_at(u64::MAX).await, 1);
        // Whoever runs it will end it.
        assert!(store.get("running").await.expect("read").is_some());
    })
    .await;
}

#[tokio::test]
async fn usage_is_counted_in_all_and_for_each_principal() {
    over_all(async |store| {
        let usage = async |principal: &str| store.usage(principal).await.expect("counted");
        assert_eq!(usage("ada").await, TaskUsage::default());
        store.insert(task("a", "ada")).await.expect("stored");
        store.insert(task("b", "ada")).await.expect("stored");
        store.insert(task("c", "bo")).await.expect("stored");
        store.end("a", completed("four"), 0).await.expect("ended");
        store.end("c", completed("sixsix"), 6_000).await.expect("ended");
        let bytes = |text: &str| json!({"text": text}).to_string().len() as u64;
        let all = TaskUsage {
            tasks: 3,
            tasks_of_principal: 2,
            result_bytes: bytes("four") + bytes("sixsix"),
            result_bytes_of_principal: bytes("four"),
        };
        assert_eq!(usage("ada").await, all);
        store.remove_expired(5_000).await.expect("removed");
        let rest = TaskUsage {
            tasks: 2,
            tasks_of_principal: 1,
            result_bytes: bytes("sixsix"),
            result_bytes_of_principal: bytes("sixsix"),
        };
        assert_eq!(usage("bo").await, rest);
    })
    .await;
}

#[tokio::test]
async fn what_its_own_process_runs_is_not_abandoned() {
    over_all(async |store| {
        store.insert(task("a", "ada")).await.expect("stored");
        assert_eq!(store.end_abandoned(completed("x"), 0).await.expect("looked"), 0);
        assert_eq!(store.get("a").await.expect("read"), Some(task("a", "ada")));
    })
    .await;
}

fn refused(path: &Path) -> TaskStoreError {
    SqliteTaskStore::open(path).err().expect("it is refused")
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("notes.md");
    std::fs::write(
        &text,
        "# Not a database, and long enough to be sure of it\n".repeat(100),
    )
    .expect("written");
    let before = std::fs::read(&text).expect("read");
    assert!(matches!(refused(&text), TaskStoreError::Foreign(_)));
    assert_eq!(std::fs::read(&text).expect("read"), before);

    let foreign = folder.path().join("foreign.sqlite");
    let connection = rusqlite::Connection::open(&foreign).expect("a database");
    connection
        .execute_batch("CREATE TABLE people (name TEXT)")
        .expect("a table");
    drop(connection);
    let before = std::fs::read(&foreign).expect("read");
    assert!(matches!(refused(&foreign), TaskStoreError::Foreign(_)));
    assert_eq!(std::fs::read(&foreign).expect("read"), before);

    let missing = folder.path().join("no").join("such").join("folder.sqlite");
    let error = refused(&missing).to_string();
    assert!(error.starts_with("cannot open the store of tasks `"), "{error}");
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    drop(SqliteTaskStore::open(&path).expect("a new file"));
    let connection = rusqlite::Connection::open(&path).expect("a database");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("changed");
    drop(connection);
    let error = refused(&path).to_string();
    assert!(
        error.contains("has layout 99, and this version knows layouts up to 1"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tasks.sqlite");
    let _store = SqliteTaskStore::open(&path).expect("a new file");
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.contains("-owner-") {
            continue; // Holds nothing.
        }
        let mode = entry.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}
