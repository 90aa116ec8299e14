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
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
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
    let parts: Vec<&str> = text.split('/').collect();
    if let [first, second, year] = parts.as_slice()
        && year.len() == YEAR_DIGITS
        && [first, second].iter().all(|part| part.parse::<u8>().is_ok())
    {
        let message = format!("it is unclear which number of {} is the month", quoted(text));
        return Err(ClockError::new(message, format!("write {year}-MM-DD")));
    }
    check_whole(text)?;
    Ok(DATES.iter().find_map(|format| Date::strptime(format, text).ok()))
}

/// Refuses what is a day but for a part that is missing.
fn check_whole(text: &str) -> Result<(), ClockError> {
    let numbers: Vec<&str> = text
        .split(|sign: char| !sign.is_ascii_digit())
        .filter(|number| !number.is_empty())
        .collect();
    let words: Vec<&str> = text
        .split(|sign: char| !sign.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let in_words = matches!(words.as_slice(), [word] if is_month(word));
    let in_numbers = words.is_empty() && text.contains(['.', '/']) && !text.contains(':') && numbers.len() == 3;
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
        _ if is_short => lacks("has a year of two digits", "write all four, as in 1 May 2026 or 2026-05-01"),
        _ if !has_year => lacks("has no year of four digits", "write all four, as in 1 May 2026 or 2026-05-01"),
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
