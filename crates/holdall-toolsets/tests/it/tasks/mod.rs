//! The tasks: a list of things to do, over a file of its own for each test.

mod file;
mod finding;
mod hostile;
mod live;
mod using;

use std::path::{Path, PathBuf};

use holdall::Server;
use holdall_testkit::Client;
use holdall_toolsets::tasks::{TasksConfig, TasksToolset};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the file in it, or the place for one.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("tasks.db")
    }

    fn toolset(&self) -> TasksToolset {
        opened(&self.file(), |_| {})
    }

    fn server(&self) -> Server {
        Server::new("test").add(self.toolset())
    }

    async fn client(&self) -> Client {
        Client::connect(self.server()).await
    }
}

fn opened(file: &Path, change: impl FnOnce(&mut TasksConfig)) -> TasksToolset {
    let mut config = TasksConfig::default();
    config.timezone = Some("Europe/Berlin".into());
    change(&mut config);
    TasksToolset::open(file, &config).unwrap()
}

/// Adds a task of this title, and what else is said of it; its id.
async fn add(client: &Client, title: &str, more: Value) -> i64 {
    let mut arguments = more;
    arguments["title"] = json!(title);
    let added = client.call("add_task", arguments).await.json();
    added["id"].as_i64().unwrap()
}

/// The ids of the tasks in a reply.
fn ids(reply: &Value) -> Vec<i64> {
    let tasks = reply["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["id"].as_i64().unwrap()).collect()
}

/// What SQLite says of the file as a whole.
fn integrity(file: &Path) -> String {
    let connection = rusqlite::Connection::open(file).unwrap();
    let words = "INSERT INTO tasks_words (tasks_words, rank) VALUES ('integrity-check', 1)";
    connection.execute(words, []).unwrap();
    connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}
