//! [`Rate`]: how often something may happen, and whether it may happen now.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use holdall::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How often something may happen: so many times in a period, and so many at once after a pause.
///
/// Judged by the generic cell rate algorithm (GCRA, the leaky bucket of ITU-T I.371): what is allowed comes back
/// evenly, not all at once at the end of a window.
///
/// ```
/// use holdall_http::Rate;
///
/// // On average 20 in a second, 100 at once after a pause.
/// let rate = Rate::per_second(20).burst(100);
/// # assert_eq!(rate, Rate::per_minute(1200).burst(100));
/// assert_eq!(rate, "20/s burst 100".parse()?);
/// # Ok::<(), holdall_http::RateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    /// Nanoseconds until one more is allowed.
    interval: u64,
    burst: u32,
}

impl Rate {
    /// `count` times in a second, all of them at once if need be. 0 counts as 1.
    pub fn per_second(count: u32) -> Self {
        Self::every(Duration::from_secs(1), count)
    }

    /// `count` times in a minute, all of them at once if need be. 0 counts as 1.
    pub fn per_minute(count: u32) -> Self {
        Self::every(Duration::from_secs(60), count)
    }

    /// `count` times in `period`, all of them at once if need be. 0 counts as 1.
    pub fn every(period: Duration, count: u32) -> Self {
        let count = count.max(1);
        let nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        Self {
            // A day each at most, so that sums of bursts stay within 64 bits.
            interval: (nanos / u64::from(count)).clamp(1, 86_400_000_000_000),
            burst: count.min(BURST_MAX),
        }
    }

    /// With so many at once after a pause. 0 counts as 1, more than 100,000 as 100,000.
    pub fn burst(self, burst: u32) -> Self {
        Self {
            burst: burst.clamp(1, BURST_MAX),
            ..self
        }
    }

    /// Nanoseconds until one more is allowed.
    #[cfg(feature = "redis")]
    pub(super) fn interval(&self) -> u64 {
        self.interval
    }

    /// How far ahead of the steady rate one may be, in nanoseconds.
    pub(super) fn tolerance(&self) -> u64 {
        self.interval * u64::from(self.burst - 1)
    }

    /// How long until it may happen again; `None` if it may now. `due` is when, at the steady rate, it would have to.
    pub(super) fn wait(&self, due: u64, now: u64) -> Option<Duration> {
        let earliest = due.saturating_sub(self.tolerance());
        (earliest > now).then(|| Duration::from_nanos(earliest - now))
    }

    /// When it is due again after it happened now.
    pub(super) fn next(&self, due: u64, now: u64) -> u64 {
        due.max(now).saturating_add(self.interval)
    }
}

const BURST_MAX: u32 = 100_000;

/// What is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a rate: write how often in which time, such as `20/s`, `300/min`, or `20/s burst 100`; where there may be none, `off`"
)]
pub struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || RateError(text.chars().take(200).collect());
        let (often, burst) = match text.split_once("burst") {
            Some((often, burst)) => (often, Some(burst.trim().parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let (count, period) = often.split_once('/').ok_or_else(wrong)?;
        let count = count.trim().parse().map_err(|_| wrong())?;
        let period = period.trim();
        let counted = if period.starts_with(|c: char| c.is_ascii_digit()) {
            period.to_owned()
        } else {
            format!("1{period}")
        };
        let period: SignedDuration = counted.parse().map_err(|_| wrong())?;
        let period = Duration::try_from(period).map_err(|_| wrong())?;
        if count == 0 || period.is_zero() || burst == Some(0) {
            return Err(wrong());
        }
        let rate = Self::every(period, count);
        Ok(burst.map_or(rate, |burst| rate.burst(burst)))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 3] = [
            ("s", 1_000_000_000),
            ("min", 60_000_000_000),
            ("h", 3_600_000_000_000),
        ];
        let whole = UNITS.into_iter().find_map(|(unit, nanos)| {
            let count = nanos / self.interval;
            (nanos.checked_div(count) == Some(self.interval)).then_some((count, unit))
        });
        let count = match whole {
            Some((count, unit)) => {
                write!(f, "{count}/{unit}")?;
                count
            }
            None => {
                write!(f, "1/{}ns", self.interval)?;
                1
            }
        };
        if u64::from(self.burst) == count {
            return Ok(());
        }
        write!(f, " burst {}", self.burst)
    }
}

/// A rate or, without any, `off`.
pub(crate) mod or_off {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Rate;

    const OFF: &str = "off";

