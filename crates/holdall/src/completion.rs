//! Completion: values suggested for an argument of a prompt or a variable of a resource template.

use crate::call::{Call, Handler};
use crate::error::CallResult;
use crate::reply::IntoCallError;

/// The most values one completion reply carries, as the protocol sets it.
pub(crate) const VALUES_MAX: usize = 100;

/// A function that suggests values for what has been typed so far, best first.
#[derive(Clone)]
pub struct Completer(pub(crate) Handler<Vec<String>>);

impl Completer {
    /// Suggests with a blocking function from the typed text.
    pub fn new<F, R, M>(function: F) -> Self
    where
        F: Fn(&str, &Call) -> R + Send + Sync + 'static,
        R: IntoSuggestions<M>,
    {
        Self(Handler::from_blocking(move |mut call| {
            let typed: String = call.take("value")?;
            function(&typed, &call).into_suggestions()
        }))
    }
}

/// What a completing function may return.
#[diagnostic::on_unimplemented(
    message = "a completing function cannot return `{Self}`",
    label = "no list of values",
    note = "return `Vec<String>`, `Vec<&'static str>`, or a `Result` of one of them, best first; the function is not `async`"
)]
pub trait IntoSuggestions<M = ()> {
    /// The values, best first.
    fn into_suggestions(self) -> CallResult<Vec<String>>;
}

impl IntoSuggestions for Vec<String> {
    fn into_suggestions(self) -> CallResult<Vec<String>> {
        Ok(self)
    }
}

impl IntoSuggestions for Vec<&'static str> {
    fn into_suggestions(self) -> CallResult<Vec<String>> {
        Ok(self.into_iter().map(str::to_owned).collect())
    }
}

impl<T: IntoSuggestions, E: IntoCallError<M>, M> IntoSuggestions<(M,)> for Result<T, E> {
    fn into_suggestions(self) -> CallResult<Vec<String>> {
        self.map_err(IntoCallError::into_call_error)?.into_suggestions()
    }
}
