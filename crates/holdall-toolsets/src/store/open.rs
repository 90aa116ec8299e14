//! How a file is made, opened, brought up to date, or refused.

use std::error::Error;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Kind, StoreError, fold};

/// How long others may keep the file to themselves.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(10);
/// Size of a page in bytes: SQLite's own choice, said because the bound of a file is counted in pages.
const PAGE_BYTES: u64 = 4096;
/// SQLite's own bound.
const PAGES_MAX: u64 = 0xffff_fffe;
/// What is left of the write-ahead log once it has been copied into the file.
const LOG_BYTES_MAX: i64 = 4 * 1024 * 1024;

/// One file is opened at a time. Closing a file gives up what this process has locked in it (that is how POSIX has it),
/// so a new file must not be closed while another thread has just begun to use it.
static OPENING: Mutex<()> = Mutex::new(());

/// Opens or makes the file, and brings it up to date. The path that comes back has no links in it.
pub(super) fn open(path: &Path, kind: &Kind) -> Result<(Connection, PathBuf), StoreError> {
    let _alone = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    create(path).map_err(|error| cannot_open(path, error))?;
    let path = path.canonicalize().map_err(|error| cannot_open(path, error))?;
    let mut connection = connect(&path).map_err(|error| cannot_open(&path, error))?;
    prepare(&mut connection, &path, kind).map_err(|error| match error {
        Refused::Store(error) => error,
        Refused::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            StoreError::Foreign {
                path: path.clone(),
                what: kind.what,
            }
        }
        Refused::Sqlite(error) => cannot_open(&path, error),
    })?;
    Ok((connection, path))
}

/// How large the file may become; it does not shrink for it.
pub(super) fn bound(connection: &Connection, bytes_max: u64) -> rusqlite::Result<()> {
    let pages = (bytes_max / PAGE_BYTES).clamp(1, PAGES_MAX);
    connection.pragma_update_and_check(None, "max_page_count", pages as i64, |_| Ok(()))
}

/// A second connection to an open file, which only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("fold", 1, flags, |call| {
        call.get::<String>(0).map(|text| fold(&text))
    })?;
    Ok(connection)
}

/// Makes the file and the folders it lies in if they are not there, for nobody else to read.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    // A file that is there is not even opened: see `OPENING`.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

enum Refused {
    Store(StoreError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn prepare(connection: &mut Connection, path: &Path, kind: &Kind) -> Result<(), Refused> {
    // Before anything is written, and as of one moment: another process may be making the file its own.
    let reading = connection.transaction()?;
    layout(&reading, path, kind)?;
    drop(reading);
    write_ahead(connection)?;
    // Every commit is flushed; on macOS through the cache of the disk, too.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    if layout(connection, path, kind)? == kind.layouts.len() {
        return Ok(());
    }
    let writing = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = layout(&writing, path, kind)?;
    for statements in kind.layouts.iter().skip(found) {
        for statement in *statements {
            writing.execute_batch(statement)?;
        }
    }
    writing.pragma_update(None, "application_id", kind.application_id)?;
    writing.pragma_update(None, "user_version", kind.layouts.len() as i64)?;
    writing.commit()?;
    Ok(())
}

/// How many layouts have been made in the file, none in an empty one; an error if it is not for us.
fn layout(connection: &Connection, path: &Path, kind: &Kind) -> Result<usize, Refused> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    if application_id == i64::from(kind.application_id) {
        let known = kind.layouts.len();
        return usize::try_from(found)
            .ok()
            .filter(|found| *found <= known)
            .ok_or(Refused::Store(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: known as i64,
            }));
    }
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application_id != 0 || found != 0 || tables != 0 {
        return Err(Refused::Store(StoreError::Foreign {
            path: path.to_owned(),
            what: kind.what,
        }));
    }
    Ok(0)
}

/// Readers and writers do not wait for each other, and a process that dies leaves nothing half done. SQLite does not
/// wait for others when the mode is changed, so that is done here.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
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

fn cannot_open(path: &Path, error: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    StoreError::Open {
        path: path.to_owned(),
        source: error.into(),
    }
}
