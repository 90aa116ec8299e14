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
        expected: format!("does not fit: {error}"),
        received: None,
        did_you_mean: None,
    };
    CallError::problems("", vec![problem])
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
