//! One time: a day, a month, `last 7 days`, `3 May 2026`.

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Span, Timestamp, ToSpan, Zoned};

use crate::parse::parse_date;

/// Largest count in `last N days`: a little over a thousand years.
const COUNT_MAX: i64 = 400_000;

/// The first instant inside and the first one after.
type Bounds = (Timestamp, Timestamp);

/// A closed stretch: a day, a month, the last seven days…
pub(super) fn period(text: &str, now: &Zoned) -> Option<Bounds> {
    let text = ["in ", "on ", "during ", "the ", "within "]
        .iter()
        .fold(text, |text, word| text.strip_prefix(word).unwrap_or(text));
    let today = now.date();
    match text {
        "now" => return Some((now.timestamp(), now.timestamp())),
        "today" => return days(today, today.tomorrow().ok()?, now),
        "yesterday" => return days(today.yesterday().ok()?, today, now),
        "tomorrow" => return unit("day", today.tomorrow().ok()?, now),
        "last weekend" | "weekend" | "this weekend" => return weekend(text, today, now),
        _ => {}
    }
    calendar(text, now)
        .or_else(|| relative(text, now))
        .or_else(|| named(text, now))
        .or_else(|| moment(text, now))
}

/// `2026`, `2026-05`, `2026-W18`, `2026-Q2`, `2026-05-03`.
fn calendar(text: &str, now: &Zoned) -> Option<Bounds> {
    if let Some((year, rest)) = text.split_once('-') {
        let year = year_of(year)?;
        if let Some(week) = rest.strip_prefix('w') {
            let monday = ISOWeekDate::new(year, number(week)?, Weekday::Monday)
                .ok()?
                .date();
            return unit("week", monday, now);
        }
        if let Some(quarter) = rest.strip_prefix('q') {
            let quarter: i8 = number(quarter).filter(|quarter| (1..=4).contains(quarter))?;
            return unit("quarter", Date::new(year, quarter * 3 - 2, 1).ok()?, now);
        }
        if !rest.contains('-') {
            return unit("month", Date::new(year, number(rest)?, 1).ok()?, now);
        }
        let (month, day) = rest.split_once('-')?;
        return unit("day", Date::new(year, number(month)?, number(day)?).ok()?, now);
    }
    unit("year", Date::new(year_of(text)?, 1, 1).ok()?, now)
}

/// `last week`, `past 7 days`, `3 days ago`.
fn relative(text: &str, now: &Zoned) -> Option<Bounds> {
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        ["this" | "current", name] if unit_name(name).is_some() => unit(unit_name(name)?, now.date(), now),
        ["last" | "previous", name] if unit_name(name) == Some(name) => {
            let span = span(name, 1)?;
            let start = start_of(name, now.date())?;
            days(start.checked_sub(span).ok()?, start, now)
        }
        ["next", name] if unit_name(name) == Some(name) => unit(
            name,
            start_of(name, now.date())?.checked_add(span(name, 1)?).ok()?,
            now,
        ),
        ["past", name] => last(1, unit_name(name)?, now),
        ["last" | "past" | "previous", count, name] => last(count_of(count)?, unit_name(name)?, now),
        [count, name, "ago"] => {
            let (count, name) = (count_of(count)?, unit_name(name)?);
            if name == "hour" {
                let at = now.checked_sub(count.hours()).ok()?.timestamp();
                return Some((at, at.checked_add(1.hour()).ok()?));
            }
            let day = now.date().checked_sub(span(name, count)?).ok()?;
            // A month ago is a month, not a day of it.
            unit(name, day, now)
        }
        _ => None,
    }
}

/// The last `count` units up to now: days and weeks include today, so that `last 7 days` are seven.
fn last(count: i64, name: &str, now: &Zoned) -> Option<Bounds> {
    if name == "hour" {
        return Some((now.checked_sub(count.hours()).ok()?.timestamp(), now.timestamp()));
    }
    let tomorrow = now.date().tomorrow().ok()?;
    days(tomorrow.checked_sub(span(name, count)?).ok()?, tomorrow, now)
}

