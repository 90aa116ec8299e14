//! Dates as people write them into notes and file names.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Written forms that only a pattern reads, with a time of day or without.
const PATTERNS: [&str; 6] = [
    "%d.%m.%Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%a, %d %b %Y",
];
/// Years a bare `20260503` in a file name may mean; other eight digits are numbers.
const COMPACT_YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// The instant a written date means: `2026-05-03`, `2026/05/03`, `20260503`, `2026-05-03 14:00`, RFC 3339,
/// `03.05.2026`, `May 3, 2026`. Without an offset it is a local time of `zone`, without a time midnight.
pub fn parse_date(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned.timestamp());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local = iso_date_time(text).or_else(|| {
        PATTERNS
            .iter()
            .find_map(|pattern| Date::strptime(pattern, text).ok())
            .map(midnight)
    })?;
    zone.to_timestamp(local).ok()
}

/// The day a file name carries: `2026-05-03`, `2026_05_03`, `2026.05.03` or `20260503`, not part of a longer
/// number. Midnight in `zone`.
pub fn date_in_file_name(name: &str, zone: &TimeZone) -> Option<Timestamp> {
    let digits = name.as_bytes();
    let is_digit = |at: usize| digits.get(at).is_some_and(u8::is_ascii_digit);
    for start in 0..digits.len() {
        if !is_digit(start) || (start > 0 && is_digit(start - 1)) {
            continue;
        }
        let run = (start..digits.len()).take_while(|at| is_digit(*at)).count();
        let date = match run {
            8 => compact_date(&name[start..start + 8]),
            4 => separated_date(name, start),
            _ => None,
        };
        if let Some(date) = date {
            return zone.to_timestamp(midnight(date)).ok();
        }
    }
    None
}

/// `2026-05-03`, then nothing, or a time after `T` or a space.
fn iso_date_time(text: &str) -> Option<DateTime> {
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return compact_date(text).map(midnight);
    }
    let cut = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (day, time) = text.split_at(cut);
    let parts: Vec<&str> = day.split(['-', '/']).collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    if year.len() != 4 || !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    let time = time.trim_start_matches(['T', 't', ' ']);
    if time.is_empty() {
        return Some(midnight(date));
    }
    let padded = if time.find(':') == Some(1) {
        format!("0{time}")
    } else {
        time.to_owned()
    };
    Some(date.to_datetime(padded.parse().ok()?))
}

fn compact_date(digits: &str) -> Option<Date> {
    let year: i16 = digits.get(..4)?.parse().ok()?;
    if !COMPACT_YEARS.contains(&year) {
        return None;
    }
    Date::new(
        year,
        digits.get(4..6)?.parse().ok()?,
        digits.get(6..8)?.parse().ok()?,
    )
    .ok()
}

/// `2026-05-03` with one kind of separator, at `start`.
fn separated_date(name: &str, start: usize) -> Option<Date> {
    let text = name.get(start..start + 10)?;
    if name.as_bytes().get(start + 10).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let separator = text.as_bytes()[4];
    if !matches!(separator, b'-' | b'_' | b'.') || text.as_bytes()[7] != separator {
        return None;
    }
    let number = |from: usize, to: usize| {
        let part = &text[from..to];
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse::<i16>().ok())?
    };
    Date::new(
        number(0, 4)?,
        i8::try_from(number(5, 7)?).ok()?,
        i8::try_from(number(8, 10)?).ok()?,
    )
    .ok()
}

fn midnight(date: Date) -> DateTime {
    date.at(0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    #[test]
    fn dates_in_every_written_form() {
        let cases = [
            ("2026-05-03", "2026-05-02T22:00:00Z"),
            ("2026/05/03", "2026-05-02T22:00:00Z"),
            ("2026-5-3", "2026-05-02T22:00:00Z"),
            ("20260503", "2026-05-02T22:00:00Z"),
            ("2026-05-03 14:00", "2026-05-03T12:00:00Z"),
            ("2026-05-03 9:05", "2026-05-03T07:05:00Z"),
            ("2026/05/03 14:00:30", "2026-05-03T12:00:30Z"),
            ("2026-05-03T14:00", "2026-05-03T12:00:00Z"),
            ("2026-05-03T14:00:00Z", "2026-05-03T14:00:00Z"),
            ("2026-05-03T14:00:00-04:00", "2026-05-03T18:00:00Z"),
            ("2026-05-03T14:00[Asia/Bangkok]", "2026-05-03T07:00:00Z"),
            ("03.05.2026", "2026-05-02T22:00:00Z"),
            ("May 3, 2026", "2026-05-02T22:00:00Z"),
            ("3 May 2026", "2026-05-02T22:00:00Z"),
            // The hour that does not exist in spring.
            ("2026-03-29 02:30", "2026-03-29T01:30:00Z"),
        ];
        for (text, expected) in cases {
            let at = parse_date(text, &berlin()).map(|at| at.to_string());
            assert_eq!(at.as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-02-30",
            "1/2/3",
            "99999999",
            "2026-05-03 25:00",
            "{{date}}",
        ] {
            assert_eq!(parse_date(text, &berlin()), None, "{text}");
        }
    }

    #[test]
    fn dates_in_file_names() {
        let day =
            |name: &str| date_in_file_name(name, &TimeZone::UTC).map(|at| at.strftime("%F").to_string());
        for name in [
            "2026-05-03.md",
            "20260503.md",
            "standup 2026_05_03.md",
            "é2026.05.03-x.md",
            "v2 2026-05-03.md",
        ] {
            assert_eq!(day(name).as_deref(), Some("2026-05-03"), "{name}");
        }
        for name in [
            "12026-05-03.md",
            "2026-05-033.md",
            "99990503.md",
            "202605031.md",
            "2026-05.md",
            "2026-13-03.md",
        ] {
            assert_eq!(day(name), None, "{name}");
        }
    }
}
