//! What happened.

use jiff::Timestamp;
use rusqlite::{Row, params_from_iter};

use super::super::error::SitesError;
use super::{Check, DAY_MS, Store, failed};

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

impl Store {
    /// How a site is; none if it was never checked.
    pub(crate) fn summary(&self, site: &str, now: Timestamp) -> Result<Option<Summary>, SitesError> {
        let doing = "reading how a site is";
        let Some(last) = self.checks(site, None, false, 1)?.pop() else {
            return Ok(None);
        };
        let connection = self.lock();
        let since: Option<i64> = connection
            .prepare_cached(
                "SELECT coalesce(
                     (SELECT at_ms FROM checks WHERE site = ?1 AND changed ORDER BY id DESC LIMIT 1),
                     (SELECT at_ms FROM checks WHERE site = ?1 ORDER BY id LIMIT 1))",
            )
            .and_then(|mut statement| statement.query_row([site], |row| row.get(0)))
            .map_err(failed(doing))?;
        let counted = |days: i64| {
            let from = now.as_millisecond() - days * DAY_MS;
            connection
                .prepare_cached(
                    "SELECT count(*), coalesce(sum(up), 0) FROM checks WHERE site = ?1 AND at_ms >= ?2",
                )
                .and_then(|mut statement| {
                    statement.query_row((site, from), |row| Ok((count(row.get(0)?), count(row.get(1)?))))
                })
                .map_err(failed(doing))
        };
        Ok(Some(Summary {
            since: since.map_or(last.at, moment),
            day: counted(1)?,
            month: counted(30)?,
            last,
        }))
    }

    /// The last checks of a site, newest first: up to `most` before `until`, of all or of those that found another
    /// state than the one before.
    pub(crate) fn checks(
        &self,
        site: &str,
        until: Option<Timestamp>,
        changed_only: bool,
        most: u32,
    ) -> Result<Vec<Check>, SitesError> {
        let only = if changed_only { "AND changed" } else { "" };
        let select = format!(
            "SELECT {COLUMNS} FROM checks WHERE site = ?1 AND at_ms < ?2 {only} ORDER BY id DESC LIMIT ?3"
        );
        let connection = self.lock();
        connection
            .prepare_cached(&select)
            .and_then(|mut statement| {
                let until = until.map_or(i64::MAX, Timestamp::as_millisecond);
                statement.query_map((site, until, most), check)?.collect()
            })
            .map_err(failed("reading checks"))
    }

    /// The last checks of these sites, newest first.
    pub(crate) fn latest(&self, sites: &[&str], most: u32) -> Result<Vec<Check>, SitesError> {
        let places = vec!["?"; sites.len()].join(", ");
        let select =
            format!("SELECT {COLUMNS} FROM checks WHERE site IN ({places}) ORDER BY id DESC LIMIT {most}");
        let connection = self.lock();
        connection
            .prepare_cached(&select)
            .and_then(|mut statement| statement.query_map(params_from_iter(sites), check)?.collect())
            .map_err(failed("reading the last checks"))
    }

    /// The last incidents of a site, newest first.
    pub(crate) fn incidents(&self, site: &str, most: u32) -> Result<Vec<Incident>, SitesError> {
        let connection = self.lock();
        connection
            .prepare_cached(
                "SELECT began_ms, ended_ms, state, message, checks FROM incidents
                 WHERE site = ?1 ORDER BY id DESC LIMIT ?2",
            )
            .and_then(|mut statement| {
                let rows = statement.query_map((site, most), |row| {
                    Ok(Incident {
                        began: moment(row.get(0)?),
                        ended: row.get::<_, Option<i64>>(1)?.map(moment),
                        state: row.get(2)?,
                        message: row.get(3)?,
                        checks: count(row.get(4)?),
                    })
                })?;
                rows.collect()
            })
            .map_err(failed("reading incidents"))
    }

    /// What is known so far: where news begin.
    pub(crate) fn newest(&self) -> Result<i64, SitesError> {
        let connection = self.lock();
        connection
            .query_row("SELECT coalesce(max(id), 0) FROM checks", [], |row| row.get(0))
            .map_err(failed("looking for news"))
    }

    /// The sites whose state changed after `known`, and up to where that is known now.
    pub(crate) fn news(&self, known: i64) -> Result<(Vec<String>, i64), SitesError> {
        let connection = self.lock();
        let rows: Vec<(i64, String, bool)> = connection
            .prepare_cached("SELECT id, site, changed FROM checks WHERE id > ?1 ORDER BY id LIMIT ?2")
            .and_then(|mut statement| {
                let rows = statement.query_map((known, NEWS_MAX), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
                rows.collect()
            })
            .map_err(failed("looking for news"))?;
        let newest = rows.last().map_or(known, |(id, ..)| *id);
        let mut sites: Vec<String> = Vec::new();
        for (_, site, changed) in rows {
            if changed && !sites.contains(&site) {
                sites.push(site);
            }
        }
        Ok((sites, newest))
    }
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