    pub(crate) fn serialize<S: Serializer>(rate: &Option<Rate>, serializer: S) -> Result<S::Ok, S::Error> {
        match rate {
            Some(rate) => serializer.collect_str(rate),
            None => serializer.serialize_str(OFF),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rate>, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            OFF => Ok(None),
            rate => rate.parse().map(Some).map_err(serde::de::Error::custom),
        }
    }
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "rate", "examples": ["20/s burst 100"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_may_be_no_rate_it_is_off() {
        #[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
        struct Holder {
            #[serde(with = "or_off")]
            rate: Option<Rate>,
        }
        for (text, rate) in [("off", None), ("5/s", Some(Rate::per_second(5)))] {
            let json = serde_json::json!({ "rate": text });
            assert_eq!(serde_json::to_value(Holder { rate }).expect("JSON"), json);
            assert_eq!(
                serde_json::from_value::<Holder>(json).expect("a rate"),
                Holder { rate }
            );
        }
        serde_json::from_value::<Holder>(serde_json::json!({ "rate": "never" })).expect_err("no rate");
    }

    #[test]
    fn rates_are_written_as_people_write_them() {
        for (text, rate) in [
            ("20/s", Rate::per_second(20)),
            ("20/s burst 100", Rate::per_second(20).burst(100)),
            ("7/min", Rate::per_minute(7)),
            (
                "10/h burst 1",
                Rate::every(Duration::from_secs(3600), 10).burst(1),
            ),
            ("1/7000000000ns", Rate::every(Duration::from_secs(7), 1)),
        ] {
            assert_eq!(text.parse(), Ok(rate), "{text}");
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!(
            " 3 / 7 s burst 9 ".parse(),
            Ok(Rate::every(Duration::from_secs(7), 3).burst(9))
        );
        for wrong in [
            "",
            "20",
            "20/",
            "/s",
            "0/s",
            "20/s burst",
            "20/s burst 0",
            "-1/s",
            "20/0s",
            "20/x",
            "5/-1s",
        ] {
            let error = wrong.parse::<Rate>().expect_err(wrong);
            assert!(error.to_string().contains("20/s"), "{error}");
        }
    }

    #[test]
    fn every_rate_is_read_as_it_was_written() {
        let counts = (1..=5000).chain([7919, 59_999, 99_991, 100_000]);
        for count in counts {
            for period in [1, 60, 3600, 7] {
                let rate = Rate::every(Duration::from_secs(period), count);
                assert_eq!(rate.to_string().parse(), Ok(rate), "{count} in {period} s");
                let json = serde_json::to_value(rate).expect("JSON");
                assert_eq!(json, rate.to_string());
                assert_eq!(serde_json::from_value::<Rate>(json).ok(), Some(rate));
            }
        }
    }

    #[test]
    fn the_schema_says_that_it_is_text() {
        let rate = serde_json::json!({ "type": "string", "format": "rate", "examples": ["20/s burst 100"] });
        let alone = holdall::schemars::schema_for!(Rate);
        assert_eq!(alone.get("title"), Some(&"Rate".into()));
        // Written where it is used, as editors show it best.
        let list = holdall::schemars::schema_for!(Vec<Rate>);
        assert_eq!(list.get("items"), Some(&rate));
    }

    const SECOND: u64 = 1_000_000_000;

    /// Which of some moments, in milliseconds, are let through.
    fn allowed(rate: Rate, moments: &[u64]) -> Vec<bool> {
        let mut due = 0;
        let mut judge = |now| match rate.wait(due, now) {
            Some(_) => false,
            None => {
                due = rate.next(due, now);
                true
            }
        };
        moments
            .iter()
            .map(|moment| judge(10 * SECOND + moment * 1_000_000))
            .collect()
    }

    #[test]
    fn a_burst_then_the_steady_rate() {
        let cases: [(Rate, &[u64], &[bool]); 5] = [
            (
                Rate::per_second(2),
                &[0, 0, 0, 499, 500, 501],
                &[true, true, false, false, true, false],
            ),
            (
                Rate::per_second(2).burst(1),
                &[0, 0, 499, 500],
                &[true, false, false, true],
            ),
            (
                Rate::per_second(1).burst(3),
                &[0, 0, 0, 0, 1000, 1000],
                &[true, true, true, false, true, false],
            ),
            // What is refused costs nothing.
            (
                Rate::per_second(1),
                &[0, 100, 200, 300, 1000],
                &[true, false, false, false, true],
            ),
            // A long pause gives no more than the burst.
            (
                Rate::per_second(1).burst(2),
                &[0, 60_000, 60_000, 60_000],
                &[true, true, true, false],
            ),
        ];
        for (rate, moments, expected) in cases {
            assert_eq!(allowed(rate, moments), expected, "{rate:?} at {moments:?}");
        }
    }

    #[test]
    fn the_wait_is_exact() {
        let rate = Rate::per_second(4).burst(1);
        let due = rate.next(0, SECOND);
        assert_eq!(rate.wait(due, SECOND), Some(Duration::from_millis(250)));
        assert_eq!(rate.wait(due, SECOND + 250_000_000), None);
    }

    #[test]
    fn extremes_neither_overflow_nor_divide_by_zero() {
        for rate in [
            Rate::per_second(0).burst(0),
            Rate::per_second(u32::MAX).burst(u32::MAX),
            Rate::every(Duration::MAX, 1).burst(u32::MAX),
            Rate::every(Duration::ZERO, 1),
        ] {
            let now = u64::from(u32::MAX) * SECOND;
            let due = rate.next(rate.next(u64::MAX - 1, now), now);
            assert!(rate.wait(due, now).is_some(), "{rate:?}");
            assert!(rate.wait(0, now).is_none(), "{rate:?}");
        }
    }
}