/// `monday`, `last friday`, `march`, `may 2026`, `last march`, `q2`, `q2 2026`.
fn named(text: &str, now: &Zoned) -> Option<Bounds> {
    let words: Vec<&str> = text.split(' ').map(|word| word.trim_end_matches(',')).collect();
    let today = now.date();
    match words[..] {
        [day] | ["last", day] if weekday(day).is_some() => {
            let wanted = weekday(day)?;
            let back = i64::from(today.weekday().since(wanted));
            // `monday` on a Monday is today, `last monday` the one before.
            let back = if back == 0 && words.len() == 2 { 7 } else { back };
            unit("day", today.checked_sub(back.days()).ok()?, now)
        }
        ["this", day] if weekday(day).is_some() => {
            let offset = i64::from(weekday(day)?.since(Weekday::Monday));
            unit(
                "day",
                start_of("week", today)?.checked_add(offset.days()).ok()?,
                now,
            )
        }
        [name] | ["last" | "this", name] if month(name).is_some() => {
            let month = month(name)?;
            let over = month < today.month() || (month == today.month() && words.first() != Some(&"last"));
            let year = if over || words.first() == Some(&"this") {
                today.year()
            } else {
                today.year() - 1
            };
            unit("month", Date::new(year, month, 1).ok()?, now)
        }
        [name, year] if month(name).is_some() && year.len() == 4 => {
            unit("month", Date::new(year_of(year)?, month(name)?, 1).ok()?, now)
        }
        [year, name] if month(name).is_some() && year.len() == 4 => {
            unit("month", Date::new(year_of(year)?, month(name)?, 1).ok()?, now)
        }
        [one, two] if day_and_month(one, two).is_some() => {
            let (day, month) = day_and_month(one, two)?;
            let this_year = Date::new(today.year(), month, day)
                .ok()
                .filter(|date| *date <= today);
            unit(
                "day",
                this_year.or_else(|| Date::new(today.year() - 1, month, day).ok())?,
                now,
            )
        }
        [one, two, year] if day_and_month(one, two).is_some() => {
            let (day, month) = day_and_month(one, two)?;
            unit("day", Date::new(year_of(year)?, month, day).ok()?, now)
        }
        [quarter] | [quarter, _] if quarter.starts_with('q') => {
            let number: i8 = number(&quarter[1..]).filter(|quarter| (1..=4).contains(quarter))?;
            let first = number * 3 - 2;
            let year = match words.get(1) {
                Some(year) => year_of(year)?,
                None if first <= today.month() => today.year(),
                None => today.year() - 1,
            };
            unit("quarter", Date::new(year, first, 1).ok()?, now)
        }
        _ => None,
    }
}

/// A written date or time: a day if it is a midnight without a time, an instant otherwise.
fn moment(text: &str, now: &Zoned) -> Option<Bounds> {
    let written = text.to_uppercase();
    let at = parse_date(&written, now.time_zone()).or_else(|| parse_date(text, now.time_zone()))?;
    if text.contains(':') {
        return Some((at, at));
    }
    unit("day", at.to_zoned(now.time_zone().clone()).date(), now)
}

fn weekend(text: &str, today: Date, now: &Zoned) -> Option<Bounds> {
    let monday = start_of("week", today)?;
    let this = monday.checked_add(5.days()).ok()?;
    let saturday = if text == "last weekend" || (text == "weekend" && this > today) {
        this.checked_sub(7.days()).ok()?
    } else {
        this
    };
    days(saturday, saturday.checked_add(2.days()).ok()?, now)
}

/// The calendar unit that holds `date`.
fn unit(name: &str, date: Date, now: &Zoned) -> Option<Bounds> {
    let start = start_of(name, date)?;
    days(start, start.checked_add(span(name, 1)?).ok()?, now)
}

fn start_of(name: &str, date: Date) -> Option<Date> {
    match name {
        "day" => Some(date),
        "week" => date
            .checked_sub(i64::from(date.weekday().since(Weekday::Monday)).days())
            .ok(),
        "month" => Some(date.first_of_month()),
        "quarter" => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok(),
        "year" => Some(date.first_of_year()),
        _ => None,
    }
}

fn span(name: &str, count: i64) -> Option<Span> {
    let span = Span::new();
    match name {
        "day" => span.try_days(count).ok(),
        "week" => span.try_weeks(count).ok(),
        "month" => span.try_months(count).ok(),
        "quarter" => span.try_months(count.checked_mul(3)?).ok(),
        "year" => span.try_years(count).ok(),
        _ => None,
    }
}

/// Midnight to midnight, as the zone has them.
fn days(start: Date, end: Date, now: &Zoned) -> Option<Bounds> {
    let midnight = |date: Date| now.time_zone().to_timestamp(date.at(0, 0, 0, 0)).ok();
    Some((midnight(start)?, midnight(end)?))
}

/// The singular of a unit.
fn unit_name(word: &str) -> Option<&'static str> {
    let units = ["hour", "day", "week", "month", "quarter", "year"];
    let singular = word.strip_suffix('s').unwrap_or(word);
    units.into_iter().find(|unit| *unit == singular)
}

fn count_of(word: &str) -> Option<i64> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let count = match word {
        "a" | "an" => 1,
        "couple" => 2,
        _ => match WORDS.iter().position(|name| *name == word) {
            Some(count) => count as i64,
            None => number(word)?,
        },
    };
    (1..=COUNT_MAX).contains(&count).then_some(count)
}

fn weekday(word: &str) -> Option<Weekday> {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let at = days
        .iter()
        .position(|day| word.len() >= 3 && day.starts_with(word))?;
    Weekday::from_monday_one_offset(at as i8 + 1).ok()
}

fn month(word: &str) -> Option<i8> {
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = months
        .iter()
        .position(|month| word.len() >= 3 && month.starts_with(word))?;
    Some(at as i8 + 1)
}

/// `3 may`, `may 3`, `may 3rd`.
fn day_and_month(one: &str, two: &str) -> Option<(i8, i8)> {
    let day = |word: &str| {
        let bare = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|end| word.strip_suffix(end))
            .unwrap_or(word);
        number::<i8>(bare).filter(|day| (1..=31).contains(day))
    };
    match (month(one), month(two)) {
        (Some(month), None) => Some((day(two)?, month)),
        (None, Some(month)) => Some((day(one)?, month)),
        _ => None,
    }
}

fn year_of(word: &str) -> Option<i16> {
    if word.len() == 4 {
        number(word).filter(|year| *year > 0)
    } else {
        None
    }
}

fn number<N: std::str::FromStr>(word: &str) -> Option<N> {
    (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())).then(|| word.parse().ok())?
}
