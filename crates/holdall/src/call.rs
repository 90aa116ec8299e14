//! One call on its way into a function: [`Call`], and the [`Handler`] that receives it.
//!
//! Tools, resources and prompts have the same kind of handler; they differ in what it returns.

use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::Context;
use crate::error::{CallError, CallResult, Problem};
use crate::protocol::JsonObject;
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
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> CallResult<T> {
        let value = self.arguments.remove(name).unwrap_or(Value::Null);
        // The schema has been checked; what fails here is a rule that only the type itself knows.
        serde_json::from_value(value).map_err(|error| {
            let expected = format!("does not fit: {error}");
            let problem = Problem {
                path: format!("/{name}"),
                expected,
                received: None,
                did_you_mean: None,
            };
            CallError::problems("this call", vec![problem])
        })
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

impl<T> Clone for Handler<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Async(function) => Self::Async(Arc::clone(function)),
            Self::Blocking(function) => Self::Blocking(Arc::clone(function)),
        }
    }
}
