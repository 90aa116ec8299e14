//! How settings are written in a configuration: durations as people write them.
//!
//! ```
//! use std::time::Duration;
//!
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Settings {
//!     #[serde(with = "holdall::settings::duration")]
//!     timeout: Duration,
//! }
//!
//! let settings: Settings = serde_json::from_str(r#"{ "timeout": "1m 30s" }"#).unwrap();
//! assert_eq!(settings.timeout, Duration::from_secs(90));
//! let settings: Settings = serde_json::from_str(r#"{ "timeout": "7d" }"#).unwrap();
//! assert_eq!(settings.timeout, Duration::from_secs(7 * 24 * 60 * 60));
//! ```

use std::fmt;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};

/// What a duration looks like, in messages.
const EXAMPLES: &str = "a duration such as `500ms`, `30s`, `1m 30s`, `2h` or `7d`";

/// A [`Duration`]: `500ms`, `30s`, `1m 30s`, `2h`, `7d`, `1w`. A day has 24 hours; months and years, whose length
/// differs, are refused. For `#[serde(with = "holdall::settings::duration")]`.
pub mod duration {
    use super::{Deserializer, Duration, Written};

    pub use jiff::fmt::serde::unsigned_duration::friendly::compact::required::serialize;

    /// Reads it.
    ///
    /// # Errors
    /// If it is no text, no duration, negative, or in units whose length differs.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        from.deserialize_str(Written)
    }
}

/// A [`duration`](mod@duration), or none.
pub mod optional_duration {
    use super::{Deserializer, Duration, OptionallyWritten};

    pub use jiff::fmt::serde::unsigned_duration::friendly::compact::optional::serialize;

    /// Reads it.
    ///
    /// # Errors
    /// As [`duration`](super::duration::deserialize()).
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        from.deserialize_option(OptionallyWritten)
    }
}

/// The schema of such a text, for `#[schemars(schema_with = "holdall::settings::duration_schema")]`.
pub fn duration_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "duration", "description": "A duration: `30s`, `1m 30s`, `2h`, `7d`." })
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXAMPLES)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        let wrong = |why: &str| E::custom(format!("`{text}` {why}: write {EXAMPLES}"));
        let span: Span = text.parse().map_err(|_| wrong("is no duration"))?;
        if span.is_negative() {
            return Err(wrong("is negative"));
        }
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(wrong("has months or years, whose length differs"));
        }
        let days = SpanRelativeTo::days_are_24_hours();
        let duration = span.to_duration(days).map_err(|_| wrong("is too long"))?;
        Duration::try_from(duration).map_err(|_| wrong("is too long"))
    }
}

struct OptionallyWritten;

impl<'de> Visitor<'de> for OptionallyWritten {
    type Value = Option<Duration>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXAMPLES)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        duration::deserialize(from).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Settings {
        #[serde(with = "duration")]
        timeout: Duration,
        #[serde(default, with = "optional_duration")]
        age: Option<Duration>,
    }

    fn read(text: &str) -> Result<Settings, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("0s", 0.0),
            ("500ms", 0.5),
            ("30s", 30.0),
            ("30 seconds", 30.0),
            ("1m 30s", 90.0),
            ("2h", 7200.0),
            ("7d", 604_800.0),
            ("1w", 604_800.0),
            ("8760h", 31_536_000.0),
            ("PT5M", 300.0),
        ] {
            let settings = read(&format!(r#"{{"timeout":"{text}","age":"{text}"}}"#)).expect(text);
            let expected = Duration::from_secs_f64(seconds);
            assert_eq!(
                (settings.timeout, settings.age),
                (expected, Some(expected)),
                "{text}"
            );
            let written = serde_json::to_string(&settings).expect("it is written");
            assert_eq!(read(&written), Ok(settings), "{written}");
        }
        let none = read(r#"{"timeout":"1s","age":null}"#).expect("an age may be missing");
        assert_eq!(none.age, None);
    }

    #[test]
    fn what_is_no_duration_is_told_with_what_one_looks_like() {
        for (value, why) in [
            ("\"soon\"", "`soon` is no duration"),
            ("\"10\"", "`10` is no duration"),
            ("\"1y\"", "`1y` has months or years, whose length differs"),
            ("\"-5s\"", "`-5s` is negative"),
            (
                "10",
                "invalid type: integer `10`, expected a duration such as `500ms`",
            ),
        ] {
            for key in ["timeout", "age"] {
                let text = match key {
                    "timeout" => format!(r#"{{"timeout":{value}}}"#),
                    _ => format!(r#"{{"timeout":"1s","age":{value}}}"#),
                };
                let error = read(&text).expect_err(value);
                assert!(
                    error.contains(why) && error.contains("`7d`"),
                    "{key} = {value}: {error}"
                );
            }
        }
    }
}
