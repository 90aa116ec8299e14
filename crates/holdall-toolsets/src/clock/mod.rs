//! The `clock` toolset: what time it is, was and will be.
//!
//! Here: reading times, zones and durations as people and models write them, and saying out loud where a time does not
//! exist or comes twice. The calendar and the zones are those of the crate `jiff`, built in: the same answers on every
//! machine. It never waits, reminds or sets a clock, and knows no holidays.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which tools are there |
//! | `moments` | which moment is meant by a text |
//! | `dates` | which day is meant by a text |
//! | `zones` | which zone is meant by a name |
//! | `spans` | what are durations, and what is between two moments |
//! | `replies` | what does a reply look like, as JSON and as text |
//! | `errors` | why is there no answer |

mod dates;
mod errors;
mod moments;
mod replies;
mod spans;
mod zones;

use std::fmt;
use std::sync::Arc;

use holdall::prelude::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use errors::ClockError;
use errors::{call_error, quoted};
use moments::Moment;
use replies::{ConversionReply, CurrentReply, DistanceReply, FormatReply, MomentReply, SumReply};
use spans::Duration;

/// What a model should know before it uses the toolset, for [`Server::instructions`](holdall::Server::instructions).
pub const INSTRUCTIONS: &str =
    "Ask current_time when today's date or the time matters: you do not know it otherwise.";

/// The longest pattern of `format_datetime`, in characters.
const FORMAT_CHARS_MAX: usize = 200;

/// What the clock takes for granted.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClockConfig {
    /// The time zone of calls that name none, such as `Europe/Berlin`. Without it, the zone of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// Tools that tell, convert and calculate times.
#[derive(Clone)]
pub struct ClockToolset {
    zone: TimeZone,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for ClockToolset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClockToolset")
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}

impl ClockToolset {
    /// A clock that goes with that of the machine.
    ///
    /// # Errors
    /// If there is no time zone of the name in `config`.
    pub fn new(config: &ClockConfig) -> Result<Self, ClockError> {
        let zone = match &config.timezone {
            Some(name) => zones::find(name)?,
            None => TimeZone::system(),
        };
        Ok(Self {
            zone,
            now: Arc::new(Timestamp::now),
        })
    }

