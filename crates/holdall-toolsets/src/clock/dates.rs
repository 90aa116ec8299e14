//! From what people write to a day.

use jiff::ToSpan;
use jiff::civil::{Date, ISOWeekDate, Weekday};

use super::errors::{ClockError, quoted};
use super::moments::{PARSER, beyond};

/// Days, months and years, in words and numbers. A space of a pattern matches none, too, and a year any few digits: what
/// is missing is found before these are tried.
const DATES: [&str; 8] = [
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%B %d %Y",
    "%b %d %Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
];
const MONTHS: [&str; 12] = [
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
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Digits of a year as it is written.
const YEAR_DIGITS: usize = 4;

/// The day a text names, if it looks like one.
pub(super) fn date(text: &str, today: Date) -> Result<Option<Date>, ClockError> {
    let shift = match text.to_lowercase().as_str() {
        "today" => Some(0),
        "tomorrow" => Some(1),
        "yesterday" => Some(-1),
        _ => None,
    };
    if let Some(days) = shift {
        return today.checked_add(days.days()).map(Some).map_err(|_| beyond(text));
    }
    if let Ok(date) = PARSER.parse_date(text) {
        return Ok(Some(date));
    }
    if let Some(date) = week(text) {
        return Ok(Some(date));
    }
    if let Some(date) = with_slashes(text)? {
        return Ok(Some(date));
    }
    check_whole(text)?;
    Ok(DATES.iter().find_map(|format| Date::strptime(format, text).ok()))
}

/// `13/06/2026` and `06/13/2026`: the number above 12 is the day. Of two that could both be months nobody knows which is.
fn with_slashes(text: &str) -> Result<Option<Date>, ClockError> {
    let parts: Vec<&str> = text.split('/').collect();
    let [first, second, year] = parts.as_slice() else {
        return Ok(None);
    };
    let small = |part: &str| {
        part.parse::<i8>()
            .ok()
            .filter(|number| *number >= 0 && part.len() <= 2)
    };
    let (Some(one), Some(other)) = (small(first), small(second)) else {
        return Ok(None);
    };
    if year.len() != YEAR_DIGITS {
        return Ok(None);
    }
    let Ok(year_number) = year.parse() else {
        return Ok(None);
    };
    let (month, day) = match (one <= 12, other <= 12) {
        (true, true) if one != other => {
            let message = format!("it is unclear which number of {} is the month", quoted(text));
            return Err(ClockError::new(message, format!("write {year}-MM-DD")));
        }
        (true, _) => (one, other),
        (false, _) => (other, one),
    };
    let no_day = || {
        let message = format!(
            "the calendar has no {}: neither number can be the month of such a day",
            quoted(text)
        );
        ClockError::new(message, format!("write {year}-MM-DD"))
    };
    Date::new(year_number, month, day).map(Some).map_err(|_| no_day())
}

/// The weekday a date begins with, and the date: `Fri, 1 May 2026`. Without a year it is none that could be checked.
pub(super) fn weekday(text: &str) -> Option<(Weekday, &str)> {
    let end = text.find(|sign: char| !sign.is_alphabetic())?;
    let (word, rest) = (
        text[..end].to_lowercase(),
        text[end..].trim_start_matches([',', ' ']),
    );
    let at = WEEKDAYS
        .iter()
        .position(|weekday| word == *weekday || weekday.get(..3) == Some(&word))?;
    let has_year = rest
        .split(|sign: char| !sign.is_ascii_digit())
        .any(|number| number.len() == YEAR_DIGITS);
    let weekday = Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()?;
    has_year.then_some((weekday, rest))
}

/// Refuses what is a day but for a part that is missing.
fn check_whole(text: &str) -> Result<(), ClockError> {
    // With a time behind it, its half is asked again.
    if text.contains(':') {
        return Ok(());
    }
    let numbers: Vec<&str> = text
        .split(|sign: char| !sign.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .collect();
    let words: Vec<&str> = text
        .split(|sign: char| !sign.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let in_words = matches!(words.as_slice(), [word] if is_month(word));
    let in_numbers = words.is_empty() && text.contains(['.', '/']) && numbers.len() == 3;
    if !in_words && !in_numbers {
        return Ok(());
    }
    let has_year = numbers.iter().any(|number| number.len() == YEAR_DIGITS);
    let is_short = numbers.iter().all(|number| number.len() <= 2);
    let lacks = |what: &str, hint: &str| Err(ClockError::new(format!("{} {what}", quoted(text)), hint));
    match numbers.len() {
        0 => lacks("names no day and no year", "write both, as in 1 May 2026"),
        1 if has_year => lacks("names no day", "write the day, too, as in 1 May 2026"),
        1 if is_short => lacks("names no year", "write the year, too, as in 1 May 2026"),
        _ if is_short => lacks(
            "has a year of two digits",
            "write all four, as in 1 May 2026 or 2026-05-01",
        ),
        _ if !has_year => lacks(
            "has no year of four digits",
            "write all four, as in 1 May 2026 or 2026-05-01",
        ),
        _ => Ok(()),
    }
}

/// `May`, `Sep`, `September`.
fn is_month(word: &str) -> bool {
    let word = word.to_lowercase();
    MONTHS
        .iter()
        .any(|month| word == *month || month.get(..3) == Some(&word))
}

/// `2026-W47` is its Monday, `2026-W47-6` its Saturday.
fn week(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once("-W").or_else(|| text.split_once("-w"))?;
    let (week, day) = rest.split_once('-').unwrap_or((rest, "1"));
    let weekday = Weekday::from_monday_one_offset(day.parse().ok()?).ok()?;
    let date = ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, weekday).ok()?;
    Some(date.date())
}
