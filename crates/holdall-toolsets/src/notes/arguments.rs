//! From the arguments of a call to what the knowledge base is asked.

use holdall::prelude::*;
use holdall_notes::when::{End, Interval, interval, point};
use holdall_notes::{Filter, NotePath, SearchMode, Sort};
use jiff::{Timestamp, Zoned};
use serde::Deserialize;

use super::errors::call_error;
use crate::address::{decoded, encoded};

/// What the URIs of notes begin with.
const SCHEME: &str = "note://";

/// How to search.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ModeArgument {
    Hybrid,
    Lexical,
    Dense,
}

impl From<ModeArgument> for SearchMode {
    fn from(mode: ModeArgument) -> Self {
        match mode {
            ModeArgument::Hybrid => Self::Hybrid,
            ModeArgument::Lexical => Self::Lexical,
            ModeArgument::Dense => Self::Dense,
        }
    }
}

/// How to sort a listing.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SortArgument {
    Date,
    Modified,
    Path,
    Title,
}

impl From<SortArgument> for Sort {
    fn from(sort: SortArgument) -> Self {
        match sort {
            SortArgument::Date => Self::Date,
            SortArgument::Modified => Self::Modified,
            SortArgument::Path => Self::Path,
            SortArgument::Title => Self::Title,
        }
    }
}

/// The three ways to say when.
pub(super) struct When {
    pub(super) when: Option<String>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
}

impl When {
    /// The interval meant, if any; several ways at once mean what they have in common.
    pub(super) fn interval(self, now: &Zoned) -> CallResult<Option<Interval>> {
        let said = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .is_some_and(|text| !text.is_empty())
        };
        if !said(&self.when) && !said(&self.since) && !said(&self.until) {
            return Ok(None);
        }
        let whole = match self.when.filter(|text| !text.trim().is_empty()) {
            Some(text) => interval(&text, now).map_err(call_error)?,
            None => Interval::new(None, None, now.time_zone().clone()),
        };
        let since = self
            .since
            .filter(|text| !text.trim().is_empty())
            .map(|text| point(&text, End::Since, now));
        let until = self
            .until
            .filter(|text| !text.trim().is_empty())
            .map(|text| point(&text, End::Until, now));
        let since = since.transpose().map_err(call_error)?;
        let until = until.transpose().map_err(call_error)?;
        let later = whole.since.max(since);
        let earlier = match (whole.until, until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let (Some(since), Some(until)) = (later, earlier)
            && since >= until
        {
            let empty = Interval::new(Some(since), Some(until), now.time_zone().clone());
            return Err(
                CallError::invalid_arguments(format!("no moment lies in {}", empty.describe()))
                    .hint("give `when`, or `since` before `until`"),
            );
        }
        Ok(Some(Interval::new(later, earlier, now.time_zone().clone())))
    }
}

pub(super) fn filter_of(when: Option<&Interval>, tags: Option<Vec<String>>, folder: Option<&str>) -> Filter {
    Filter {
        interval: when.map(|interval| {
            interval.since.unwrap_or(Timestamp::MIN)..interval.until.unwrap_or(Timestamp::MAX)
        }),
        tags: tags.unwrap_or_default(),
        any_tag: false,
        folder: folder.map(str::to_owned),
    }
}

/// Models hand back what they were shown: a path, or the URI of the resource.
pub(super) fn path_of(text: &str) -> String {
    decoded(SCHEME, text).unwrap_or_else(|| text.to_owned())
}

/// The URI of a note's resource.
pub(super) fn note_uri(path: &NotePath) -> String {
    uri_of(path.as_str())
}

/// The URI of the note that goes by this path or name.
pub(super) fn uri_of(name: &str) -> String {
    encoded(SCHEME, name)
}
