//! Durations: read, added, counted.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan, Unit, Zoned};

use super::errors::{ClockError, quoted};
use super::moments::{Moment, beyond, resolved};
use super::zones;

/// Longer texts are no durations.
const DURATION_CHARS_MAX: usize = 100;
/// More business days lead beyond the year 9999 from everywhere.
const BUSINESS_DAYS_MAX: i64 = 6_000_000;
/// Over more days nobody counts hours.
const NEAR_DAYS: i64 = 31;
const HINT: &str =
    "write it as \"2 weeks 3 days\", \"-90 minutes\", \"1h 30m\", \"10 business days\" or P1Y2M10DT2H";

/// What is added to a moment.
#[derive(Debug)]
pub(super) enum Duration {
    Span(Span),
    /// Mondays to Fridays; holidays are not known.
    BusinessDays(i64),
}

impl Duration {
    pub(super) fn read(text: &str) -> Result<Self, ClockError> {
        let trimmed = text.trim();
        let wrong = || {
            ClockError::new(
                format!("{} is not understood as a duration", quoted(trimmed)),
                HINT,
            )
        };
        if trimmed.is_empty() || trimmed.chars().count() > DURATION_CHARS_MAX {
            return Err(wrong());
        }
        // `in 3 days`, as people say it; then nothing is ago.
        let lower = trimmed.to_lowercase().replace('−', "-");
        let lower = match lower.strip_prefix("in ") {
            Some(rest) if !rest.ends_with(" ago") => rest.trim().to_owned(),
            _ => lower,
        };
        if let Some(days) = business_days(&lower) {
            return match days.saturating_abs() <= BUSINESS_DAYS_MAX {
                true => Ok(Self::BusinessDays(days)),
                false => Err(ClockError::new(
                    format!("{} are too many", quoted(trimmed)),
                    format!("up to {BUSINESS_DAYS_MAX} business days are counted"),
                )),
            };
        }
        let words: Vec<&str> = lower.split_whitespace().filter(|word| *word != "and").collect();
        let words = words
            .iter()
            .map(|word| if matches!(*word, "a" | "an") { "1" } else { word });
        let plain = words.collect::<Vec<_>>().join(" ");
        // ISO durations are written in capitals.
        let span = trimmed.parse::<Span>().or_else(|_| plain.parse::<Span>());
        span.map(Self::Span)
            .map_err(|_| match is_understood(trimmed, &plain) {
                true => ClockError::new(
                    format!("{} is too large", quoted(trimmed)),
                    "durations have up to 19998 years, or as many months, days or hours as these",
                ),
                false => wrong(),
            })
    }

    /// The moment this much later.
    pub(super) fn after(&self, start: &Zoned) -> Result<Moment, ClockError> {
        let out = |what: &str| beyond(&format!("{what} after {}", start.datetime()));
        let span = match self {
            Self::BusinessDays(days) => {
                let date =
                    add_business_days(start.date(), *days).ok_or_else(|| out("that many business days"))?;
                return resolved(date.to_datetime(start.time()), start.time_zone());
            }
            Self::Span(span) => span,
        };
        let days = Span::new()
            .try_years(span.get_years())
            .and_then(|days| days.try_months(span.get_months()))
            .and_then(|days| days.try_weeks(span.get_weeks()))
            .and_then(|days| days.try_days(span.get_days()))
            .map_err(|_| out("that long"))?;
        let is_days = !days.fieldwise().eq(&Span::new().fieldwise());
        let mut moment = Moment {
            zoned: start.clone(),
            notes: Vec::new(),
        };
        if is_days {
            let months = Span::new()
                .try_years(span.get_years())
                .and_then(|months| months.try_months(span.get_months()))
                .map_err(|_| out("that long"))?;
            let civil = start.datetime().checked_add(days).map_err(|_| out("that long"))?;
            let month = start
                .datetime()
                .checked_add(months)
                .map_err(|_| out("that long"))?;
            moment = resolved(civil, start.time_zone())?;
            if month.day() != start.day() {
                let note = format!(
                    "{} has no day {}: the last day of the month is taken",
                    month.strftime("%B %Y"),
                    start.day()
                );
                moment.notes.push(note);
            }
        }
        let rest = Span::new()
            .try_hours(span.get_hours())
            .and_then(|rest| rest.try_minutes(span.get_minutes()))
            .and_then(|rest| rest.try_seconds(span.get_seconds()))
            .and_then(|rest| rest.try_milliseconds(span.get_milliseconds()))
            .and_then(|rest| rest.try_microseconds(span.get_microseconds()))
            .and_then(|rest| rest.try_nanoseconds(span.get_nanoseconds()))
            .map_err(|_| out("that long"))?;
        moment.zoned = moment.zoned.checked_add(rest).map_err(|_| out("that long"))?;
        moment.notes.extend(change_of_offset(start, &moment.zoned));
        Ok(moment)
    }
}

