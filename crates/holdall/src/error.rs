//! Errors: [`CallError`] for what goes wrong in one call, [`Error`] for what keeps a server from starting.
//!
//! A [`CallError`] has three readers. The model gets kind, message and hint, so that it can do better next time.
//! The operator gets a log line with the request id. The developer gets the chain of causes in that log line.
//! What was not written for the model (an I/O error, a panic) never crosses the wire.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use rmcp::model::{ClientCapabilities, InputRequiredResult};
use serde::Serialize;

/// What keeps a server from starting, or stops it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server was put together wrongly: every mistake found, one a line.
    #[error("the server cannot start:{}", bullet_list(.0))]
    Build(Vec<String>),
    /// A change of a server that serves would have made it wrong, and was not made: every mistake found, one a line.
    #[error("nothing was changed:{}", bullet_list(.0))]
    Change(Vec<String>),
    /// The transport failed.
    #[error("the connection failed: {0}")]
    Transport(#[source] Box<dyn StdError + Send + Sync>),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn bullet_list(problems: &[String]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  - {problem}"))
        .collect()
}

/// `std::result::Result` with the framework's start-up error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a tool, resource or prompt function may return as its error to be understood by everyone.
pub type CallResult<T> = std::result::Result<T, CallError>;

/// What kind of failure a [`CallError`] is: a stable word for programs, models and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The arguments do not fit the schema, or make no sense together.
    InvalidArguments,
    /// What was asked for does not exist.
    NotFound,
    /// What was to be created exists already.
    AlreadyExists,
    /// Somebody else changed it in the meantime.
    Conflict,
    /// The name fits several things.
    Ambiguous,
    /// The caller may not do this.
    PermissionDenied,
    /// The caller lacks scopes it could ask for: [`CallError::missing_scopes`].
    InsufficientScope,
    /// A service or file this depends on cannot be reached now.
    Unavailable,
    /// It took longer than the tool's timeout.
    TimedOut,
    /// The input or the result exceeds a limit.
    TooLarge,
    /// The caller gave up.
    Cancelled,
    /// A person has to agree first, and the client has no way to ask.
    ConfirmationRequired,
    /// A person was asked and said no.
    Declined,
    /// The client cannot do what the function needs of it.
    UnsupportedByClient,
    /// The client has yet to answer a question; the call goes on when it has. Pass it on with `?`.
    InputRequired,
    /// It did not work, for the reason in the message.
    Failed,
    /// A fault of the server: the details are in its log only.
    Internal,
}

impl ErrorKind {
    /// The stable word, `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
            Self::PermissionDenied => "permission_denied",
            Self::InsufficientScope => "insufficient_scope",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
            Self::Cancelled => "cancelled",
            Self::ConfirmationRequired => "confirmation_required",
            Self::Declined => "declined",
            Self::UnsupportedByClient => "unsupported_by_client",
            Self::InputRequired => "input_required",
            Self::Failed => "failed",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with the arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as a JSON pointer: `/filter/since`. Empty for the arguments as a whole.
    pub path: String,
    /// What was expected there.
    pub expected: String,
    /// What came, shortened; absent when nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// The name that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "arguments"
        } else {
            self.path.as_str()
        };
        write!(f, "{path}: {}", self.expected)?;
        if let Some(received) = &self.received {
            write!(f, ", got {received}")?;
        }
        if let Some(name) = &self.did_you_mean {
            write!(f, "; did you mean `{name}`?")?;
        }
        Ok(())
    }
}

/// Why a call failed, written for the model that made it.
///
/// ```
/// use holdall::{CallError, ErrorKind};
///
/// let error = CallError::not_found("there is no note `ideas.md`").hint("list_notes shows what exists");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
///
/// Any [`std::error::Error`] converts into one of kind [`ErrorKind::Internal`] with `?`; its text goes to the log
/// and not over the wire. Say what the model may know with [`CallError::new`] or one of its relatives.
#[derive(Debug)]
pub struct CallError {
    kind: ErrorKind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    problems: Vec<Problem>,
    missing_scopes: Box<[String]>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    signal: Option<Box<Signal>>,
}

