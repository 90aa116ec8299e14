//! The errors of functions: what the model gets to read of them.
//!
//! | a function returns as its error | the model reads |
//! | --- | --- |
//! | [`CallError`] | kind, message, hint and problems, as its author wrote them |
//! | `String`, `&'static str` | the text, under the kind `failed`: whoever returns text wrote it for the reader |
//! | a type with `From<…> for CallError` | what that conversion says |
//! | any other error: `std::io::Error`, a `thiserror` enum, `anyhow::Error`, `Box<dyn Error + Send + Sync>` | the kind `internal` and nothing of the text, which may name paths, queries or secrets; the log has the whole chain |

use std::error::Error as StdError;
use std::ops::Deref;

use crate::error::{CallError, ErrorKind};

/// Marker: the error type converts into a [`CallError`].
#[doc(hidden)]
pub struct ByConversion;
/// Marker: the error is text written for the model.
#[doc(hidden)]
pub struct ByText;
/// Marker: the error is a box around any error, as `anyhow` has it.
#[doc(hidden)]
pub struct ByReport;

/// Turns the error of a returned `Result` into a [`CallError`].
///
/// A [`CallError`], and whatever converts into one, says what it says. A `String` or `&'static str` is text for the
/// model, of kind [`ErrorKind::Failed`]. Every other error, `anyhow::Error` and `Box<dyn Error + Send + Sync>`
/// included, is a fault of the server: its text goes to the log and never over the wire.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Count the lines of the log.
/// #[tool(read_only)]
/// fn count_lines() -> Result<usize, CallError> {
///     // What went wrong is not the caller's business, …
///     let text = std::fs::read_to_string("/var/log/app.log")?;
///     if text.is_empty() {
///         // … unless you say so.
///         return Err(CallError::not_found("the log is empty").hint("ask again after the first visit"));
///     }
///     Ok(text.lines().count())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool, resource or prompt",
    label = "not an error",
    note = "use `CallError`, a `String`, or a type that implements `std::error::Error + Send + Sync`, such as `anyhow::Error` or an enum with `thiserror`"
)]
pub trait IntoCallError<M> {
    /// The error for the caller.
    fn into_call_error(self) -> CallError;
}

impl<E: Into<CallError>> IntoCallError<ByConversion> for E {
    fn into_call_error(self) -> CallError {
        self.into()
    }
}

impl IntoCallError<ByText> for String {
    fn into_call_error(self) -> CallError {
        CallError::new(ErrorKind::Failed, self)
    }
}

impl IntoCallError<ByText> for &'static str {
    fn into_call_error(self) -> CallError {
        CallError::new(ErrorKind::Failed, self)
    }
}

impl<E> IntoCallError<ByReport> for E
where
    E: Deref<Target = dyn StdError + Send + Sync> + Into<Box<dyn StdError + Send + Sync>>,
{
    fn into_call_error(self) -> CallError {
        CallError::internal(self)
    }
}
