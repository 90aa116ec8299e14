//! Why there is no result, in words that say what to write instead.

use holdall::{CallError, ErrorKind};

/// Why an expression has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalculationError {
    /// The expression cannot be read.
    #[error("`{found}` at position {position}: {message}")]
    Syntax {
        /// The part that is not understood.
        found: String,
        /// Where it begins, in characters, counted from 1.
        position: usize,
        /// What was expected.
        message: String,
    },
    /// A name is neither a function, a constant nor a unit.
    #[error("`{name}` at position {position} is no function, constant or unit known here")]
    Unknown {
        /// The name.
        name: String,
        /// Where it begins, in characters, counted from 1.
        position: usize,
        /// A known name that looks like it, or what to do instead.
        hint: String,
    },
    /// It can be read but has no value, such as `1/0` or a length plus a mass.
    #[error("{0}")]
    Undefined(String),
    /// It is longer, deeper or larger than is calculated here.
    #[error("{0}")]
    TooLarge(String),
}

impl CalculationError {
    pub(super) fn undefined(message: impl Into<String>) -> Self {
        Self::Undefined(message.into())
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::TooLarge(message.into())
    }
}

/// Why there is no calculator: a bound out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`calculator.{key}` is {value}: it must be from {from} to {to}")]
pub struct CalculatorConfigError {
    pub(super) key: &'static str,
    pub(super) value: u64,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// The same for the caller of the tool.
pub(super) fn call_error(error: CalculationError) -> CallError {
    let message = error.to_string();
    match error {
        CalculationError::Syntax { .. } => CallError::new(ErrorKind::InvalidArguments, message)
            .hint("write it as in `2 * (3 + 4)`, `sqrt(2)`, `15% of 80` or `10 km to miles`"),
        CalculationError::Unknown { hint, .. } => {
            CallError::new(ErrorKind::InvalidArguments, message).hint(hint)
        }
        CalculationError::Undefined(_) => CallError::new(ErrorKind::Failed, message),
        CalculationError::TooLarge(_) => CallError::new(ErrorKind::TooLarge, message)
            .hint("calculate a smaller part of it, or with rounded numbers"),
    }
}