/// Whether nothing but the size of its numbers is wrong with a duration.
fn is_understood(text: &str, plain: &str) -> bool {
    let small = |text: &str| {
        let mut small = String::new();
        for sign in text.chars() {
            if !(sign.is_ascii_digit() && small.ends_with('1')) {
                small.push(if sign.is_ascii_digit() { '1' } else { sign });
            }
        }
        small.parse::<Span>().is_ok()
    };
    small(text) || small(plain)
}

/// `10 business days`, `-3 working days`, `5 weekdays ago`.
fn business_days(lower: &str) -> Option<i64> {
    let (rest, sign) = match lower.strip_suffix(" ago") {
        Some(rest) => (rest, -1),
        None => (lower, 1),
    };
    let (count, what) = rest.trim().split_once(' ')?;
    let what = what.trim().trim_end_matches('s');
    if !matches!(
        what,
        "business day" | "working day" | "work day" | "workday" | "weekday"
    ) {
        return None;
    }
    let count: i64 = match count {
        "a" | "one" => 1,
        count => {
            let digits = count.strip_prefix(['-', '+']).unwrap_or(count);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            // One that is no i64 is beyond the limit, too.
            count.parse().ok().or(is_number.then_some(i64::MAX))?
        }
    };
    Some(count.saturating_mul(sign))
}

fn add_business_days(start: Date, days: i64) -> Option<Date> {
    let (weeks, mut rest) = (days / 5, days % 5);
    let mut date = start;
    // From a weekend on, whole weeks are counted from the workday before, or behind, looking backwards.
    while is_weekend(date) && days != 0 {
        date = date.checked_add(if days > 0 { -1 } else { 1 }.days()).ok()?;
    }
    date = date.checked_add(Span::new().try_weeks(weeks).ok()?).ok()?;
    while rest != 0 {
        date = date.checked_add(rest.signum().days()).ok()?;
        if !is_weekend(date) {
            rest -= rest.signum();
        }
    }
    Some(date)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Mondays to Fridays from one day up to, not including, the other; negative if the other is earlier.
pub(super) fn business_days_between(start: Date, end: Date) -> i64 {
    if end < start {
        return -business_days_between(end, start);
    }
    let days = days_between(start, end);
    let (weeks, rest) = (days / 7, days % 7);
    let first = i64::from(start.weekday().to_monday_zero_offset());
    let extra = (0..rest).filter(|day| (first + day) % 7 < 5).count();
    weeks * 5 + i64::try_from(extra).unwrap_or(0)
}

/// Midnights between two days.
pub(super) fn days_between(start: Date, end: Date) -> i64 {
    let span = start.until((Unit::Day, end)).unwrap_or_default();
    i64::from(span.get_days())
}

/// The time between two moments, in the largest units the calendar has.
pub(super) fn between(start: &Zoned, end: &Zoned) -> Result<Span, ClockError> {
    let end = end.with_time_zone(start.time_zone().clone());
    start
        .until((Unit::Year, &end))
        .map_err(|_| beyond(&format!("{} to {}", start.datetime(), end.datetime())))
}

/// A sign that the clocks changed between two moments of a zone, where that makes a difference to who counts hours.
pub(super) fn change_of_offset(start: &Zoned, end: &Zoned) -> Option<String> {
    let end = end.with_time_zone(start.time_zone().clone());
    let is_near = days_between(start.date(), end.date()).abs() <= NEAR_DAYS;
    (is_near && start.offset() != end.offset()).then(|| {
        format!(
            "the clocks of {} change in between, from offset {} to {}",
            zones::name(start.time_zone(), start.offset()),
            start.offset(),
            end.offset()
        )
    })
}
