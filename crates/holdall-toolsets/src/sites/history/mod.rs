//! The history of the sites: a file of SQLite that several processes may share.
//!
//! Here: what is kept, for how long, and whose turn it is to check. Not here: how the file is opened (`crate::store`), how a
//! site is checked, and who hears of it.
//!
//! Each site has a time at which it is due. A process that wants to check it moves that time on first, in a transaction
//! of its own: of several processes on one file one checks, whichever comes first, and the others read what it found.
//! A process that dies meanwhile has missed one check.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | whose turn is it, what is kept |
//! | `read` | what happened |

mod read;
#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};

pub(super) use self::read::{Incident, Summary};
use crate::store::{Kind, Store, StoreError};

/// Incidents kept of each site; the oldest go first.
const INCIDENTS_MAX: u32 = 1_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// "Holdall, sites".
const KIND: Kind = Kind {
    what: "the history of sites",
    application_id: 0x686f_7369,
    layouts: &[&[LAYOUT_1]],
};
/// One index each for the last checks of a site, for those that were news, for counting, and for letting go of the old;
/// and no site has two incidents that go on.
const LAYOUT_1: &str = "
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

/// An open history.
pub(super) struct History {
    store: Store,
    retention: Retention,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention {
    /// Checks of each site.
    pub(super) checks_max: u32,
    /// Days.
    pub(super) days_max: u32,
}

/// How often a site is checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Milliseconds between two checks.
    pub(super) interval_ms: i64,
    /// By how many percent they may be more or fewer.
    pub(super) jitter_percent: u8,
}

impl Pace {
    /// When the check after one at `now` is due. `chance` is from 0 to 1.
    fn next(self, now: i64, chance: f64) -> i64 {
        let most = self.interval_ms * i64::from(self.jitter_percent) / 100;
        // Between minus and plus `most`; a few milliseconds more or less do not matter.
        let jitter = ((chance * 2.0 - 1.0) * most as f64) as i64;
        now + self.interval_ms + jitter
    }

    /// Whether a site that is due then is due now. What is due long after the next check would be was put there by
    /// another pace, or when the clock was wrong.
    fn is_due(self, due: i64, now: i64) -> bool {
        due <= now || due > now + 2 * self.interval_ms
    }
}

/// A check that was made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Check {
    /// The name of the site.
    pub(super) site: String,
    /// When it was made.
    pub(super) at: Timestamp,
    /// Whether the site was well.
    pub(super) up: bool,
    /// In a word or two, what was found. It is news when it differs from the check before.
    pub(super) state: String,
    /// The status of the answer.
    pub(super) status: Option<u16>,
    /// How long it took.
    pub(super) total_ms: u64,
    /// Why the site was not well.
    pub(super) message: Option<String>,
    /// Until when the certificate is valid.
    pub(super) certificate_until: Option<Timestamp>,
    /// Whether the state differs from the check before. The history says so, whatever stood here.
    pub(super) changed: bool,
}

impl History {
    /// Opens the file, which is made if it is not there. What bounds it is what it keeps, so it has no bound of its own.
    pub(super) fn open(path: &Path, retention: Retention) -> Result<Self, StoreError> {
        Ok(Self {
            store: Store::open(path, &KIND, u64::MAX)?,
            retention,
        })
    }

    /// Takes the turn of up to `most` of these sites: those that are due, longest first. `chance` is asked for a number
    /// from 0 to 1 for each.
    pub(super) fn claim(
        &self,
        sites: &[&str],
        now: Timestamp,
        pace: Pace,
        most: usize,
        chance: impl Fn() -> f64,
    ) -> Result<Vec<usize>, StoreError> {
        let now = now.as_millisecond();
        // Most of the time nothing is due: then nothing is written, and nobody is kept waiting.
        if most == 0
            || self
                .store
                .read(|reading| all_due(reading, sites, now, pace))?
                .is_empty()
        {
            return Ok(Vec::new());
        }
        self.store.write(|writing| {
            let mut due = all_due(writing, sites, now, pace)?;
            due.sort_unstable();
            due.truncate(most);
            for (_, index) in &due {
                writing
                    .prepare_cached(
                        "INSERT INTO sites (name, due_ms) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET due_ms = excluded.due_ms",
                    )?
                    .execute((sites[*index], pace.next(now, chance())))?;
            }
            Ok(due.into_iter().map(|(_, index)| index).collect())
        })
    }

