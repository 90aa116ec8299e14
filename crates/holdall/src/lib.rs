//! A framework for Model Context Protocol (MCP) servers: ordinary functions become tools, resources and prompts.
//!
//! ```no_run
//! use holdall::prelude::*;
//!
//! /// Greet a person by name.
//! #[tool]
//! fn say_hello(
//!     /// Who to greet.
//!     name: String,
//! ) -> String {
//!     format!("Hello, {name}! This is your first MCP tool.")
//! }
//!
//! #[tokio::main]
//! async fn main() -> holdall::Result<()> {
//!     Server::new("my-first-server").add(tools![say_hello]).run().await
//! }
//! ```
//!
//! The function stays an ordinary function. Its signature is the contract: parameters become the input schema,
//! doc comments become descriptions, the return type becomes the reply. Around it stands the [pipeline](Server):
//! all arguments are checked before it runs, a panic or a timeout ends that call and nothing else, and errors
//! are written for the model that made the call.
//!
//! | to | use |
//! | --- | --- |
//! | let a model do something | [`#[tool]`](tool) |
//! | let a host read something | [`#[resource]`](resource) |
//! | let a person ask for something by name | [`#[prompt]`](prompt) |
//! | bundle them around a value | [`#[toolset]`](toolset) |
//! | report progress, learn about the caller | [`Context`] |
//! | ask the user, have something confirmed | [`Context::elicit`], [`Context::confirm`] |
//! | share a value between functions | [`State`] |
//! | change what is offered while it is served, tell clients of news | [`ServerHandle`] |
//! | let a call take longer than anybody waits | [`Tool::task`], [`TaskOptions`] |
//! | say what went wrong | [`CallError`] |
//! | keep a credential out of logs | [`Secret`] |
//! | know of every call: count, audit, trace | [`observe`] |

mod about;
mod argument;
mod blocking;
mod budget;
mod cache;
mod call;
mod completion;
mod context;
mod contract;
mod error;
mod icon;
mod interaction;
pub mod live;
pub mod observe;
mod pipeline;
mod principal;
mod prompt;
pub mod protocol;
mod provider;
mod reply;
mod resource;
mod schema;
pub mod schema_lock;
mod secret;
mod server;
mod service;
#[cfg(feature = "settings")]
pub mod settings;
mod state;
pub mod stdio;
mod tasks;
mod tool;
mod toolset;
mod turn;
pub mod wire;

pub use argument::{Argument, ArgumentType};
pub use budget::{ToolBudget, ToolCost};
pub use cache::Cache;
pub use call::Call;
pub use completion::{Completer, IntoSuggestions};
pub use context::Context;
pub use error::{CallError, CallResult, Error, ErrorKind, Problem, Result};
pub use holdall_macros::{prompt, resource, tool, toolset};
pub use icon::Icon;
pub use interaction::{Answer, Confirm, Elicit, LogLevel, Root, Roots, Sample, Sampled};
pub use live::{Change, ServerHandle};
pub use principal::Principal;
pub use prompt::Prompt;
pub use provider::Kind;
pub use reply::{
    Audio, Content, Conversation, Embedded, Image, IntoCallError, IntoContent, IntoPromptResult,
    IntoResourceBody, IntoToolResult, Json, JsonWithText, Link, ResourceBody, ResultType, assistant, user,
};
pub use resource::{Entry, Page, Resource};
pub use secret::Secret;
pub use server::Server;
pub use service::Service;
pub use state::State;
#[cfg(feature = "sqlite-tasks")]
pub use tasks::SqliteTaskStore;
pub use tasks::{
    MemoryTaskStore, StoreFuture, TaskEnd, TaskOptions, TaskOutcome, TaskRecord, TaskStore, TaskStoreError,
    TaskSupport, TaskUsage,
};
pub use tool::Tool;
pub use toolset::{Components, PromptFunction, ResourceFunction, ToolFunction, Toolset};
pub use turn::Turn;

/// The JSON Schema library whose `JsonSchema` argument and result types derive.
pub use schemars;

/// Everything a server usually needs: `use holdall::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Answer, Argument, Audio, Call, CallError, CallResult, Completer, Content, Context, Conversation,
        Embedded, ErrorKind, Image, Json, JsonWithText, Link, LogLevel, Principal, Prompt, Resource, Server,
        ServerHandle, State, TaskSupport, Tool, Toolset, assistant, prompt, prompts, resource, resources,
        tool, tools, toolset, user,
    };
    // With the module in scope the derive macro finds its crate without a dependency of the user's own.
    pub use schemars::{self, JsonSchema};
}

/// The Rust of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
