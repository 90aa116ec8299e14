//! Which day is meant.

use holdall::prelude::*;
use jiff::civil::Date;

/// The day a caller wrote, as seen from `today`; `None` if they wrote that there is none.
pub(super) fn read(text: &str, today: Date) -> CallResult<Option<Date>> {
    let text = text.trim();
    match text.to_lowercase().as_str() {
        "" | "none" => return Ok(None),
        "today" => return Ok(Some(today)),
        "tomorrow" => return Ok(today.tomorrow().ok()),
        _ => {}
    }
    // Days are compared as texts, so they are written in one way.
    let written = text.len() == "YYYY-MM-DD".len() && text.starts_with(|c: char| c.is_ascii_digit());
    match Date::strptime("%Y-%m-%d", text) {
        Ok(date) if written => Ok(Some(date)),
        _ => {
            let shown: String = text.chars().take(40).collect();
            let message = format!("`{shown}` is no day");
            Err(CallError::invalid_arguments(message)
                .hint("write YYYY-MM-DD without a time of day, such as 2026-12-01, or today, or tomorrow"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read_and_what_is_none_is_refused() {
        let today = date(2026, 12, 31);
        let day = |text: &str| read(text, today).map_err(|error| error.message().to_owned());
        assert_eq!(day("2028-02-29"), Ok(Some(date(2028, 2, 29))));
        assert_eq!(day(" Today "), Ok(Some(today)));
        assert_eq!(day("tomorrow"), Ok(Some(date(2027, 1, 1))));
        assert_eq!((day(""), day("none")), (Ok(None), Ok(None)));
        for none in [
            "2026-02-30",
            "2027-02-29",
            "2026-13-01",
            "2026-1-5",
            "20261201",
            "01.12.2026",
            "2026-12-01T10:00:00Z",
            "next week",
            "-001-01-01",
            "+2026-1-1",
            "2026-12-0١",
            "'; DROP TABLE tasks; --",
        ] {
            assert_eq!(day(none), Err(format!("`{none}` is no day")));
        }
        assert_eq!(read("tomorrow", Date::MAX).ok(), Some(None));
    }
}
