//! Tasks kept in a file: [`SqliteTaskStore`].
//!
//! One thread owns the connection and does one thing after another, so that neither a busy disk nor another process
//! holds up the asynchronous workers.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `database` | what the file looks like, and each statement |
//! | `process` | which processes that share a file still live |

mod database;
mod process;

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use self::database::Database;
use super::{StoreFuture, TaskEnd, TaskRecord, TaskStore, TaskStoreError, TaskUsage};

/// Keeps tasks in an SQLite database: what has ended outlives the process, and what was running when the process
/// died is known to have failed.
///
/// Several processes of one machine may share a file. Each answers for the tasks it runs itself and, once they have
/// ended, for those of the others. Beside the file there is one small file for each process, `<file>-owner-<id>`,
/// locked for as long as the process lives; that is how the others know. Network file systems, where locks mean
/// little, are no place for it.
///
/// The file holds the results of calls: it is made readable for its owner alone.
///
/// ```
/// use std::sync::Arc;
/// use holdall::prelude::*;
/// use holdall::{SqliteTaskStore, TaskOptions};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("tasks.sqlite");
/// let mut tasks = TaskOptions::default();
/// tasks.store = Arc::new(SqliteTaskStore::open(path)?);
/// let server = Server::new("worker").tasks(tasks);
/// # server.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteTaskStore {
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&mut Database) + Send>;

impl SqliteTaskStore {
    /// Opens the file, or makes it; its folder must be there.
    ///
    /// # Errors
    /// [`TaskStoreError::Foreign`] if the file is something else, [`TaskStoreError::Newer`] if a newer version wrote
    /// it, [`TaskStoreError::Failed`] if it cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TaskStoreError> {
        let mut database = Database::open(path.as_ref())?;
        let (jobs, waiting) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("task-store".into())
            .spawn(move || {
                for job in waiting {
                    job(&mut database);
                }
            })
            .map_err(|error| TaskStoreError::failed("starting the thread of the store", error))?;
        Ok(Self { jobs })
    }

    /// Has the thread do something and waits for it. It is done also if nobody waits any more.
    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Database) -> Result<T, TaskStoreError> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        let (sender, done) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            // Nobody waits if the request is gone.
            let _ = sender.send(job(database));
        });
        // The thread ends with the store, unless it panicked; then `done` says so.
        let _ = self.jobs.send(job);
        Box::pin(async move {
            done.await
                .unwrap_or_else(|_| Err(TaskStoreError::failed("using the store", "its thread has died")))
        })
    }
}

impl TaskStore for SqliteTaskStore {
    fn insert(&self, task: TaskRecord) -> StoreFuture<'_, ()> {
        self.run(move |database| database.insert(&task))
    }

    fn get(&self, id: &str) -> StoreFuture<'_, Option<TaskRecord>> {
        let id = id.to_owned();
        self.run(move |database| database.get(&id))
    }

    fn end(&self, id: &str, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, bool> {
        let id = id.to_owned();
        self.run(move |database| database.end(&id, &end, keep_until_ms))
    }

    fn end_abandoned(&self, end: TaskEnd, keep_until_ms: u64) -> StoreFuture<'_, usize> {
        self.run(move |database| database.end_abandoned(&end, keep_until_ms))
    }

    fn remove_expired(&self, now_ms: u64) -> StoreFuture<'_, usize> {
        self.run(move |database| database.remove_expired(now_ms))
    }

    fn usage(&self, principal: &str) -> StoreFuture<'_, TaskUsage> {
        let principal = principal.to_owned();
        self.run(move |database| database.usage(&principal))
    }
}
