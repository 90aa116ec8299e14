//! What the tools reply: structured for programs, and as text for models.

use std::fmt::Write;

use holdall::prelude::*;
use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use jiff::tz::Dst;
use jiff::{Span, Zoned};
use serde::Serialize;

use super::zones;

const WORDS: SpanPrinter = SpanPrinter::new()
    .designator(Designator::Verbose)
    .spacing(Spacing::BetweenUnitsAndDesignators)
    .comma_after_designator(true);

/// A moment, as the clocks of a zone show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct MomentReply {
    /// As in "2026-11-21T18:12:00+01:00".
    datetime: String,
    /// IANA name, or the offset where there is none.
    timezone: String,
    /// From UTC.
    offset: String,
    /// What the offset is called there: "CET".
    abbreviation: String,
    /// Whether daylight saving time is in force.
    is_dst: bool,
    weekday: String,
    /// ISO week: "2026-W47".
    week: String,
    #[schemars(range(min = 1, max = 366))]
    day_of_year: i16,
    /// Seconds since 1970 in UTC.
    unix_seconds: i64,
}

impl MomentReply {
    pub(super) fn new(zoned: &Zoned) -> Self {
        let info = zoned.time_zone().to_offset_info(zoned.timestamp());
        let week = zoned.date().iso_week_date();
        Self {
            datetime: datetime(zoned),
            timezone: zones::name(zoned.time_zone(), zoned.offset()),
            offset: zoned.strftime("%:z").to_string(),
            abbreviation: info.abbreviation().to_owned(),
            is_dst: info.dst() == Dst::Yes,
            weekday: zoned.strftime("%A").to_string(),
            week: format!("{:04}-W{:02}", week.year(), week.week()),
            day_of_year: zoned.day_of_year(),
            unix_seconds: zoned.timestamp().as_second(),
        }
    }

    /// `Saturday, 2026-11-21T18:12:00+01:00, Europe/Berlin (CET)`
    fn line(&self) -> String {
        let Self {
            datetime,
            timezone,
            abbreviation,
            weekday,
            offset,
            is_dst,
            ..
        } = self;
        let named =
            abbreviation.starts_with(|first: char| first.is_ascii_alphabetic()) && abbreviation != timezone;
        let zone = match named {
            true => format!(
                "{timezone} ({abbreviation}{})",
                if *is_dst { ", daylight saving time" } else { "" }
            ),
            false if timezone == offset => String::new(),
            false => timezone.clone(),
        };
        match zone.is_empty() {
            true => format!("{weekday}, {datetime}"),
            false => format!("{weekday}, {datetime}, {zone}"),
        }
    }

    pub(super) fn text(&self) -> String {
        format!(
            "{}, week {}, day {} of the year",
            self.line(),
            self.week,
            self.day_of_year
        )
    }
}

/// Date, time and offset; parts of a second only where there are any.
pub(super) fn datetime(zoned: &Zoned) -> String {
    match zoned.subsec_nanosecond() {
        0 => format!("{}{}", zoned.datetime(), zoned.strftime("%:z")),
        _ => format!(
            "{}{}",
            zoned.datetime().strftime("%Y-%m-%dT%H:%M:%S%.f"),
            zoned.strftime("%:z")
        ),
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct CurrentReply {
    #[serde(flatten)]
    pub(super) moment: MomentReply,
    /// What should be known about the zone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl CurrentReply {
    pub(super) fn text(&self) -> String {
        with_notes(self.moment.text(), &self.notes)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ConversionReply {
    pub(super) source: MomentReply,
    pub(super) target: MomentReply,
    /// How far the clocks of the target are ahead: "+07:00".
    pub(super) difference: String,
    /// How the time was read where it could have been meant otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl ConversionReply {
    pub(super) fn new(source: &Zoned, target: &Zoned, notes: Vec<String>) -> Self {
        let seconds = target.offset().seconds() - source.offset().seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
        Self {
            source: MomentReply::new(source),
            target: MomentReply::new(target),
            difference: format!("{sign}{hours:02}:{minutes:02}"),
            notes,
        }
    }

    pub(super) fn text(&self) -> String {
        let (source, target, difference) = (self.source.line(), self.target.line(), &self.difference);
        with_notes(
            format!("{source}\n= {target}\n(difference {difference})"),
            &self.notes,
        )
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct FormatReply {
    /// The time in the form that was asked for.
    pub(super) formatted: String,
    pub(super) moment: MomentReply,
    /// How the time was read where it could have been meant otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl FormatReply {
    pub(super) fn text(&self) -> String {
        with_notes(self.formatted.clone(), &self.notes)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct SumReply {
    pub(super) start: MomentReply,
    pub(super) result: MomentReply,
    /// How the times were read and what happens in between.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl SumReply {
    pub(super) fn text(&self) -> String {
        let text = format!("{}\n(from {})", self.result.text(), self.start.line());
        with_notes(text, &self.notes)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct DistanceReply {
    start: MomentReply,
    end: MomentReply,
    /// In calendar units: "1 year, 2 months, 3 days".
    words: String,
    /// The same as an ISO 8601 duration.
    iso: String,
    /// Elapsed seconds; negative if the end is earlier.
    seconds: f64,
    /// Midnights in between.
    days: i64,
    /// Mondays to Fridays from the day of the start up to, not including, that of the end; holidays are not known.
    business_days: i64,
    /// How the times were read and what happens in between.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl DistanceReply {
    pub(super) fn new(start: &Zoned, end: &Zoned, span: &Span, notes: Vec<String>) -> Self {
        let there = end.with_time_zone(start.time_zone().clone());
        let seconds = end.timestamp().duration_since(start.timestamp()).as_secs_f64();
        let words = WORDS.span_to_string(&span.abs());
        Self {
            start: MomentReply::new(start),
            end: MomentReply::new(end),
            words: match span.is_negative() {
                true => format!("{words} earlier"),
                false => words,
            },
            iso: span.to_string(),
            seconds,
            days: super::spans::days_between(start.date(), there.date()),
            business_days: super::spans::business_days_between(start.date(), there.date()),
            notes,
        }
    }

    pub(super) fn text(&self) -> String {
        let Self {
            start,
            end,
            words,
            seconds,
            days,
            business_days,
            ..
        } = self;
        let (start, end) = (start.line(), end.line());
        let text = format!(
            "{words} ({days} days, {business_days} of them Mondays to Fridays; {seconds} seconds)\nfrom {start}\nto {end}"
        );
        with_notes(text, &self.notes)
    }
}

fn with_notes(mut text: String, notes: &[String]) -> String {
    for note in notes {
        let _ = write!(text, "\n({note})");
    }
    text
}
