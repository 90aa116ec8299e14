//! Files of SQLite in which toolsets keep things.
//!
//! Here: how a file is opened, brought up to date, read and written by several processes at once, who hears of changes,
//! and how texts are cleaned and found. What the tables hold is the matter of each toolset. Never here: tools, or
//! anything else a model sees.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how is a file read and written: `Store` |
//! | `open` | how is it made, opened, brought up to date, or refused |
//! | `follow` | who hears that something changed, whoever changed it |
//! | `text` | how is a text cleaned, and found by its words |
//! | `error` | what can go wrong |

mod error;
mod follow;
mod open;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use error::StoreError;
pub(crate) use follow::{CHANGES, Changes, follow};
pub(crate) use text::{Match, clean, fold, line, matching, words};

/// By how much a file may outgrow its bound while something is deleted.
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// How long a program that ends waits for others that read the file just then.
const LEAVING_MAX: Duration = Duration::from_millis(500);

/// What a file is for, and what its tables look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What is kept in it, in messages: "tasks".
    pub(crate) what: &'static str,
    /// Four letters that tell it from the files of others.
    pub(crate) application_id: i32,
    /// What makes each layout of the one before it, the first one of an empty file. Once released, none is changed:
    /// another layout is another entry.
    pub(crate) layouts: &'static [&'static [&'static str]],
}

/// An open file. What `write` has answered is on the disk: it outlives this process, and a power cut too where the disk
/// keeps what it says it has written.
pub(crate) struct Store {
    connection: Mutex<Connection>,
    bytes_max: u64,
    path: PathBuf,
    bell: Arc<follow::Bell>,
}

impl Store {
    /// Opens the file at `path`, or makes it, with the folders it lies in. It grows to `bytes_max` bytes, and no
    /// further but to have something deleted.
    pub(crate) fn open(path: &Path, kind: &Kind, bytes_max: u64) -> Result<Self, StoreError> {
        let (connection, path) = open::open(path, kind)?;
        Ok(Self {
            connection: Mutex::new(connection),
            bytes_max,
            path,
            bell: Arc::default(),
        })
    }

    /// Reads as of one moment, however many statements it takes.
    pub(crate) fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        let reading = connection.transaction().map_err(StoreError::from)?;
        work(&reading)
    }

    /// Writes all of it or nothing: an error of `work` undoes what it did. Other processes are waited for.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_within(self.bytes_max, work)
    }

    /// As `write`, for what makes the file smaller in the end. On the way there the indexes of words grow, and a file that
    /// is full must not be one from which nothing can be deleted.
    pub(crate) fn make_room<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_within(self.bytes_max.saturating_add(RESERVE_BYTES), work)
    }

    fn write_within<T, E: From<StoreError>>(
        &self,
        bytes_max: u64,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        open::bound(&connection, bytes_max).map_err(StoreError::from)?;
        // It waits for its turn now, not in the middle.
        let writing = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let done = work(&writing)?;
        writing.commit().map_err(StoreError::from)?;
        drop(connection);
        self.bell.ring();
        Ok(done)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Whoever panicked in the middle of a transaction has undone it on the way out.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    /// Copies the log into the file, so that the file alone is all there is. What is left to another process, or undone by
    /// an error, is done by whoever opens the file next.
    fn drop(&mut self) {
        self.bell.end();
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let copied = connection.busy_timeout(LEAVING_MAX).and_then(|()| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        });
        if let Err(error) = copied {
            tracing::debug!(%error, "the log was not copied into the file");
        }
    }
}
