//! What a to-do is, which texts it may have, and the list of them.

use holdall::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::store::{Store, clean, fold, line};

/// A line on a screen, and then some.
pub(super) const TITLE_CHARS_MAX: u64 = 300;
/// Some four pages; more is a note.
pub(super) const DESCRIPTION_CHARS_MAX: u64 = 10_000;
pub(super) const TAGS_MAX: u64 = 20;
pub(super) const TAG_CHARS_MAX: usize = 50;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Priority {
    Low,
    Medium,
    High,
}

impl Priority {
    /// As it is kept: what matters more is more.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Medium => 1,
            Self::High => 2,
        }
    }

    pub(super) fn of(number: i64) -> Self {
        match number {
            0 => Self::Low,
            1 => Self::Medium,
            _ => Self::High,
        }
    }
}

/// Whether it has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Status {
    Open,
    Done,
}

/// Which are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum StatusFilter {
    #[default]
    Open,
    Done,
    All,
}

/// What is to be added.
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) priority: Priority,
    pub(super) due: Option<Date>,
    pub(super) tags: Vec<String>,
}

/// A thing to do, or that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Todo {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) priority: Priority,
    pub(super) due: Option<Date>,
    pub(super) tags: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) completed: Option<Timestamp>,
}

/// All of them, in a file.
pub(super) struct TodoList {
    pub(super) store: Store,
    pub(super) zone: TimeZone,
    pub(super) tasks_max: u32,
}

impl TodoList {
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn today(&self) -> Date {
        self.now().date()
    }

    /// "Saturday, 21 November 2026"
    pub(super) fn said_today(&self) -> String {
        self.now().strftime("%A, %-d %B %Y").to_string()
    }

    fn now(&self) -> Zoned {
        Timestamp::now().to_zoned(self.zone.clone())
    }
}

/// A title as it is kept: one line.
pub(super) fn title(text: &str) -> CallResult<String> {
    let title = line(text);
    match title.is_empty() {
        true => Err(
            CallError::invalid_arguments("the title has nothing that can be seen")
                .hint("say in a line what is to be done"),
        ),
        false => Ok(title),
    }
}

/// A description as it is kept.
pub(super) fn description(text: &str) -> CallResult<String> {
    Ok(clean(text).trim().to_owned())
}

/// Tags as they are kept: each once, in the order given.
pub(super) fn tags(texts: &[String]) -> CallResult<Vec<String>> {
    let mut tags = Vec::with_capacity(texts.len());
    for text in texts {
        let tag = tag(text)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// A tag as it is kept: small letters, `-` for spaces, without `#`.
pub(super) fn tag(text: &str) -> CallResult<String> {
    let tag = fold(&line(text).replace(' ', "-"));
    let tag = tag.trim_start_matches('#');
    let shown = || line(text).chars().take(TAG_CHARS_MAX).collect::<String>();
    if tag.is_empty() {
        return Err(CallError::invalid_arguments(format!("`{}` is no tag", shown()))
            .hint("write a word, such as work"));
    }
    if tag.chars().count() > TAG_CHARS_MAX {
        return Err(
            CallError::invalid_arguments(format!("the tag `{}…` is too long", shown()))
                .hint(format!("a tag has at most {TAG_CHARS_MAX} characters")),
        );
    }
    Ok(tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_words() {
        let texts = ["#Work", "deep  work", "WORK", "ÄMTER"].map(str::to_owned);
        assert_eq!(
            tags(&texts).ok(),
            Some(vec!["work".into(), "deep-work".into(), "ämter".into()])
        );
        for none in ["", "#", " \0", "\u{202e}"] {
            assert!(tag(none).is_err(), "{none:?}");
        }
        assert!(tag(&"x".repeat(TAG_CHARS_MAX)).is_ok());
        assert!(tag(&"x".repeat(TAG_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn a_title_is_a_line_that_can_be_seen() {
        assert_eq!(title(" buy\nmilk\0 ").ok().as_deref(), Some("buy milk"));
        assert!(title("\u{202e} \u{7}").is_err());
    }
}
