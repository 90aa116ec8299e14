//! What happened.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params_from_iter};

use super::{Check, DAY_MS, History};
use crate::store::StoreError;

/// Checks of all sites that are handed out as news at once.
const NEWS_MAX: u32 = 1_000;

/// What a check is read from.
const COLUMNS: &str = "site, at_ms, up, state, status, total_ms, message, certificate_until_ms, changed";

/// A time in which a site was not well.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incident {
    /// The first check that failed.
    pub(crate) began: Timestamp,
    /// The first that did not; none if it goes on.
    pub(crate) ended: Option<Timestamp>,
    /// What the last check that failed found.
    pub(crate) state: String,
    /// The same in a sentence.
    pub(crate) message: Option<String>,
    /// How many checks failed.
    pub(crate) checks: u64,
}

/// How a site is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    /// The last check.
    pub(crate) last: Check,
    /// Since when it is as the last check found it, as far back as is known.
    pub(crate) since: Timestamp,
    /// Checks of the last day, and how many found it well.
    pub(crate) day: (u64, u64),
    /// Checks of the last thirty days, and how many found it well.
    pub(crate) month: (u64, u64),
}

impl History {
    /// How a site is; none if it was never checked.
    pub(crate) fn summary(&self, site: &str, now: Timestamp) -> Result<Option<Summary>, StoreError> {
        self.store.read(|reading| {
            let Some(last) = checks(reading, site, None, false, 1)?.pop() else {
                return Ok(None);
            };
            let since: Option<i64> = reading
                .prepare_cached(
                    "SELECT coalesce(
                         (SELECT at_ms FROM checks WHERE site = ?1 AND changed ORDER BY id DESC LIMIT 1),
                         (SELECT at_ms FROM checks WHERE site = ?1 ORDER BY id LIMIT 1))",
                )?
                .query_row([site], |row| row.get(0))?;
            let counted = |days: i64| {
                reading
                    .prepare_cached(
                        "SELECT count(*), coalesce(sum(up), 0) FROM checks WHERE site = ?1 AND at_ms >= ?2",
                    )?
                    .query_row((site, now.as_millisecond() - days * DAY_MS), |row| {
                        Ok((count(row.get(0)?), count(row.get(1)?)))
                    })
            };
            Ok(Some(Summary {
                since: since.map_or(last.at, moment),
                day: counted(1)?,
                month: counted(30)?,
                last,
            }))
        })
    }

    /// The last checks of a site, newest first: up to `most` before `until`, of all or of those that found another
    /// state than the one before.
    pub(crate) fn checks(
        &self,
        site: &str,
        until: Option<Timestamp>,
        changed_only: bool,
        most: u32,
    ) -> Result<Vec<Check>, StoreError> {
        self.store
            .read(|reading| Ok(checks(reading, site, until, changed_only, most)?))
    }

    /// The last checks of these sites, newest first.
    pub(crate) fn latest(&self, sites: &[&str], most: u32) -> Result<Vec<Check>, StoreError> {
        let places = vec!["?"; sites.len()].join(", ");
        let select =
            format!("SELECT {COLUMNS} FROM checks WHERE site IN ({places}) ORDER BY id DESC LIMIT {most}");
        self.store.read(|reading| {
            let mut statement = reading.prepare_cached(&select)?;
            let rows = statement.query_map(params_from_iter(sites), check)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The last incidents of a site, newest first.
    pub(crate) fn incidents(&self, site: &str, most: u32) -> Result<Vec<Incident>, StoreError> {
        self.store.read(|reading| {
            let mut statement = reading.prepare_cached(
                "SELECT began_ms, ended_ms, state, message, checks FROM incidents
                 WHERE site = ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((site, most), |row| {
                Ok(Incident {
                    began: moment(row.get(0)?),
                    ended: row.get::<_, Option<i64>>(1)?.map(moment),
                    state: row.get(2)?,
                    message: row.get(3)?,
                    checks: count(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// What is known so far: where news begin.
    pub(crate) fn newest(&self) -> Result<i64, StoreError> {
        self.store.read(|reading| {
            Ok(reading.query_row("SELECT coalesce(max(id), 0) FROM checks", [], |row| row.get(0))?)
        })
    }

    /// The sites whose state changed after `known`, and up to where that is known now.
    pub(crate) fn news(&self, known: i64) -> Result<(Vec<String>, i64), StoreError> {
        self.store.read(|reading| {
            let mut statement = reading
                .prepare_cached("SELECT id, site, changed FROM checks WHERE id > ?1 ORDER BY id LIMIT ?2")?;
            let mut rows = statement.query((known, NEWS_MAX))?;
            let (mut newest, mut sites) = (known, Vec::new());
            while let Some(row) = rows.next()? {
                newest = row.get(0)?;
                let site: String = row.get(1)?;
                if row.get(2)? && !sites.contains(&site) {
                    sites.push(site);
                }
            }
            Ok((sites, newest))
        })
    }
}

fn checks(
    reading: &Connection,
    site: &str,
    until: Option<Timestamp>,
    changed_only: bool,
    most: u32,
) -> rusqlite::Result<Vec<Check>> {
    let only = if changed_only { "AND changed" } else { "" };
    let select = format!(
        "SELECT {COLUMNS} FROM checks WHERE site = ?1 AND at_ms < ?2 {only} ORDER BY id DESC LIMIT ?3"
    );
    let until = until.map_or(i64::MAX, Timestamp::as_millisecond);
    let mut statement = reading.prepare_cached(&select)?;
    statement.query_map((site, until, most), check)?.collect()
}

fn check(row: &Row<'_>) -> rusqlite::Result<Check> {
    Ok(Check {
        site: row.get(0)?,
        at: moment(row.get(1)?),
        up: row.get(2)?,
        state: row.get(3)?,
        status: row.get(4)?,
        total_ms: count(row.get(5)?),
        message: row.get(6)?,
        certificate_until: row.get::<_, Option<i64>>(7)?.map(moment),
        changed: row.get(8)?,
    })
}

/// A time that is none, in a file somebody else wrote, is the first there is.
fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MIN)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
