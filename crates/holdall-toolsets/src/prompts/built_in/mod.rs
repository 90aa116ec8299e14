//! The prompts that come with the toolset.
//!
//! Each says what to do, in which order, in what form, and where to stop. What people paste into them is set apart and
//! said to be material, so that a model does not take orders from a log or a comment. Not here: templates of the user's
//! own (`template`).
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which prompts are there, and how is text set apart |
//! | `review` | how is code reviewed |
//! | `interview` | how is an interview practised |
//! | `incident` | how is the cause of an incident found |
//! | `meeting` | what are notes of a meeting |

mod incident;
mod interview;
mod meeting;
mod review;

use holdall::{Prompt, PromptFunction};
use serde::{Deserialize, Serialize};

/// The longest text that is pasted into a prompt, in characters: a long file, an hour of conversation.
const PASTED_CHARS_MAX: u64 = super::VALUE_CHARS_MAX as u64;
/// The longest of the shorter answers, in characters.
const LINE_CHARS_MAX: u64 = 2_000;

/// A prompt that comes with the toolset.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
#[non_exhaustive]
pub enum BuiltIn {
    /// Review code.
    ReviewCode,
    /// Practise a job interview.
    SimulateInterview,
    /// Find the cause of an incident.
    InvestigateIncident,
    /// Make notes of a meeting.
    WriteMeetingNotes,
}

impl BuiltIn {
    /// All of them, in the order of listing.
    pub const ALL: [Self; 4] = [
        Self::ReviewCode,
        Self::SimulateInterview,
        Self::InvestigateIncident,
        Self::WriteMeetingNotes,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReviewCode => "review_code",
            Self::SimulateInterview => "simulate_interview",
            Self::InvestigateIncident => "investigate_incident",
            Self::WriteMeetingNotes => "write_meeting_notes",
        }
    }

    pub(super) fn prompt(self) -> Prompt {
        match self {
            Self::ReviewCode => <review::review_code as PromptFunction>::prompt(),
            Self::SimulateInterview => <interview::simulate_interview as PromptFunction>::prompt(),
            Self::InvestigateIncident => <incident::investigate_incident as PromptFunction>::prompt(),
            Self::WriteMeetingNotes => <meeting::write_meeting_notes as PromptFunction>::prompt(),
        }
    }
}

/// What somebody wrote, if it is more than blanks: hosts send an empty text for a field nobody filled in.
fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}

/// A block of code that nothing in the text can end: its fence is longer than any in there.
fn fenced(text: &str, language: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    let text = text.trim_end();
    format!("{fence}{language}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::incident::Severity;
    use super::interview::{InterviewKind, Level};
    use super::meeting::MeetingKind;
    use super::review::Focus;
    use super::*;

    #[test]
    fn nothing_pasted_ends_its_block() {
        assert_eq!(fenced("a\n", "rust"), "```rust\na\n```");
        assert_eq!(fenced("```\nx\n````", ""), "`````\n```\nx\n````\n`````");
        assert_eq!(fenced("", "text"), "```text\n\n```");
    }

    /// Names that complete are names that are taken.
    #[test]
    fn every_choice_can_be_made() {
        fn all<T: serde::de::DeserializeOwned>(names: &[&str]) {
            for name in names {
                let value = serde_json::Value::from(*name);
                assert!(serde_json::from_value::<T>(value).is_ok(), "{name}");
            }
        }
        all::<Focus>(&Focus::NAMES);
        all::<Level>(&Level::NAMES);
        all::<InterviewKind>(&InterviewKind::NAMES);
        all::<Severity>(&Severity::NAMES);
        all::<MeetingKind>(&MeetingKind::NAMES);
        all::<BuiltIn>(&BuiltIn::ALL.map(BuiltIn::name));
    }
}
