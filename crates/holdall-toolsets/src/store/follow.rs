//! Who hears that something changed, whoever changed it.
//!
//! Triggers write the name of what changed into the table `changes`, in the transaction of the change. A thread with a
//! connection of its own looks whether there is something new: at once when this process wrote, and a few times a second
//! for the others, which costs a look at shared memory (`PRAGMA data_version`).

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use holdall::ServerHandle;
use rusqlite::Connection;

use super::{Store, StoreError, open};

/// The table of changes: the last 10,000. `listed` is 1 where something came or went.
pub(crate) const CHANGES: &str = "
    CREATE TABLE changes (
        revision INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        listed INTEGER NOT NULL
    ) STRICT;
    CREATE TRIGGER changes_kept AFTER INSERT ON changes BEGIN
        DELETE FROM changes WHERE revision <= NEW.revision - 10000;
    END;
";
/// How long a change by another process goes unnoticed, at most.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What changed since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The names of it.
    pub(crate) names: BTreeSet<String>,
    /// Whether something came or went.
    pub(crate) listed: bool,
}

/// Calls `tell` whenever something changed, on a thread of its own, until the store is dropped or the server has ended.
/// Where more changed than the table remembers, `every_name` selects the names of all there is.
pub(crate) fn follow(
    store: &Store,
    every_name: &'static str,
    server: ServerHandle,
    tell: impl Fn(&Changes, &ServerHandle) + Send + 'static,
) {
    let bell = Arc::clone(&store.bell);
    let following = Follower::new(store, every_name).and_then(|mut follower| {
        let run = move || {
            let (mut heard, mut failing) = (0, false);
            while bell.wait(&mut heard) && !server.has_stopped() {
                match follower.look() {
                    Ok(Some(changes)) => tell(&changes, &server),
                    Ok(None) => {}
                    // Said once, not five times a second.
                    Err(_) if failing => continue,
                    Err(error) => {
                        tracing::warn!(%error, "cannot look for changes, and goes on trying");
                        failing = true;
                        continue;
                    }
                }
                failing = false;
            }
        };
        let thread = thread::Builder::new().name("store-follow".into()).spawn(run);
        thread.map(drop).map_err(|error| StoreError::Open {
            path: store.path.clone(),
            source: error.into(),
        })
    });
    if let Err(error) = following {
        tracing::warn!(%error, "clients are not told of changes");
    }
}

struct Follower {
    connection: Connection,
    every_name: &'static str,
    /// Of the file, as SQLite counts.
    version: i64,
    /// The last change that was told.
    revision: i64,
}

impl Follower {
    fn new(store: &Store, every_name: &'static str) -> Result<Self, StoreError> {
        let connection = open::reader(&store.path)?;
        // In this order: what comes between the two is looked for once more than needed.
        let version = data_version(&connection)?;
        let revision = connection.query_row("SELECT coalesce(max(revision), 0) FROM changes", [], |row| {
            row.get(0)
        })?;
        Ok(Self {
            connection,
            every_name,
            version,
            revision,
        })
    }

    fn look(&mut self) -> Result<Option<Changes>, StoreError> {
        let version = data_version(&self.connection)?;
        if version == self.version {
            return Ok(None);
        }
        let reading = self.connection.unchecked_transaction()?;
        let mut changes = Changes::default();
        let (mut first, mut last) = (None, self.revision);
        let mut statement = reading.prepare_cached(
            "SELECT revision, name, listed FROM changes WHERE revision > ?1 ORDER BY revision",
        )?;
        let mut rows = statement.query([self.revision])?;
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            first.get_or_insert(last);
            changes.names.insert(row.get(1)?);
            changes.listed |= row.get::<_, bool>(2)?;
        }
        if first.is_some_and(|first| first > self.revision + 1) {
            let mut statement = reading.prepare(self.every_name)?;
            let names = statement.query_map([], |row| row.get(0))?;
            changes.names.extend(names.collect::<Result<Vec<String>, _>>()?);
            changes.listed = true;
        }
        self.version = version;
        self.revision = last;
        Ok(first.map(|_| changes))
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// Rung when this process has written; wakes those who follow.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<BellState>,
    rung: Condvar,
}

#[derive(Default)]
struct BellState {
    rings: u64,
    ended: bool,
}

impl Bell {
    pub(super) fn ring(&self) {
        self.state().rings += 1;
        self.rung.notify_all();
    }

    pub(super) fn end(&self) {
        self.state().ended = true;
        self.rung.notify_all();
    }

    /// Waits until it rings, or for as long as other processes may go unnoticed; `false` if there is nothing to wait for
    /// any more. `heard` is how often it had rung when the caller last looked.
    fn wait(&self, heard: &mut u64) -> bool {
        let state = self.state();
        let quiet = |state: &mut BellState| !state.ended && state.rings == *heard;
        let (state, _) = self
            .rung
            .wait_timeout_while(state, LOOK_EVERY, quiet)
            .unwrap_or_else(PoisonError::into_inner);
        *heard = state.rings;
        !state.ended
    }

    fn state(&self) -> MutexGuard<'_, BellState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
