//! What the file looks like, and each statement: [`Database`].

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::super::{TaskEnd, TaskOutcome, TaskRecord, TaskStoreError, TaskUsage};
use super::process::{self, Process};

/// "Holdall, tasks": tells our files from those of other programs.
const APPLICATION_ID: i64 = 0x686f_7461;
/// The layout written here. A new one comes with the statements that turn the old one into it.
const LAYOUT: i64 = 1;
/// How long another process may keep the file to itself.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// `owner` is the process that runs the task. The index of usage holds all that a count needs, so that counting never
/// reads results.
const CREATE: &str = "
    CREATE TABLE tasks (
        id TEXT PRIMARY KEY,
        principal TEXT NOT NULL,
        tool TEXT NOT NULL,
        owner TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER,
        outcome TEXT CHECK (outcome IN ('completed', 'failed', 'cancelled')),
        message TEXT,
        payload TEXT,
        payload_bytes INTEGER NOT NULL DEFAULT 0,
        CHECK ((ended_at_ms IS NULL) = (outcome IS NULL))
    ) STRICT;
    CREATE INDEX tasks_usage ON tasks (principal, payload_bytes);
    CREATE INDEX tasks_expiry ON tasks (expires_at_ms) WHERE ended_at_ms IS NOT NULL;
    CREATE INDEX tasks_running ON tasks (owner) WHERE ended_at_ms IS NULL;
";

/// An open file.
pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
    process: Process,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, TaskStoreError> {
        // Links are followed now, so that all processes mean the same file.
        create(path)?;
        let path = path.canonicalize().map_err(|error| cannot_open(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection =
            Connection::open_with_flags(&path, flags).map_err(|error| cannot_open(&path, error))?;
        let process = prepare(&mut connection, &path).map_err(|error| match error {
            Refused::Store(error) => error,
            Refused::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                TaskStoreError::Foreign(path.clone())
            }
            Refused::Sqlite(error) => cannot_open(&path, error),
        })?;
        Ok(Self {
            connection,
            path,
            process,
        })
    }

    pub(super) fn insert(&mut self, task: &TaskRecord) -> Result<(), TaskStoreError> {
        let doing = "storing a task";
        let transaction = begin(&mut self.connection).map_err(failed(doing))?;
        transaction
            .prepare_cached(
                "INSERT INTO tasks (id, principal, tool, owner, created_at_ms, expires_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                statement.execute((
                    &task.id,
                    &task.principal,
                    &task.tool,
                    &self.process.id,
                    signed(task.created_at_ms),
                    signed(task.expires_at_ms),
                ))
            })
            .map_err(failed(doing))?;
        if let Some(end) = &task.end {
            store_end(&transaction, "id = ?1", &task.id, end, 0).map_err(failed(doing))?;
        }
        transaction.commit().map_err(failed(doing))
    }

    pub(super) fn get(&mut self, id: &str) -> Result<Option<TaskRecord>, TaskStoreError> {
        let doing = "reading a task";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT id, principal, tool, created_at_ms, expires_at_ms, ended_at_ms, outcome, message, payload
                 FROM tasks WHERE id = ?1",
            )
            .map_err(failed(doing))?;
        let row = statement.query_row([id], Stored::read).optional();
        row.map_err(failed(doing))?.map(Stored::restore).transpose()
    }

    pub(super) fn end(
        &mut self,
        id: &str,
        end: &TaskEnd,
        keep_until_ms: u64,
    ) -> Result<bool, TaskStoreError> {
        let ended = store_end(&self.connection, "id = ?1", id, end, keep_until_ms)
            .map_err(failed("storing the end of a task"))?;
        Ok(ended > 0)
    }

    pub(super) fn end_abandoned(
        &mut self,
        end: &TaskEnd,
        keep_until_ms: u64,
    ) -> Result<usize, TaskStoreError> {
        let doing = "ending tasks whose process is gone";
        let mut ended = 0;
        let transaction = begin(&mut self.connection).map_err(failed(doing))?;
        let owners: Vec<String> = transaction
            .prepare_cached("SELECT DISTINCT owner FROM tasks WHERE ended_at_ms IS NULL AND owner <> ?1")
            .and_then(|mut statement| {
                statement
                    .query_map([&self.process.id], |row| row.get(0))?
                    .collect()
            })
            .map_err(failed(doing))?;
        for owner in owners {
            if process::is_gone(&self.path, &owner) {
                ended += store_end(&transaction, "owner = ?1", &owner, end, keep_until_ms)
                    .map_err(failed(doing))?;
            }
        }
        transaction.commit().map_err(failed(doing))?;
        Ok(ended)
    }

    pub(super) fn remove_expired(&mut self, now_ms: u64) -> Result<usize, TaskStoreError> {
        self.connection
            .prepare_cached("DELETE FROM tasks WHERE ended_at_ms IS NOT NULL AND expires_at_ms <= ?1")
            .and_then(|mut statement| statement.execute([signed(now_ms)]))
            .map_err(failed("removing expired tasks"))
    }

    pub(super) fn usage(&mut self, principal: &str) -> Result<TaskUsage, TaskStoreError> {
        self.connection
            .prepare_cached(
                "SELECT count(*), coalesce(sum(payload_bytes), 0),
                        count(*) FILTER (WHERE principal = ?1),
                        coalesce(sum(payload_bytes) FILTER (WHERE principal = ?1), 0)
                 FROM tasks",
            )
            .and_then(|mut statement| {
                statement.query_row([principal], |row| {
                    Ok(TaskUsage {
                        tasks: count(row.get(0)?),
                        result_bytes: unsigned(row.get(1)?),
                        tasks_of_principal: count(row.get(2)?),
                        result_bytes_of_principal: unsigned(row.get(3)?),
                    })
                })
            })
            .map_err(failed("counting tasks"))
    }
}

