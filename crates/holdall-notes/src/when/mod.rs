//! Times as people say them: `last week`, `since May 2026`, `2026-W18`.
//!
//! This file knows intervals and how two times make one; `period` knows single times. Everything is relative to a given now and its time zone; nothing reads the clock. Weeks start on Monday.

mod period;

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::error::NotesError;
use period::period;

/// What is understood, for error messages and tool descriptions.
pub const UNDERSTOOD: &str = "understood are: today, yesterday, this or last week / month / quarter / year, \
    last 7 days, past 2 weeks, 3 days ago, last Monday, March, May 2026, 2026, 2026-05, 2026-Q2, 2026-W18, 2026-05-03, \
    2026-05-03 14:00, since X, until X, before X, after X, X..Y, from X to Y";

const TEXT_BYTES_MAX: usize = 120;

/// A stretch of time: `since` included, `until` excluded, open where `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first instant inside.
    pub since: Option<Timestamp>,
    /// The first instant no longer inside.
    pub until: Option<Timestamp>,
    zone: TimeZone,
}

/// Which end of an interval a single time stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `since`: the beginning of the day, month… named.
    Since,
    /// `until`: the end of the day, month… named, which is thereby included.
    Until,
}

impl Interval {
    /// An interval shown in `zone`.
    pub fn new(since: Option<Timestamp>, until: Option<Timestamp>, zone: TimeZone) -> Self {
        Self { since, until, zone }
    }

    /// Whether an instant lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }

    /// `2026-11-09 00:00 … 2026-11-16 00:00 Europe/Berlin`; an open end is left out.
    pub fn describe(&self) -> String {
        let local = |at: Timestamp| {
            at.to_zoned(self.zone.clone())
                .strftime("%Y-%m-%d %H:%M")
                .to_string()
        };
        let zone = self.zone.iana_name().map_or_else(
            || zone_offset(&self.zone, self.since.or(self.until)),
            str::to_owned,
        );
        match (self.since.map(local), self.until.map(local)) {
            (Some(since), Some(until)) => format!("{since} … {until} {zone}"),
            (Some(since), None) => format!("since {since} {zone}"),
            (None, Some(until)) => format!("before {until} {zone}"),
            (None, None) => "any time".to_owned(),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// The interval an expression means, seen from `now` in its time zone.
///
/// ```
/// let now: jiff::Zoned = "2026-11-20T15:00[Europe/Berlin]".parse().expect("a time");
/// let interval = holdall_notes::when::interval("last week", &now).expect("understood");
/// assert_eq!(interval.describe(), "2026-11-09 00:00 … 2026-11-16 00:00 Europe/Berlin");
/// ```
///
/// # Errors
/// `unknown_time`, whose hint lists what is understood; `invalid_argument` when the end is before the start.
pub fn interval(text: &str, now: &Zoned) -> Result<Interval, NotesError> {
    let words = normalised(text)?;
    let (since, until) = whole(&words, now).ok_or_else(|| unknown(text))?;
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        let shown = crate::root::shortened(text);
        let what = match period(&words, now) {
            Some((start, end)) if start == end => format!(
                "the time `{shown}` is a single moment: give a day, or both ends, as in 2026-05-01 10:00..2026-05-01 12:00"
            ),
            _ => format!("the time `{shown}` ends before it begins"),
        };
        return Err(NotesError::InvalidArgument { what });
    }
    Ok(Interval {
        since,
        until,
        zone: now.time_zone().clone(),
    })
}

/// The instant a single time means as the start or the end of an interval.
///
/// # Errors
/// `unknown_time`, as for [`interval`].
pub fn point(text: &str, end: End, now: &Zoned) -> Result<Timestamp, NotesError> {
    let (since, until) = period(&normalised(text)?, now).ok_or_else(|| unknown(text))?;
    Ok(match end {
        End::Since => since,
        End::Until => until,
    })
}

/// An expression that may be open at one end.
fn whole(text: &str, now: &Zoned) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let start = |text: &str| period(text.trim(), now).map(|(start, _)| start);
    let end = |text: &str| period(text.trim(), now).map(|(_, end)| end);
    if matches!(
        text,
        "ever" | "any time" | "anytime" | "all time" | "all" | "always"
    ) {
        return Some((None, None));
    }
    for dots in ["...", "..", "…", " – ", " — "] {
        if let Some((from, to)) = text.split_once(dots) {
            let from = if from.trim().is_empty() {
                None
            } else {
                Some(start(from)?)
            };
            let to = if to.trim().is_empty() {
                None
            } else {
                Some(end(to)?)
            };
            return (from.is_some() || to.is_some()).then_some((from, to));
        }
    }
    if let Some(rest) = text.strip_prefix("between ") {
        let (from, to) = rest.split_once(" and ")?;
        return Some((Some(start(from)?), Some(end(to)?)));
    }
    let ranged = text.strip_prefix("from ").unwrap_or(text);
    for word in [" to ", " until ", " till ", " through "] {
        if let Some((from, to)) = ranged.split_once(word) {
            return Some((Some(start(from)?), Some(end(to)?)));
        }
    }
    let open = |words: &[&str]| words.iter().find_map(|word| text.strip_prefix(word));
    if let Some(rest) = open(&["since ", "from ", "starting "]) {
        return Some((Some(start(rest)?), None));
    }
    if let Some(rest) = open(&["after "]) {
        return Some((Some(end(rest)?), None));
    }
    if let Some(rest) = open(&["before "]) {
        return Some((None, Some(start(rest)?)));
    }
    if let Some(rest) = open(&["until ", "till ", "through ", "up to "]) {
        return Some((None, Some(end(rest)?)));
    }
    period(text, now).map(|(start, end)| (Some(start), Some(end)))
}

fn normalised(text: &str) -> Result<String, NotesError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(unknown(text));
    }
    let text = text.trim().trim_end_matches(['?', '!']).to_lowercase();
    // A full stop ends a sentence, two dots leave the end open.
    let text = if text.ends_with("..") {
        &text
    } else {
        text.trim_end_matches('.')
    };
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn unknown(text: &str) -> NotesError {
    NotesError::UnknownTime {
        text: crate::root::shortened(text),
    }
}

fn zone_offset(zone: &TimeZone, at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| format!("UTC{}", zone.to_offset(at)))
}

#[cfg(test)]
mod tests;
