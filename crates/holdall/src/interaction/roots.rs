//! Finding out the folders a client works in: [`Context::roots`]. Deprecated by protocol 2026-07-28, and served for as
//! long as clients offer it.
#![expect(
    deprecated,
    reason = "the protocol's types for it are marked as the protocol is"
)]

use std::pin::Pin;
use std::task::{self, Poll};

use rmcp::model::{ClientCapabilities, InputRequest, ListRootsRequest, ListRootsResult, RootsCapabilities};

use super::question::{Question, missing, put};
use crate::call::BoxFuture;
use crate::context::Context;
use crate::error::CallResult;

/// A folder or file the client works in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Root {
    /// Its URI: `file:///…`. A wish of the client, not a permission: what may be read is for the server to decide.
    pub uri: String,
    /// The name people see.
    pub name: Option<String>,
}

impl Context {
    /// The folders the client works in.
    ///
    /// Protocol 2026-07-28 deprecates this: new servers take a path as an argument.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub fn roots(&self) -> Roots {
        Roots {
            context: self.clone(),
            key: self.asking().next_key("roots"),
            running: None,
        }
    }

    /// Whether the client tells the folders it works in: [`Context::roots`].
    pub fn can_list_roots(&self) -> bool {
        let capabilities = self.request().client_capabilities();
        self.can_ask() && capabilities.is_some_and(|capabilities| capabilities.roots.is_some())
    }
}

/// A question for the client's folders, asked when awaited. Made by [`Context::roots`].
#[must_use = "nothing is asked until this is awaited"]
pub struct Roots {
    context: Context,
    key: String,
    running: Option<BoxFuture<CallResult<Vec<Root>>>>,
}

impl Roots {
    /// The key of the question in `inputRequests`. Default: what it is and its place in the order of asking.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }
}

impl Future for Roots {
    type Output = CallResult<Vec<Root>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let running = this
            .running
            .get_or_insert_with(|| Box::pin(roots(this.context.clone(), this.key.clone())));
        running.as_mut().poll(cx)
    }
}

async fn roots(context: Context, key: String) -> CallResult<Vec<Root>> {
    if !context.can_list_roots() {
        let mut capability = ClientCapabilities::default();
        capability.roots = Some(RootsCapabilities::default());
        return Err(missing(capability, "tells the folders it works in"));
    }
    let request = InputRequest::ListRoots(ListRootsRequest::default());
    put(&context, Question::new(key, request)?, |answer| {
        let listed: ListRootsResult = serde_json::from_value(answer)
            .map_err(|error| format!("it is no result of `roots/list`: {error}"))?;
        let roots = listed.roots.into_iter();
        Ok(roots
            .map(|root| Root {
                uri: root.uri,
                name: root.name,
            })
            .collect())
    })
    .await
}
