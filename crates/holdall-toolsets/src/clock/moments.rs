//! From what people write to a moment, and what is to be said about it.

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, Zoned};

use super::dates::{date, weekday};
use super::errors::{ClockError, quoted};
use super::zones::{self, ZONES};

pub(super) const PARSER: DateTimeParser = DateTimeParser::new();
/// Longer texts are no times.
const TIME_CHARS_MAX: usize = 100;
const TIMES: [&str; 8] = [
    "%H:%M",
    "%H:%M:%S",
    "%I:%M %p",
    "%I:%M%p",
    "%I %p",
    "%I%p",
    "%I:%M:%S %p",
    "%Hh%M",
];
const HINT: &str =
    "write it as 2026-05-01T15:30, 2026-05-01 15:30+02:00, 15:30, 3:30 pm, 1 May 2026, now or today";

/// A moment as it was read.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) zoned: Zoned,
    /// What should be said about how it was read.
    pub(super) notes: Vec<String>,
}

/// Reads a time: as said, or by the clocks of `zone` if it does not say where.
pub(super) fn read(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Moment, ClockError> {
    let text = text.trim();
    // Years below zero have six digits in ISO 8601, which nobody knows who writes them.
    let longer = text
        .strip_prefix('-')
        .filter(|rest| rest.split('-').next().is_some_and(|year| year.len() == 4) && rest.len() >= 10)
        .map(|rest| format!("-00{rest}"));
    let text = longer.as_deref().unwrap_or(text);
    if text.is_empty() || text.chars().count() > TIME_CHARS_MAX {
        return Err(not_understood(text));
    }
    let at = |timestamp: Timestamp| Moment {
        zoned: timestamp.to_zoned(zone.clone()),
        notes: Vec::new(),
    };
    let lower = text.to_lowercase();
    if lower == "now" {
        return Ok(at(now));
    }
    if let Some(seconds) = lower
        .strip_prefix('@')
        .or_else(|| is_seconds(&lower).then_some(&lower))
    {
        let seconds: i64 = seconds.parse().map_err(|_| not_understood(text))?;
        return Timestamp::from_second(seconds).map(at).map_err(|_| beyond(text));
    }
    if text.contains('[') {
        return in_its_zone(text);
    }
    // `2026-10-25 02:30 +01:00`, as people write it.
    let joined = text.replace(" +", "+").replace(" Z", "Z");
    if let Ok(timestamp) = PARSER.parse_timestamp(&joined) {
        return Ok(at(timestamp));
    }
    if let Some(civil) = civil(text, zone, now)? {
        return resolved(civil, zone);
    }
    if let Some(moment) = in_zone_behind(text, zone, now)? {
        return Ok(moment);
    }
    if let Ok(zoned) = jiff::fmt::rfc2822::parse(text) {
        return Ok(at(zoned.timestamp()));
    }
    Err(not_understood(text))
}

/// Unix time: more digits than a year or a date without separators has.
fn is_seconds(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (9..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A time that names its zone, as in `2026-05-01T15:30[Europe/Berlin]`.
fn in_its_zone(text: &str) -> Result<Moment, ClockError> {
    let (civil, name) = text.split_once('[').unwrap_or((text, ""));
    let name = name.trim_end_matches(']');
    let zone = zones::find(name)?;
    if let Ok(zoned) = PARSER.parse_zoned_with(&ZONES, text)
        && PARSER.parse_timestamp(civil).is_ok()
    {
        return Ok(Moment {
            zoned,
            notes: zones::note(name).into_iter().collect(),
        });
    }
    if let Ok(timestamp) = PARSER.parse_timestamp(civil) {
        let there = timestamp.to_zoned(zone.clone());
        return Err(ClockError::new(
            format!(
                "the offset in {} is not that of the zone at that time",
                quoted(text)
            ),
            format!(
                "leave the offset out, or write {}",
                there.strftime("%Y-%m-%dT%H:%M:%S%:z")
            ),
        ));
    }
    let civil = PARSER.parse_datetime(civil).map_err(|_| not_understood(text))?;
    let mut moment = resolved(civil, &zone)?;
    moment.notes.extend(zones::note(name));
    Ok(moment)
}

/// A time with its zone behind it, as in `2026-05-01 15:30 Europe/Berlin` or `15:30 UTC+2`.
fn in_zone_behind(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Option<Moment>, ClockError> {
    let Some((time, name)) = text.rsplit_once(' ') else {
        return Ok(None);
    };
    let (time, is_offset) = (time.trim(), name.starts_with(['+', '-']));
    let is_word = name.starts_with(|first: char| first.is_alphabetic());
    // `1 May 2026 -5` is no time with an offset.
    if !(is_word || is_offset && time.contains(':')) {
        return Ok(None);
    }
    let its_zone = match zones::find(name) {
        Ok(its_zone) => its_zone,
        Err(unknown) if civil(time, zone, now)?.is_some() => return Err(unknown),
        Err(_) => return Ok(None),
    };
    let Some(civil) = civil(time, &its_zone, now)? else {
        return Ok(None);
    };
    let mut moment = resolved(civil, &its_zone)?;
    moment.notes.extend(zones::note(name));
    // An offset says which moment it is, not where somebody is.
    if its_zone.iana_name().is_none_or(|name| name == "UTC") {
        moment.zoned = moment.zoned.with_time_zone(zone.clone());
    }
    Ok(Some(moment))
}

/// A time without a zone.
fn civil(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Option<DateTime>, ClockError> {
    if let Ok(civil) = PARSER.parse_datetime(text) {
        return Ok(Some(civil));
    }
    if let Some((weekday, rest)) = weekday(text) {
        let civil = civil(rest, zone, now)?;
        return match civil {
            Some(civil) if civil.weekday() != weekday => Err(not_that_weekday(text, civil)),
            civil => Ok(civil),
        };
    }
    let today = now.to_zoned(zone.clone()).date();
    if let Some(time) = time(text) {
        return Ok(Some(today.to_datetime(time)));
    }
    if let Some(date) = date(text, today)? {
        return Ok(Some(date.to_datetime(Time::midnight())));
    }
    // A date and a time: cut wherever both halves make sense.
    for (cut, _) in text.match_indices([' ', 'T', ',']) {
        let (one, other) = (text[..cut].trim(), text[cut + 1..].trim());
        let other = other.strip_prefix("at ").unwrap_or(other);
        // Only in front of a time a half is asked whether it is a date: `May 12` of `May 12 2026 15:30` lacks no year.
        if let Some(time) = time(other)
            && let Some(date) = date(one, today)?
        {
            return Ok(Some(date.to_datetime(time)));
        }
        if let Some(time) = time(one)
            && let Some(date) = date(other.strip_prefix("on ").unwrap_or(other), today)?
        {
            return Ok(Some(date.to_datetime(time)));
        }
    }
    Ok(None)
}

fn time(text: &str) -> Option<Time> {
    let lower = text.to_lowercase();
    match lower.as_str() {
        "noon" => return Some(Time::constant(12, 0, 0, 0)),
        "midnight" => return Some(Time::midnight()),
        _ => {}
    }
    let dotless = lower.replace("a.m.", "am").replace("p.m.", "pm");
    TIMES
        .iter()
        .find_map(|format| Time::strptime(format, &dotless).ok())
}

/// The moment at which the clocks of a zone show this, and what is to be said if there is none or are two.
pub(super) fn resolved(civil: DateTime, zone: &TimeZone) -> Result<Moment, ClockError> {
    let ambiguous = zone.to_ambiguous_zoned(civil);
    let offset = ambiguous.offset();
    let zoned = ambiguous.compatible().map_err(|_| beyond(&civil.to_string()))?;
    let name = zones::name(zone, zoned.offset());
    let note = match offset {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { before, after } => Some(format!(
            "{civil} does not exist in {name}: the clocks go forward there, from offset {before} to {after}; it is read \
             as {} (offset {})",
            zoned.datetime(),
            zoned.offset()
        )),
        AmbiguousOffset::Fold { before, after } => Some(format!(
            "{civil} comes twice in {name}: the clocks go back there, from offset {before} to {after}; the first is \
             taken, the second is {civil}{after}"
        )),
    };
    Ok(Moment {
        zoned,
        notes: note.into_iter().collect(),
    })
}

fn not_that_weekday(text: &str, civil: DateTime) -> ClockError {
    ClockError::new(
        format!(
            "the weekday of {} is wrong: {} is a {}",
            quoted(text),
            civil.date(),
            civil.strftime("%A")
        ),
        "leave the weekday out, or check the date",
    )
}

fn not_understood(text: &str) -> ClockError {
    let is_date = text.len() >= 10
        && text.bytes().take(10).enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let message = match (text.is_empty(), is_date) {
        (true, _) => "no time is given".to_owned(),
        (_, true) => format!("the calendar or the clock has no {}", quoted(text)),
        _ => format!("{} is not understood as a time", quoted(text)),
    };
    ClockError::new(message, HINT)
}

pub(super) fn beyond(text: &str) -> ClockError {
    ClockError::new(
        format!(
            "{} is beyond the times calculated here: 2 January -9999 to 30 December 9999",
            quoted(text)
        ),
        "give a time in between",
    )
}