/// Makes the file if it is not there, for nobody else to read.
fn create(path: &Path) -> Result<(), TaskStoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| cannot_open(path, error))
}

enum Refused {
    Store(TaskStoreError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Makes the file ours if it is empty, refuses it if it is somebody else's, and joins those who use it.
fn prepare(connection: &mut Connection, path: &Path) -> Result<Process, Refused> {
    connection.busy_timeout(BUSY_MAX)?;
    // Before anything is written. In one transaction, or half of it would be read before another process makes the
    // file its own, and half after.
    let reading = connection.transaction()?;
    is_new(&reading, path)?;
    drop(reading);
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let transaction = begin(connection)?;
    // Another process may have been faster.
    if is_new(&transaction, path)? {
        transaction.execute_batch(CREATE)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", LAYOUT)?;
    }
    let joined = process::tidy(path).and_then(|()| Process::join(path));
    let process = joined.map_err(|error| Refused::Store(cannot_open(path, error)))?;
    transaction.commit()?;
    Ok(process)
}

/// Whether nothing is in the file; an error if it is not for us.
fn is_new(connection: &Connection, path: &Path) -> Result<bool, Refused> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let layout = number("PRAGMA user_version")?;
    if application_id == APPLICATION_ID {
        if layout > LAYOUT {
            return Err(Refused::Store(TaskStoreError::Newer {
                path: path.to_owned(),
                found: layout,
                known: LAYOUT,
            }));
        }
        return Ok(false);
    }
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application_id != 0 || layout != 0 || tables != 0 {
        return Err(Refused::Store(TaskStoreError::Foreign(path.to_owned())));
    }
    Ok(true)
}

/// Readers and writers do not wait for each other, and a process that dies leaves nothing half done. SQLite does not
/// wait for others when the mode is changed, so that is done here.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        let changed = connection.pragma_update(None, "journal_mode", "wal");
        match changed {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY_MAX =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            changed => return changed,
        }
    }
}

/// A transaction that writes: it waits for its turn now, not in the middle.
fn begin(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// Ends the tasks that fit and have not ended.
fn store_end(
    connection: &Connection,
    which: &str,
    value: &str,
    end: &TaskEnd,
    keep_until_ms: u64,
) -> rusqlite::Result<usize> {
    let outcome = match end.outcome {
        TaskOutcome::Completed(_) => "completed",
        TaskOutcome::Failed(_) => "failed",
        TaskOutcome::Cancelled => "cancelled",
    };
    let payload = end.outcome.payload();
    let bytes = payload.as_ref().map_or(0, |payload| payload.len() as u64);
    let update = format!(
        "UPDATE tasks
         SET ended_at_ms = ?2, expires_at_ms = max(expires_at_ms, ?3), outcome = ?4, message = ?5, payload = ?6,
             payload_bytes = ?7
         WHERE {which} AND ended_at_ms IS NULL"
    );
    connection.prepare_cached(&update)?.execute((
        value,
        signed(end.at_ms),
        signed(keep_until_ms),
        outcome,
        &end.message,
        payload,
        signed(bytes),
    ))
}

/// A row as it was read.
struct Stored {
    record: TaskRecord,
    outcome: Option<String>,
    ended_at_ms: u64,
    message: Option<String>,
    payload: Option<String>,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            record: TaskRecord {
                id: row.get(0)?,
                principal: row.get(1)?,
                tool: row.get(2)?,
                created_at_ms: unsigned(row.get(3)?),
                expires_at_ms: unsigned(row.get(4)?),
                end: None,
            },
            ended_at_ms: unsigned(row.get::<_, Option<i64>>(5)?.unwrap_or_default()),
            outcome: row.get(6)?,
            message: row.get(7)?,
            payload: row.get(8)?,
        })
    }

    fn restore(self) -> Result<TaskRecord, TaskStoreError> {
        let mut record = self.record;
        let payload = || {
            let text = self.payload.as_deref().unwrap_or("{}");
            serde_json::from_str(text).map_err(|error| TaskStoreError::failed("reading a result", error))
        };
        let outcome = match self.outcome.as_deref() {
            None => return Ok(record),
            Some("completed") => TaskOutcome::Completed(payload()?),
            Some("failed") => TaskOutcome::Failed(payload()?),
            Some(_) => TaskOutcome::Cancelled,
        };
        record.end = Some(TaskEnd {
            at_ms: self.ended_at_ms,
            message: self.message,
            outcome,
        });
        Ok(record)
    }
}

fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> TaskStoreError {
    move |error| TaskStoreError::failed(doing, error)
}

fn cannot_open(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TaskStoreError {
    TaskStoreError::failed(
        format!("cannot open the store of tasks `{}`", path.display()),
        error,
    )
}

/// SQLite's integers are signed. Times and sizes beyond that are none.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

fn count(value: i64) -> usize {
    usize::try_from(value).unwrap_or_default()
}