    /// The same with another notion of what time it is: for tests.
    #[must_use]
    pub fn with_now(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// The current second: nobody asks for less.
    fn now(&self) -> Timestamp {
        let now = (self.now)();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    fn zone(&self, name: Option<&str>) -> CallResult<TimeZone> {
        match name.filter(|name| !matches!(name.trim(), "" | "local")) {
            Some(name) => zones::find(name).map_err(call_error),
            None => Ok(self.zone.clone()),
        }
    }

    /// The moment a caller means, with what is to be said about its zone.
    fn read(&self, time: &str, zone: Option<&str>) -> CallResult<Moment> {
        let mut moment = moments::read(time, &self.zone(zone)?, self.now()).map_err(call_error)?;
        if let Some(note) = zone.and_then(zones::note)
            && !moment.notes.contains(&note)
        {
            moment.notes.push(note);
        }
        Ok(moment)
    }
}

#[toolset]
impl ClockToolset {
    /// Tell the current date and time, with weekday, ISO week and offset.
    #[tool(
        title = "Current time",
        read_only,
        destructive = false,
        open_world = false,
        tags("clock")
    )]
    fn current_time(
        &self,
        /// IANA name such as "Asia/Tokyo", "UTC", or an offset; default: the user's zone.
        timezone: Option<&str>,
    ) -> CallResult<JsonWithText<CurrentReply>> {
        let reply = CurrentReply {
            moment: MomentReply::new(&self.now().to_zoned(self.zone(timezone)?)),
            notes: timezone.and_then(zones::note).into_iter().collect(),
        };
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// Convert a time between time zones. Says so when a time does not exist or comes twice because clocks change.
    #[tool(
        title = "Convert time zone",
        read_only,
        destructive = false,
        idempotent,
        open_world = false,
        tags("clock")
    )]
    fn convert_timezone(
        &self,
        /// Such as "2026-05-01T15:30", "15:30" (today), "3 pm", "now"; with an offset if known.
        time: &str,
        /// Zone to convert to.
        to: &str,
        /// Zone the time is in; default: the user's.
        from: Option<&str>,
    ) -> CallResult<JsonWithText<ConversionReply>> {
        let mut moment = self.read(time, from)?;
        moment.notes.extend(zones::note(to));
        let target = moment.zoned.with_time_zone(self.zone(Some(to))?);
        let reply = ConversionReply::new(&moment.zoned, &target, moment.notes);
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// Write a time in another form, or learn its weekday and week.
    #[tool(
        title = "Format time",
        read_only,
        destructive = false,
        idempotent,
        open_world = false,
        tags("clock")
    )]
    fn format_datetime(
        &self,
        /// The time, as in convert_timezone.
        time: &str,
        /// "iso", "date", "time", "long", "rfc2822", "unix", "week", or a strftime pattern such as "%d.%m.%Y %H:%M".
        #[arg(default = "long")]
        format: String,
        /// Zone to write it in; default: the user's.
        timezone: Option<&str>,
    ) -> CallResult<JsonWithText<FormatReply>> {
        let Moment { zoned, notes } = self.read(time, timezone)?;
        let reply = FormatReply {
            formatted: formatted(&zoned, &format)?,
            moment: MomentReply::new(&zoned),
            notes,
        };
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// Add a duration to a time, or subtract a negative one: "in 10 business days", "90 minutes ago".
    #[tool(
        title = "Add duration",
        read_only,
        destructive = false,
        idempotent,
        open_world = false,
        tags("clock")
    )]
    fn add_duration(
        &self,
        /// The time, as in convert_timezone.
        time: &str,
        /// "2 weeks 3 days", "-90 minutes", "10 business days" (Monday to Friday), or ISO 8601: "P1M2DT3H".
        duration: &str,
        /// Zone of the time; default: the user's.
        timezone: Option<&str>,
    ) -> CallResult<JsonWithText<SumReply>> {
        let Moment { zoned, mut notes } = self.read(time, timezone)?;
        let duration = Duration::read(duration).map_err(call_error)?;
        let result = duration.after(&zoned).map_err(call_error)?;
        notes.extend(result.notes);
        let reply = SumReply {
            start: MomentReply::new(&zoned),
            result: MomentReply::new(&result.zoned),
            notes,
        };
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }

    /// Tell the time between two moments: in years to seconds, days, and business days. For ages and countdowns, too.
    #[tool(
        title = "Time between",
        read_only,
        destructive = false,
        idempotent,
        open_world = false,
        tags("clock")
    )]
    fn time_between(
        &self,
        /// The earlier time, as in convert_timezone.
        start: &str,
        /// The later time.
        end: &str,
        /// Zone of both; default: the user's.
        timezone: Option<&str>,
    ) -> CallResult<JsonWithText<DistanceReply>> {
        let (start, end) = (self.read(start, timezone)?, self.read(end, timezone)?);
        let span = spans::between(&start.zoned, &end.zoned).map_err(call_error)?;
        let mut notes = start.notes;
        for note in end
            .notes
            .into_iter()
            .chain(spans::change_of_offset(&start.zoned, &end.zoned))
        {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let reply = DistanceReply::new(&start.zoned, &end.zoned, &span, notes);
        let text = reply.text();
        Ok(Json(reply).with_text(text))
    }
}

fn formatted(zoned: &jiff::Zoned, format: &str) -> CallResult<String> {
    let pattern = match format.trim().to_lowercase().as_str() {
        "iso" | "rfc3339" | "iso8601" => return Ok(replies::datetime(zoned)),
        "unix" => return Ok(zoned.timestamp().as_second().to_string()),
        "rfc2822" => "%a, %-d %b %Y %H:%M:%S %z".to_owned(),
        "date" => "%Y-%m-%d".to_owned(),
        "time" => "%H:%M:%S".to_owned(),
        "week" => "%G-W%V-%u".to_owned(),
        "long" => "%A, %-d %B %Y, %H:%M:%S %:z".to_owned(),
        _ => format.to_owned(),
    };
    let error = |why: &str| {
        CallError::invalid_arguments(format!("{} is no format: {why}", quoted(format)))
            .hint("use iso, date, time, long, rfc2822, unix, week, or a pattern such as %Y-%m-%d %H:%M")
    };
    if pattern.chars().count() > FORMAT_CHARS_MAX {
        return Err(error(&format!("it is longer than {FORMAT_CHARS_MAX} characters")));
    }
    if !pattern.contains('%') {
        return Err(error("it has no field, which begins with %"));
    }
    jiff::fmt::strtime::format(&pattern, zoned).map_err(|failure| error(&failure.to_string()))
}
