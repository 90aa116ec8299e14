//! The schema lock: what is in the file, what each mode does with it, and what is said about changes.

use std::fs;
use std::path::PathBuf;

use holdall::prelude::*;
use holdall::schema_lock::{self, Bump, ChangeKind, Lock, LockError, Mode, Severity};
use holdall::{Icon, Service};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// The newest first.
    Newest,
    Oldest,
}

#[derive(Serialize, JsonSchema)]
struct Hit {
    /// Where it is.
    path: String,
    score: f64,
}

mod before {
    use super::*;

    /// Search notes.
    #[tool(title = "Search", read_only, tags("b", "a"))]
    pub(super) fn search(
        /// What to look for.
        query: String,
        #[arg(default = 10, range = 1..=50)] limit: u32,
        order: Option<Order>,
    ) -> Json<Vec<Hit>> {
        let _ = (query, limit, order);
        Json(Vec::new())
    }

    /// Delete a note.
    #[tool(destructive, scopes("notes:write"))]
    pub(super) fn delete(path: String) -> String {
        path
    }

    /// Say hello.
    #[tool]
    pub(super) fn hello() -> &'static str {
        "hello"
    }

    /// Settings.
    #[resource("config://settings", mime_type = "application/json")]
    pub(super) fn settings() -> String {
        "{}".into()
    }

    /// A user.
    #[resource("user://{id}")]
    pub(super) fn user(id: u64) -> String {
        id.to_string()
    }

    /// Practise an interview.
    #[prompt]
    pub(super) fn interview(topic: String) -> String {
        topic
    }
}

mod after {
    use super::*;

    /// Search your notes.
    #[tool(title = "Search", tags("b", "a"))]
    pub(super) fn search(
        /// What to look for.
        query: String,
        #[arg(default = 20, range = 1..=100)] limit: u32,
        order: Option<Order>,
        folder: Option<String>,
    ) -> Json<Vec<Hit>> {
        let _ = (query, limit, order, folder);
        Json(Vec::new())
    }

    /// Delete a note.
    #[tool(destructive, scopes("notes:write", "notes:delete"))]
    pub(super) fn delete(path: String, reason: String) -> String {
        path + &reason
    }

    /// Say hello.
    #[tool]
    pub(super) fn greet() -> &'static str {
        "hello"
    }

    /// Settings.
    #[resource("config://settings", mime_type = "text/plain")]
    pub(super) fn settings() -> String {
        "{}".into()
    }

    /// A user.
    #[resource("user://{id}")]
    pub(super) fn user(id: u32) -> String {
        id.to_string()
    }

    /// Practise an interview.
    #[prompt]
    pub(super) fn interview(topic: Option<String>) -> String {
        topic.unwrap_or_default()
    }
}

fn service_before() -> Service {
    let server = Server::new("test")
        .add(tools![before::search, before::delete, before::hello])
        .add(resources![before::settings, before::user])
        .add(prompts![before::interview]);
    server.build().expect("the server is right")
}

fn service_after() -> Service {
    let server = Server::new("test")
        .add(tools![after::greet, after::delete, after::search])
        .add(resources![after::settings, after::user])
        .add(prompts![after::interview]);
    server.build().expect("the server is right")
}

/// A folder, and the path of a lock file in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(schema_lock::FILE_NAME);
    (folder, path)
}

#[test]
fn the_file_is_read_by_people() {
    insta::assert_snapshot!(Lock::of(&service_before()));
}

#[test]
fn the_order_of_adding_does_not_matter() {
    let other_way = Server::new("test")
        .add(prompts![before::interview])
        .add(resources![before::user, before::settings])
        .add(tools![before::hello, before::delete, before::search]);
    let other_way = other_way.build().expect("the server is right");
    assert_eq!(
        Lock::of(&other_way).to_string(),
        Lock::of(&service_before()).to_string()
    );
}

