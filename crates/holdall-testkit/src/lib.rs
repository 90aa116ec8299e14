//! Test MCP servers in three lines: connect, call, assert.
//!
//! ```
//! use holdall::prelude::*;
//! use holdall_testkit::Client;
//! use serde_json::json;
//!
//! /// Add two numbers.
//! #[tool]
//! fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let client = Client::connect(Server::new("adder").add(tools![add])).await;
//! let reply = client.call("add", json!({"a": 1, "b": 2})).await;
//! assert_eq!(reply.text(), "3");
//! # }
//! ```
//!
//! The client is the official SDK's. Answers are kept as they came over the wire, so that a test sees what the server
//! said and not what an SDK has made of it. What does not fit panics with what was asked, where in the test, what
//! came, the last messages, and what the server printed.
//!
//! # Connect
//!
//! | to | use |
//! | --- | --- |
//! | a server in this process | [`Client::connect`] |
//! | a program that speaks over standard input and output | [`Client::spawn`] |
//! | whatever reads and writes lines | [`Client::over`] |
//! | a server in this process, over HTTP (feature `http`) | `Client::http` |
//! | a server that listens already, over Streamable HTTP, HTTP+SSE or WebSocket (feature `http`) | `Client::at`, with [`Process`] or `Served` to start it |
//! | a server no client would speak to like that | [`Wire`], `HttpRequest` |
//!
//! What the client speaks and can do is said before it is awaited: [`protocol`](Connect::protocol),
//! [`capabilities`](Connect::capabilities), [`principal`](Connect::principal).
//!
//! # Ask
//!
//! [`Client::call`], [`read`](Client::read), [`prompt`](Client::prompt), [`complete_prompt`](Client::complete_prompt),
//! [`list_tools`](Client::list_tools) and its relatives, and [`request`](Client::request) for everything else. A
//! request can be sent without waiting ([`Ask::start`]), and be cancelled ([`Asked::cancel`]); that shows what a client
//! does, not that the server has stopped.
//!
//! Errors are part of what is tested. A tool's answer is read as what the test expects:
//!
//! ```
//! # use holdall::prelude::*;
//! # use holdall_testkit::Client;
//! # use serde_json::json;
//! /// Find a note.
//! #[tool]
//! fn find_note(#[arg(length = 1..=100)] path: String) -> CallResult<String> {
//!     Err(CallError::not_found(format!("there is no note `{path}`")).hint("list_notes shows what there is"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let client = Client::connect(Server::new("notes").add(tools![find_note])).await;
//! let missing = client.call("find_note", json!({"path": "x.md"})).await.expect_error("not_found");
//! assert_eq!(missing.hint.as_deref(), Some("list_notes shows what there is"));
//!
//! let wrong = client.call("find_note", json!({"pth": "x.md"})).await.expect_error("invalid_arguments");
//! assert_eq!(wrong.problem("/pth").did_you_mean.as_deref(), Some("path"));
//! # }
//! ```
//!
//! # Be asked
//!
//! A server may ask back: a person for input, a model for text, the host for its roots. Prepared answers are given in
//! order, over both ways the protocol has had for it, and the test can see what was asked:
//!
//! ```
//! use holdall_testkit::{Answer, Client};
//! # use holdall::Server;
//! # use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let server = Server::new("test");
//! let client = Client::connect(server)
//!     .answer(Answer::accept(json!({"confirm": true})))
//!     .on_sampling(|question| Answer::says(format!("You said: {}", question.text())))
//!     .roots(["file:///home/ada"])
//!     .await;
//! // … calls …
//! assert!(client.questions().is_empty());
//! # }
//! ```
//!
//! # Listen
//!
//! Everything the server says unasked is collected: [`Client::notifications`], [`progress`](Client::progress) of all
//! requests or [of one](ToolReply::progress), [`logs`](Client::logs).
//! [`next_notification`](Client::next_notification) waits; [`subscribe`](Client::subscribe) asks for changes of a
//! resource in the way of the protocol that is spoken.
//!
//! # Compare
//!
//! [`snapshot`] and [`redacted`] replace what differs from run to run, such as ports and times; [`filters`] are the
//! same for `insta`. [`check_schema_lock`] compares everything a server promises with a file, and tells what breaks those
//! who use it.

#[cfg(feature = "http")]
mod bridge;
mod client;
#[cfg(any(doctest, test))]
mod guide;
mod host;
#[cfg(feature = "http")]
mod http;
mod journal;
mod link;
mod lock;
mod notification;
mod pipe;
mod process;
mod reply;
mod server;
mod snapshot;
mod wire;

pub use client::{Ask, Asked, Client, Connect, ConnectError, Ended, Listening};
pub use host::{Answer, Question};
#[cfg(feature = "http")]
pub use http::{HttpReply, HttpRequest, Served, exchange};
pub use lock::check_schema_lock;
pub use notification::{Log, Notification, Progress};
pub use process::Process;
pub use reply::{ArgumentProblem, CompletionReply, Failure, PromptReply, Reply, ResourceReply, ToolReply};
pub use server::IntoService;
#[cfg(feature = "insta")]
pub use snapshot::snapshot_settings;
pub use snapshot::{filters, redacted, snapshot};
pub use wire::Wire;
