//! [`Failure`]: an error of a tool or of the protocol, read.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// What went wrong, as the server said it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Failure {
    /// The JSON-RPC code; `None` for a tool that ran and failed, which answers with a result.
    pub code: Option<i64>,
    /// The kind, such as `not_found`. Empty if the server is not one of Holdall's.
    pub kind: String,
    /// What failed.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// What is wrong with the arguments, one entry per problem.
    pub problems: Vec<ArgumentProblem>,
    /// All of it as a model reads it.
    pub text: String,
    /// The `data` of a protocol error, `null` if there is none.
    pub data: Value,
}

/// One thing that is wrong with the arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ArgumentProblem {
    /// Where, as a JSON pointer: `/filter/since`.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What came.
    pub received: Option<String>,
    /// The name that was probably meant.
    pub did_you_mean: Option<String>,
}

/// What servers made with Holdall say for programs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Structured {
    kind: String,
    message: String,
    hint: Option<String>,
    problems: Vec<ArgumentProblem>,
}

impl Failure {
    /// Of a JSON-RPC error.
    pub(super) fn of_protocol(error: &Value) -> Self {
        let text = error["message"].as_str().unwrap_or_default().to_owned();
        let data = error.get("data").cloned().unwrap_or_default();
        let mut failure = Self::of(&data["error"], text);
        failure.code = error["code"].as_i64();
        failure.data = data;
        failure
    }

    /// Of the result of a tool that failed.
    pub(super) fn of_tool(result: &Value, text: String) -> Self {
        Self::of(&result["_meta"]["holdall/error"], text)
    }

    fn of(structured: &Value, text: String) -> Self {
        let Structured {
            kind,
            message,
            hint,
            problems,
        } = Structured::deserialize(structured).unwrap_or_default();
        Self {
            code: None,
            kind,
            message: if message.is_empty() { text.clone() } else { message },
            hint,
            problems,
            text,
            data: Value::Null,
        }
    }

    /// The problem at `path`, a JSON pointer such as `/limit`.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn problem(&self, path: &str) -> &ArgumentProblem {
        let mut problems = self.problems.iter();
        match problems.find(|problem| problem.path == path) {
            Some(problem) => problem,
            None => panic!("no problem at `{path}` in: {}", self.text),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