#[test]
fn changes_are_told_with_the_worst_first() {
    let report = Lock::of(&service_before()).changes_to(&Lock::of(&service_after()));
    insta::assert_snapshot!(report);
    assert_eq!(report.bump(), Bump::Major);
    let kinds: Vec<ChangeKind> = report
        .of(Severity::Compatible)
        .map(|change| change.kind)
        .collect();
    assert!(kinds.contains(&ChangeKind::Optional), "{kinds:?}");
}

#[test]
fn a_lock_is_what_its_text_says() {
    let lock = Lock::of(&service_before());
    let again: Lock = lock.to_string().parse().expect("it is a lock");
    assert_eq!(again, lock);
    assert!(lock.changes_to(&again).changes().is_empty());
    assert_eq!(lock.changes_to(&again).bump(), Bump::None);
}

#[test]
fn the_file_is_written_once_and_then_kept_up_to_date() {
    let (_folder, path) = place();
    let missing = schema_lock::check(&service_before(), &path, Mode::Locked);
    assert!(matches!(missing, Err(LockError::Missing(_))), "{missing:?}");
    assert!(!path.exists());

    let first = schema_lock::check(&service_before(), &path, Mode::Compatible).expect("it is written");
    assert!(first.changes().is_empty());
    schema_lock::check(&service_before(), &path, Mode::Locked).expect("nothing has changed");

    // More than before: written where that is allowed.
    let more = || {
        let server = Server::new("test")
            .add(tools![
                before::search,
                before::delete,
                before::hello,
                after::greet
            ])
            .add(resources![before::settings, before::user])
            .add(prompts![before::interview]);
        server.build().expect("the server is right")
    };
    let refused = schema_lock::check(&more(), &path, Mode::Locked).expect_err("the file is not up to date");
    assert!(refused.to_string().contains("`Mode::Compatible`"), "{refused}");
    let report = schema_lock::check(&more(), &path, Mode::Compatible).expect("nothing breaks");
    assert_eq!(report.bump(), Bump::Minor);
    schema_lock::check(&more(), &path, Mode::Locked).expect("the file is up to date");
}

#[test]
fn what_breaks_is_written_only_if_it_is_meant() {
    let (_folder, path) = place();
    schema_lock::check(&service_before(), &path, Mode::Compatible).expect("it is written");
    let written = fs::read_to_string(&path).expect("it is there");
    for mode in [Mode::Locked, Mode::Compatible] {
        let refused = schema_lock::check(&service_after(), &path, mode).expect_err("it breaks");
        assert!(refused.to_string().contains("`Mode::Update`"), "{refused}");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), written);
    }
    let report = schema_lock::check(&service_after(), &path, Mode::Update).expect("it is meant");
    assert_eq!(report.bump(), Bump::Major);
    schema_lock::check(&service_after(), &path, Mode::Locked).expect("the file is up to date");
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let (folder, path) = place();
    for text in ["", "{", "{}", "[]", "{\"lock\": 99}"] {
        fs::write(&path, text).expect("it is written");
        let refused = schema_lock::check(&service_before(), &path, Mode::Compatible).expect_err(text);
        assert!(matches!(refused, LockError::Malformed { .. }), "{refused}");
        assert!(refused.to_string().contains(schema_lock::FILE_NAME), "{refused}");
    }
    schema_lock::check(&service_before(), &path, Mode::Update).expect("it is replaced");
    let refused =
        schema_lock::check(&service_before(), folder.path(), Mode::Compatible).expect_err("a folder");
    assert!(matches!(refused, LockError::Io { .. }), "{refused}");
}

#[test]
fn what_nobody_relies_on_is_not_in_the_file() {
    let with_icon = |icon: &str| {
        let tool = Tool::new("draw")
            .icon(Icon::new(icon))
            .handler(async |_| Ok("drawn"));
        Server::new("test")
            .version("1.2.3")
            .add(tool)
            .build()
            .expect("the server is right")
    };
    let (one, two) = (
        with_icon("https://example.com/1.png"),
        with_icon("https://example.com/2.png"),
    );
    assert_eq!(Lock::of(&one), Lock::of(&two));
}
