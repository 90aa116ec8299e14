//! What is kept of a task: [`TaskRecord`], and where: [`TaskStore`].
//!
//! A store knows that a task is there and how it ended. What happens in between (its progress, its questions) is
//! known to the process that runs it, and lost with it.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `memory` | how tasks are kept for as long as the process lives |
//! | `sqlite` | how they are kept in a file, and outlive it |

mod memory;
#[cfg(feature = "sqlite-tasks")]
mod sqlite;

use std::error::Error as StdError;
use std::path::PathBuf;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

pub use self::memory::MemoryTaskStore;
#[cfg(feature = "sqlite-tasks")]
pub use self::sqlite::SqliteTaskStore;
use crate::protocol::JsonObject;

/// What the methods of a [`TaskStore`] return.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, TaskStoreError>> + Send + 'a>>;

/// Where tasks are kept.
///
/// The server calls the methods concurrently, also for one task. It checks who may see a task; a store need not.
/// A future that is dropped may or may not have had its effect, but never a part of it.
///
/// Times are milliseconds since 1970 began.
pub trait TaskStore: Send + Sync + 'static {
    /// Keeps a task that has just begun. When this returns, [`get`](Self::get) finds it.
    fn insert(&self, task: TaskRecord) -> StoreFuture<'_, ()>;

    /// The task with this id, if it is there.
    fn get(&self, id: &str) -> StoreFuture<'_, Option<TaskRecord>>;

    /// Ends a task, and extends its life to `keep_until_ms` if that is later. A task ends once: of several ends the
    /// first counts, also if they come from several processes. Whether this one counted; `false` too if there is no
    /// such task. When this returns, [`get`](Self::get) finds the end.
    fn end(&self, id: &str, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, bool>;

    /// Ends, in the same way, all tasks nobody else will ever end: those begun by a process that is gone. How many
    /// there were.
    ///
    /// A store that several processes share must know which of them still live, and leave their tasks alone.
    fn end_abandoned(&self, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, usize>;

    /// Removes the tasks that have ended and whose life is over at `now_ms`. How many there were.
    fn remove_expired(&self, now_ms: u64) -> StoreFuture<'_, usize>;

    /// How much is kept, in all and of one principal.
    fn usage(&self, principal: &str) -> StoreFuture<'_, TaskUsage>;
}

/// What is kept of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// Its id, which nobody can guess.
    pub id: String,
    /// The [name](crate::Principal::name) of whoever made it.
    pub principal: String,
    /// The tool that was called.
    pub tool: String,
    /// When it was made.
    pub created_at_ms: u64,
    /// When its life is over.
    pub expires_at_ms: u64,
    /// How it ended; `None` while it runs.
    pub end: Option<TaskEnd>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskEnd {
    /// When.
    pub at_ms: u64,
    /// What is to be said about it.
    pub message: Option<String>,
    /// What came of it.
    pub outcome: TaskOutcome,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// The result of the call, which may say that the tool failed.
    Completed(JsonObject),
    /// The JSON-RPC error the call was answered with.
    Failed(JsonObject),
    /// Nothing: the client cancelled it.
    Cancelled,
}

impl TaskOutcome {
    /// Result or error as JSON.
    fn payload(&self) -> Option<String> {
        match self {
            Self::Completed(payload) | Self::Failed(payload) => {
                Some(serde_json::to_string(payload).expect("a JSON object is JSON"))
            }
            Self::Cancelled => None,
        }
    }
}

/// How much a store keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskUsage {
    /// Tasks, running or not.
    pub tasks: usize,
    /// Tasks of the principal that was asked about.
    pub tasks_of_principal: usize,
    /// Results and errors, in bytes of JSON.
    pub result_bytes: u64,
    /// Results and errors of the principal that was asked about, in bytes of JSON.
    pub result_bytes_of_principal: u64,
}

/// Why a store did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskStoreError {
    /// The file belongs to something else.
    #[error("`{}` is no store of tasks; choose another file, or a new one", .0.display())]
    Foreign(PathBuf),
    /// The file was written by a newer version.
    #[error(
        "`{}` has layout {found}, and this version knows layouts up to {known}; use the version that wrote it, or another file",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The newest layout that is known.
        known: i64,
    },
    /// Reading or writing failed.
    #[error("{what}: {source}")]
    Failed {
        /// What was tried.
        what: String,
        /// What went wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl TaskStoreError {
    /// Reading or writing failed: `what` was tried, `source` is what went wrong.
    pub fn failed(what: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Failed {
            what: what.into(),
            source: source.into(),
        }
    }
}