/// What an error means to the protocol, where it is more than a failure told to the model.
#[derive(Debug)]
pub(crate) enum Signal {
    /// A question waits for its answer; on its way out this becomes `InputRequired`.
    Asked,
    /// The reply that asks the client.
    InputRequired(InputRequiredResult),
    /// The client did not declare a capability the function needs.
    MissingCapability(ClientCapabilities),
    /// The request itself is wrong, not only its arguments.
    InvalidRequest,
}

impl CallError {
    /// An error of the given kind. The message says what failed, with which value.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            problems: Vec::new(),
            missing_scopes: Box::default(),
            source: None,
            signal: None,
        }
    }

    /// It did not work, for the reason given: [`ErrorKind::Failed`].
    pub fn failed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Failed, message)
    }

    /// What was asked for does not exist: [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The arguments make no sense: [`ErrorKind::InvalidArguments`].
    pub fn invalid_arguments(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidArguments, message)
    }

    /// The caller lacks scopes: [`ErrorKind::InsufficientScope`]. Name all of them, so that a client can ask for them
    /// in one go.
    pub fn insufficient_scope(what: &str, missing: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let missing_scopes: Box<[String]> = missing.into_iter().map(Into::into).collect();
        let named = missing_scopes.join("`, `");
        let noun = if missing_scopes.len() == 1 {
            "scope"
        } else {
            "scopes"
        };
        Self {
            missing_scopes,
            ..Self::new(
                ErrorKind::InsufficientScope,
                format!("{what} needs the {noun} `{named}`, which this caller does not have"),
            )
        }
    }

    /// A fault of the server. The cause goes to the log; the caller learns that there was one.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut error = Self::new(ErrorKind::Internal, "the server failed; its log has the details");
        error.source = Some(source.into());
        error
    }

    pub(crate) fn problems(subject: &str, problems: Vec<Problem>) -> Self {
        let count = problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        // The call itself does not know what was called.
        let of = if subject.is_empty() {
            String::new()
        } else {
            format!(" of `{subject}`")
        };
        let message = format!("{count} {noun} with the arguments{of}");
        Self {
            problems,
            ..Self::new(ErrorKind::InvalidArguments, message)
        }
    }

    /// Adds what to do next.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause, for the log only.
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn signalling(mut self, signal: Signal) -> Self {
        self.signal = Some(Box::new(signal));
        self
    }

    pub(crate) fn signal(&self) -> Option<&Signal> {
        self.signal.as_deref()
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What failed.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What is wrong with the arguments, one entry per problem.
    pub fn argument_problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Every scope the caller lacks, if that is why it failed.
    pub fn missing_scopes(&self) -> &[String] {
        &self.missing_scopes
    }

    /// The cause, which stays in the log.
    pub fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn StdError + 'static))
    }

    /// The error as a JSON object: `kind`, `message`, and where present `hint`, `problems` and `missing_scopes`.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({ "kind": self.kind.as_str(), "message": self.message });
        if let Some(hint) = &self.hint {
            json["hint"] = hint.as_ref().into();
        }
        if !self.problems.is_empty() {
            json["problems"] = serde_json::json!(self.problems);
        }
        if !self.missing_scopes.is_empty() {
            json["missing_scopes"] = serde_json::json!(self.missing_scopes);
        }
        json
    }
}

/// The text the model reads: kind and message, the problems, the hint.
impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)?;
        for problem in &self.problems {
            write!(f, "\n- {problem}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

// `CallError` is deliberately no `std::error::Error`: that is what allows this conversion of everything that is.
impl<E: StdError + Send + Sync + 'static> From<E> for CallError {
    fn from(source: E) -> Self {
        Self::internal(source)
    }
}
