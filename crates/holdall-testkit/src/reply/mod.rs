//! What the server answered: [`Reply`] to anything, and readings of it for tools, resources, prompts and completions.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `failure` | what went wrong, as the server said it |
//! | `tool` | what did the tool say? |
//! | `others` | what is in a resource, a prompt, a list of suggestions? |
//!
//! Readings that find something else panic with what was asked, what came, and what the server printed.

mod failure;
mod others;
mod tool;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::failure::{ArgumentProblem, Failure};
pub use self::others::{CompletionReply, PromptReply, ResourceReply};
pub use self::tool::ToolReply;
use crate::client::Shared;
use crate::journal::shortened;
use crate::notification::{Notification, Progress};

/// Characters of an answer that a failure shows.
const SHOWN_CHARS: usize = 2000;
/// Bytes of an answer that is shown in one line.
const LINE_CHARS: usize = 200;

/// The answer to a request, whatever it is.
#[derive(Clone)]
pub struct Reply {
    pub(crate) asked: String,
    pub(crate) outcome: Outcome,
    pub(crate) shared: Arc<Shared>,
    /// The tokens of this request's rounds, by which the server reports progress.
    pub(crate) tokens: Vec<Value>,
}

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// A `result`, as it came.
    Result(Value),
    /// An `error`, as it came.
    Error(Value),
    /// No answer, and why.
    Nothing(String),
}

impl Reply {
    /// The result, as it came.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn result(&self) -> &Value {
        match &self.outcome {
            Outcome::Result(result) => result,
            _ => self.fail("a result"),
        }
    }

    /// The result, read as `T`.
    ///
    /// # Panics
    /// If there is none, or if it does not fit.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        self.read(self.result())
    }

    /// What went wrong.
    ///
    /// # Panics
    /// If nothing did.
    #[track_caller]
    pub fn error(&self) -> Failure {
        match &self.outcome {
            Outcome::Error(error) => Failure::of_protocol(error),
            _ => self.fail("an error"),
        }
    }

    /// What went wrong, if it has this JSON-RPC code.
    ///
    /// # Panics
    /// If nothing went wrong, or something else.
    #[track_caller]
    pub fn expect_code(&self, code: i64) -> Failure {
        match &self.outcome {
            Outcome::Error(error) if error["code"] == code => Failure::of_protocol(error),
            _ => self.fail(&format!("an error with the code {code}")),
        }
    }

    /// What went wrong, if it is of this kind: `not_found`, `invalid_arguments`, …
    ///
    /// # Panics
    /// If nothing went wrong, or something else.
    #[track_caller]
    pub fn expect_error(&self, kind: &str) -> Failure {
        match &self.outcome {
            Outcome::Error(error) if Failure::of_protocol(error).kind == kind => Failure::of_protocol(error),
            _ => self.fail(&format!("an error of the kind `{kind}`")),
        }
    }

    /// Whether the server answered with a JSON-RPC error, or not at all.
    pub fn is_error(&self) -> bool {
        !matches!(self.outcome, Outcome::Result(_))
    }

    /// The progress the server reported on this request.
    pub fn progress(&self) -> Vec<Progress> {
        let notifications = self.shared.journal.notifications();
        notifications
            .iter()
            .filter_map(Notification::progress)
            .filter(|progress| self.tokens.contains(&progress.progress_token))
            .collect()
    }

    #[track_caller]
    pub(crate) fn read<T: DeserializeOwned>(&self, value: &Value) -> T {
        match T::deserialize(value) {
            Ok(read) => read,
            Err(error) => self.fail(&format!(
                "something that reads as {}: {error}",
                std::any::type_name::<T>()
            )),
        }
    }

    /// Panics with everything a person needs to see.
    #[track_caller]
    fn fail(&self, expected: &str) -> ! {
        let came = match &self.outcome {
            Outcome::Result(result) if result["isError"] == true => {
                format!(
                    "an error of the tool:\n    {}",
                    tool::text(result).replace('\n', "\n    ")
                )
            }
            Outcome::Result(result) => format!("the result {}", shown(result)),
            Outcome::Error(error) => format!("the error {}", shown(error)),
            Outcome::Nothing(why) => format!("no answer: {why}"),
        };
        panic!(
            "{}\n  expected: {expected}\n  came: {came}\n{}",
            self.asked,
            self.shared.circumstances()
        )
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.asked, self.outcome)
    }
}

/// JSON as people read it best.
fn shown(value: &Value) -> String {
    let line = value.to_string();
    if line.len() <= LINE_CHARS {
        return line;
    }
    let lines = format!("{value:#}").replace('\n', "\n  ");
    shortened(&lines, SHOWN_CHARS)
}
