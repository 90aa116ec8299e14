//! One call on its way into a function: [`Call`], and the [`Handler`] that receives it.
//!
//! Tools, resources and prompts have the same kind of handler; they differ in what it returns.

use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::argument::ArgumentType;
use crate::context::Context;
use crate::error::{CallError, CallResult, Problem};
use crate::protocol::JsonObject;
use crate::schema::walk::escaped;
use crate::state::State;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A call with its checked arguments: defaults filled in, unknown names refused.
pub struct Call {
    arguments: JsonObject,
    context: Context,
}

impl Call {
    pub(crate) fn new(arguments: JsonObject, context: Context) -> Self {
        Self { arguments, context }
    }

    /// Takes an argument out of the call. An argument that was left out is `None` for an `Option` and an error
    /// for everything else.
    ///
    /// # Errors
    /// If the value breaks a rule that only the type itself knows; the schema has been checked.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> CallResult<T> {
        let value = self.arguments.remove(name).unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| misfit(format!("/{}", escaped(name)), &error))
    }

    /// Takes a required argument, as [`Argument::of`](crate::Argument::of) the same type describes it.
    ///
    /// # Errors
    /// As [`Call::take`].
    pub fn argument<T: ArgumentType>(&mut self, name: &str) -> CallResult<T> {
        self.take(name)
    }

    /// Takes an optional argument, as [`Argument::of`](crate::Argument::of) the same type describes it.
    ///
    /// # Errors
    /// As [`Call::take`].
    pub fn optional_argument<T: ArgumentType>(&mut self, name: &str) -> CallResult<Option<T>> {
        self.take(name)
    }

    /// Takes all arguments that are left, as the fields of one struct.
    ///
    /// # Errors
    /// As [`Call::take`].
    pub fn take_all<T: ArgumentType>(&mut self) -> CallResult<T> {
        let rest = std::mem::take(&mut self.arguments);
        serde_json::from_value(Value::Object(rest)).map_err(|error| misfit(String::new(), &error))
    }

    /// One error with everything that is wrong with several arguments: for functions that take all of them before
    /// they give up.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// let paint = Tool::new("paint")
    ///     .argument(Argument::of::<char>("colour"))
    ///     .argument(Argument::of::<u8>("coats"))
    ///     .handler(async |mut call: Call| match (call.take::<char>("colour"), call.take::<u8>("coats")) {
    ///         (Ok(colour), Ok(coats)) => Ok(format!("{coats} coats of {colour}")),
    ///         (colour, coats) => Err(Call::refused([colour.err(), coats.err()])),
    ///     });
    /// # Server::new("painter").add(paint).build()?;
    /// # Ok::<(), holdall::Error>(())
    /// ```
    pub fn refused(errors: impl IntoIterator<Item = Option<CallError>>) -> CallError {
        let mut problems = Vec::new();
        for error in errors.into_iter().flatten() {
            if error.argument_problems().is_empty() {
                return error;
            }
            problems.extend_from_slice(error.argument_problems());
        }
        CallError::problems("", problems)
    }

    /// All arguments that have not been taken.
    pub fn arguments(&self) -> &JsonObject {
        &self.arguments
    }

    /// The context of the call.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// A state of the server.
    ///
    /// # Errors
    /// If the server has no state of that type, which [`crate::Server::build`] has ruled out for functions that
    /// declare it.
    pub fn state<T: Send + Sync + 'static>(&self) -> CallResult<State<T>> {
        self.context.states().get().ok_or_else(|| {
            CallError::internal(format!(
                "the server has no state of type {}",
                std::any::type_name::<T>()
            ))
        })
    }
}

fn misfit(path: String, error: &serde_json::Error) -> CallError {
    let problem = Problem {
        path,
        expected: format!("does not fit: {}", in_words(&error.to_string())),
        received: None,
        did_you_mean: None,
    };
    CallError::problems("", vec![problem])
}

/// The same message with numbers where it names one of Rust's whole numbers: "expected u8" means from 0 to 255.
fn in_words(message: &str) -> String {
    let ranges: [(&str, i128, i128); 10] = [
        ("i8", i8::MIN.into(), i8::MAX.into()),
        ("i16", i16::MIN.into(), i16::MAX.into()),
        ("i32", i32::MIN.into(), i32::MAX.into()),
        ("i64", i64::MIN.into(), i64::MAX.into()),
        ("isize", isize::MIN as i128, isize::MAX as i128),
        ("u8", 0, u8::MAX.into()),
        ("u16", 0, u16::MAX.into()),
        ("u32", 0, u32::MAX.into()),
        ("u64", 0, u64::MAX.into()),
        ("usize", 0, usize::MAX as i128),
    ];
    let named = message.rsplit_once("expected ");
    let range = named.and_then(|(_, kind)| ranges.iter().find(|(name, ..)| *name == kind));
    match (named, range) {
        (Some((before, _)), Some((_, least, most))) => {
            format!("{before}expected a whole number from {least} to {most}")
        }
        _ => message.to_owned(),
    }
}

/// A function that serves calls, asynchronous or blocking.
pub(crate) enum Handler<T> {
    /// Runs on the asynchronous workers.
    Async(Arc<dyn Fn(Call) -> BoxFuture<CallResult<T>> + Send + Sync>),
    /// Runs on threads of its own, so that it may block.
    Blocking(Arc<dyn Fn(Call) -> CallResult<T> + Send + Sync>),
}

impl<T> Handler<T> {
    pub(crate) fn from_async<F, R>(function: F) -> Self
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = CallResult<T>> + Send + 'static,
    {
        Self::Async(Arc::new(move |call| Box::pin(function(call))))
    }

    pub(crate) fn from_blocking<F>(function: F) -> Self
    where
        F: Fn(Call) -> CallResult<T> + Send + Sync + 'static,
    {
        Self::Blocking(Arc::new(function))
    }
}

impl<T: 'static> Handler<T> {
    /// The same function, its results passed through `check`.
    pub(crate) fn checked(self, check: impl Fn(T) -> CallResult<T> + Send + Sync + 'static) -> Self {
        match self {
            Self::Async(function) => {
                let check = Arc::new(check);
                Self::from_async(move |call| {
                    let (reply, check) = (function(call), Arc::clone(&check));
                    async move { check(reply.await?) }
                })
            }
            Self::Blocking(function) => Self::from_blocking(move |call| check(function(call)?)),
        }
    }
}

impl<T> Clone for Handler<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Async(function) => Self::Async(Arc::clone(function)),
            Self::Blocking(function) => Self::Blocking(Arc::clone(function)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_rust_are_told_as_ranges() {
        let wrong = serde_json::from_str::<u8>("300").expect_err("it is too large");
        let message = in_words(&wrong.to_string().replace(" at line 1 column 3", ""));
        assert_eq!(
            message,
            "invalid value: integer `300`, expected a whole number from 0 to 255"
        );
        let value = serde_json::json!(9_223_372_036_854_775_808_u64);
        let wrong = serde_json::from_value::<i64>(value).expect_err("it is too large");
        let message = in_words(&wrong.to_string());
        assert!(
            message.ends_with("from -9223372036854775808 to 9223372036854775807"),
            "{message}"
        );
        assert_eq!(in_words("expected a text"), "expected a text");
    }
}
