//! [`ToolReply`]: the answer to a `tools/call`.

use holdall::protocol::{CallToolResult, ContentBlock};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Failure, Outcome, Reply};
use crate::notification::Progress;

/// What a tool answered.
///
/// A tool can fail in two ways: it runs and says that it failed, in a result the model can read; or the call cannot
/// be made at all, because there is no such tool, and the protocol says so. [`error`](Self::error) and
/// [`expect_error`](Self::expect_error) read both.
#[derive(Clone, Debug)]
pub struct ToolReply(Reply);

impl From<Reply> for ToolReply {
    fn from(reply: Reply) -> Self {
        Self(reply)
    }
}

impl ToolReply {
    /// The text, all parts of it, one a line.
    ///
    /// # Panics
    /// If the tool failed.
    #[track_caller]
    pub fn text(&self) -> String {
        match self.outcome() {
            Ok(text) => text,
            Err(_) => self.0.fail("a text"),
        }
    }

    /// The structured content.
    ///
    /// # Panics
    /// If the tool failed, or has given none.
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.is_error() {
            self.0.fail("structured content");
        }
        match self.raw().get("structuredContent") {
            Some(content) => content.clone(),
            None => self.0.fail("structured content"),
        }
    }

    /// The structured content, read as `T`.
    ///
    /// # Panics
    /// If the tool failed, has given none, or if it does not fit.
    #[track_caller]
    pub fn structured<T: DeserializeOwned>(&self) -> T {
        self.0.read(&self.json())
    }

    /// The parts of the answer: texts, images, resources.
    ///
    /// # Panics
    /// If the tool failed.
    #[track_caller]
    pub fn content(&self) -> Vec<ContentBlock> {
        self.result().content
    }

    /// The whole result.
    ///
    /// # Panics
    /// If the tool failed.
    #[track_caller]
    pub fn result(&self) -> CallToolResult {
        if self.is_error() {
            self.0.fail("a result");
        }
        self.0.json()
    }

    /// What went wrong.
    ///
    /// # Panics
    /// If nothing did.
    #[track_caller]
    pub fn error(&self) -> Failure {
        match self.failure() {
            Some(failure) => failure,
            None => self.0.fail("an error"),
        }
    }

    /// What went wrong, if it is of this kind: `not_found`, `invalid_arguments`, …; see [`holdall::ErrorKind`].
    ///
    /// # Panics
    /// If nothing went wrong, or something else.
    #[track_caller]
    pub fn expect_error(&self, kind: &str) -> Failure {
        match self.failure() {
            Some(failure) if failure.kind == kind => failure,
            _ => self.0.fail(&format!("an error of the kind `{kind}`")),
        }
    }

    /// What went wrong, if the call could not be made at all and the protocol said so with this code.
    ///
    /// # Panics
    /// If nothing went wrong, or something else.
    #[track_caller]
    pub fn expect_code(&self, code: i64) -> Failure {
        self.0.expect_code(code)
    }

    /// Whether anything went wrong.
    pub fn is_error(&self) -> bool {
        match &self.0.outcome {
            Outcome::Result(result) => result["isError"] == true,
            _ => true,
        }
    }

    /// The text of the tool if it succeeded, otherwise what went wrong, as text.
    pub fn outcome(&self) -> Result<String, String> {
        match (&self.0.outcome, self.failure()) {
            (_, Some(failure)) => Err(failure.text),
            (Outcome::Result(result), None) => Ok(text(result)),
            (Outcome::Error(error), None) => Err(error.to_string()),
            (Outcome::Nothing(why), None) => Err(why.clone()),
        }
    }

    /// The progress the tool reported.
    pub fn progress(&self) -> Vec<Progress> {
        self.0.progress()
    }

    /// The result as it came, of a tool that failed, too.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn raw(&self) -> &Value {
        self.0.result()
    }

    fn failure(&self) -> Option<Failure> {
        match &self.0.outcome {
            Outcome::Result(result) if result["isError"] == true => {
                Some(Failure::of_tool(result, text(result)))
            }
            Outcome::Error(error) => Some(Failure::of_protocol(error)),
            _ => None,
        }
    }
}

/// The texts in a result, one a line.
pub(super) fn text(result: &Value) -> String {
    let content = result["content"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let texts: Vec<&str> = content.iter().filter_map(|part| part["text"].as_str()).collect();
    texts.join("\n")
}
