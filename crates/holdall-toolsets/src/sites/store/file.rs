//! The file: its layout, and whether it is ours.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::error::SitesError;
use super::begin;

/// "Holdall, sites": tells our files from those of other programs.
const APPLICATION_ID: i64 = 0x686f_7369;
/// The layout written here. A new one comes with the statements that turn the old one into it.
const LAYOUT: i64 = 1;
/// How long another process may keep the file to itself.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// One index each for the last checks of a site, for those that were news, for counting, and for letting go of the old;
/// and no site has two incidents that go on.
const CREATE: &str = "
    CREATE TABLE sites (
        name TEXT PRIMARY KEY,
        due_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE checks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        site TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        up INTEGER NOT NULL,
        state TEXT NOT NULL,
        changed INTEGER NOT NULL,
        status INTEGER,
        total_ms INTEGER NOT NULL,
        message TEXT,
        certificate_until_ms INTEGER
    ) STRICT;
    CREATE INDEX checks_of_site ON checks (site, id);
    CREATE INDEX checks_changed ON checks (site, id) WHERE changed;
    CREATE INDEX checks_counted ON checks (site, at_ms, up);
    CREATE INDEX checks_by_age ON checks (at_ms);
    CREATE TABLE incidents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        site TEXT NOT NULL,
        began_ms INTEGER NOT NULL,
        ended_ms INTEGER,
        state TEXT NOT NULL,
        message TEXT,
        checks INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX incidents_of_site ON incidents (site, id);
    CREATE INDEX incidents_by_age ON incidents (ended_ms);
    CREATE UNIQUE INDEX incidents_open ON incidents (site) WHERE ended_ms IS NULL;
";

pub(super) fn open(path: &Path) -> Result<Connection, SitesError> {
    create(path).map_err(|error| cannot_open(path, error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, error))?;
    prepare(&mut connection, path).map_err(|error| match error {
        Refused::Ours(error) => error,
        Refused::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            SitesError::Foreign(path.to_owned())
        }
        Refused::Sqlite(error) => cannot_open(path, error),
    })?;
    Ok(connection)
}

/// Makes folder and file if they are not there; the file for nobody else to read.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

enum Refused {
    Ours(SitesError),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Makes the file ours if it is empty, and refuses it if it is somebody else's.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), Refused> {
    connection.busy_timeout(BUSY_MAX)?;
    // Before anything is written. In one transaction, or half of it would be read before another process makes the
    // file its own, and half after.
    let reading = connection.transaction()?;
    is_new(&reading, path)?;
    drop(reading);
    write_ahead(connection)?;
    // A power failure may cost the last checks, not the file.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let transaction = begin(connection)?;
    // Another process may have been faster.
    if is_new(&transaction, path)? {
        transaction.execute_batch(CREATE)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", LAYOUT)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Whether nothing is in the file; an error if it is not for us.
fn is_new(connection: &Connection, path: &Path) -> Result<bool, Refused> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let layout = number("PRAGMA user_version")?;
    if application_id == APPLICATION_ID {
        if layout > LAYOUT {
            return Err(Refused::Ours(SitesError::Newer {
                path: path.to_owned(),
                found: layout,
                known: LAYOUT,
            }));
        }
        return Ok(false);
    }
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if application_id != 0 || layout != 0 || tables != 0 {
        return Err(Refused::Ours(SitesError::Foreign(path.to_owned())));
    }
    Ok(true)
}

/// Readers and writers do not wait for each other. SQLite does not wait for others when the mode is changed, so that is
/// done here.
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

fn cannot_open(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SitesError {
    SitesError::Open {
        path: path.to_owned(),
        source: error.into(),
    }
}