    /// Keeps a check, begins or ends the incident it belongs to, and lets go of what is too old.
    pub(super) fn record(&self, check: &Check) -> Result<(), StoreError> {
        self.store.write(|writing| {
            keep(writing, check)?;
            note_incident(writing, check)?;
            Ok(self.let_go(writing, check)?)
        })
    }

    fn let_go(&self, transaction: &Transaction<'_>, check: &Check) -> rusqlite::Result<()> {
        let oldest = check.at.as_millisecond() - i64::from(self.retention.days_max) * DAY_MS;
        // Of every site, those nobody watches any more included.
        let too_old = [
            "DELETE FROM checks WHERE at_ms < ?1",
            "DELETE FROM incidents WHERE ended_ms < ?1",
            "DELETE FROM sites WHERE due_ms < ?1",
        ];
        for statement in too_old {
            transaction.prepare_cached(statement)?.execute([oldest])?;
        }
        transaction
            .prepare_cached(
                "DELETE FROM checks WHERE site = ?1 AND id <= (
                     SELECT id FROM checks WHERE site = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute((&check.site, self.retention.checks_max))?;
        transaction
            .prepare_cached(
                "DELETE FROM incidents WHERE site = ?1 AND id <= (
                     SELECT id FROM incidents WHERE site = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute((&check.site, INCIDENTS_MAX))?;
        Ok(())
    }
}

fn keep(transaction: &Transaction<'_>, check: &Check) -> rusqlite::Result<()> {
    let before: Option<String> = transaction
        .prepare_cached("SELECT state FROM checks WHERE site = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([&check.site], |row| row.get(0))
        .optional()?;
    let changed = before.is_none_or(|before| before != check.state);
    transaction
        .prepare_cached(
            "INSERT INTO checks (site, at_ms, up, state, changed, status, total_ms, message, certificate_until_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            &check.site,
            check.at.as_millisecond(),
            check.up,
            &check.state,
            changed,
            check.status,
            i64::try_from(check.total_ms).unwrap_or(i64::MAX),
            &check.message,
            check.certificate_until.map(Timestamp::as_millisecond),
        ))?;
    Ok(())
}

/// The first check that fails begins an incident, the first that does not ends it.
fn note_incident(transaction: &Transaction<'_>, check: &Check) -> rusqlite::Result<()> {
    let at = check.at.as_millisecond();
    if check.up {
        transaction
            .prepare_cached(
                "UPDATE incidents SET ended_ms = max(?2, began_ms) WHERE site = ?1 AND ended_ms IS NULL",
            )?
            .execute((&check.site, at))?;
        return Ok(());
    }
    let goes_on = transaction
        .prepare_cached(
            "UPDATE incidents SET checks = checks + 1, state = ?2, message = ?3 WHERE site = ?1 AND ended_ms IS NULL",
        )?
        .execute((&check.site, &check.state, &check.message))?;
    if goes_on == 0 {
        transaction
            .prepare_cached(
                "INSERT INTO incidents (site, began_ms, state, message, checks) VALUES (?1, ?2, ?3, ?4, 1)",
            )?
            .execute((&check.site, at, &check.state, &check.message))?;
    }
    Ok(())
}

/// Those of these sites that are due, with since when; those never checked since ever.
fn all_due(
    connection: &Connection,
    sites: &[&str],
    now: i64,
    pace: Pace,
) -> Result<Vec<(i64, usize)>, StoreError> {
    let mut due = Vec::new();
    let mut statement = connection.prepare_cached("SELECT due_ms FROM sites WHERE name = ?1")?;
    for (index, site) in sites.iter().enumerate() {
        let then: Option<i64> = statement.query_row([site], |row| row.get(0)).optional()?;
        if then.is_none_or(|then| pace.is_due(then, now)) {
            due.push((then.unwrap_or(i64::MIN), index));
        }
    }
    Ok(due)
}
