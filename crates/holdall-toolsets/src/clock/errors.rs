//! Why a time, a zone or a duration is not understood.

use holdall::{CallError, ErrorKind};

/// Characters of what was given that an error repeats.
const REPEATED_CHARS_MAX: usize = 60;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ClockError {
    message: String,
    hint: String,
}

impl ClockError {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// What to write instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// The same for the caller of a tool.
pub(super) fn call_error(error: ClockError) -> CallError {
    CallError::new(ErrorKind::InvalidArguments, error.message).hint(error.hint)
}

/// What was given, short and without what would disturb a line.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(REPEATED_CHARS_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(REPEATED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
