//! [`Client`]: a connection to a server, and everything that can be asked over it.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `connect` | to which server, speaking which protocol, able to do what? |
//! | `ask` | how does a request become an answer? |
//! | `listing` | what does the server offer? |
//! | `events` | what does the server say unasked? |

mod ask;
mod connect;
mod events;
mod listing;

use std::panic::Location;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use holdall::protocol::model::ServerPeerInfo;
use holdall::protocol::{ProtocolVersion, RunningService};
use rmcp::RoleClient;
use serde_json::{Value, json};
use tokio::time::timeout;

pub use self::ask::{Ask, Asked};
pub use self::connect::{Connect, ConnectError};
pub use self::events::Listening;
use crate::host::{Answer, Host, Question};
use crate::journal::{Journal, shortened};
use crate::pipe::Writer;
use crate::process::{Printed, Process};
use crate::reply::{CompletionReply, PromptReply, Reply, ResourceReply, ToolReply};
use crate::server::InProcess;

/// Characters of a request's parameters that a failure shows.
const SHOWN_CHARS: usize = 300;

/// A connection to a server under test.
///
/// ```
/// use holdall::prelude::*;
/// use holdall_testkit::Client;
/// use serde_json::json;
///
/// /// Greet a person by name.
/// #[tool]
/// fn say_hello(name: String) -> String {
///     format!("Hello, {name}!")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let client = Client::connect(Server::new("test").add(tools![say_hello])).await;
/// let reply = client.call("say_hello", json!({"name": "Ada"})).await;
/// assert_eq!(reply.text(), "Hello, Ada!");
/// # }
/// ```
///
/// When it is dropped the connection is closed, and a server that was started for it ends. [`close`](Self::close)
/// does the same and waits for it.
pub struct Client {
    running: RunningService<RoleClient, Host>,
    shared: Arc<Shared>,
    far: Far,
    writer: Option<Writer>,
    patience: Duration,
    /// What every request carries, beside what the protocol demands.
    meta: holdall::protocol::JsonObject,
}

/// What answers need to know about the connection they came over.
pub(crate) struct Shared {
    pub(crate) journal: Arc<Journal>,
    printed: Option<Arc<Printed>>,
}

impl Shared {
    /// What a person wants to see beside a failure.
    pub(crate) fn circumstances(&self) -> String {
        let printed = self.printed.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("  the last messages:\n{}{printed}", self.journal.tail())
    }
}

/// Who is at the other end.
enum Far {
    InProcess(InProcess),
    Process(Box<Process>),
    #[cfg(feature = "http")]
    Served(crate::Served),
    Elsewhere,
}

/// How a server ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// How the process ended; `None` for a server without one of its own.
    pub status: Option<ExitStatus>,
    /// What the process printed to standard error.
    pub printed: String,
}

impl Client {
    /// Calls a tool. `arguments` is a JSON object, or `null` for none.
    #[track_caller]
    pub fn call(&self, tool: &str, arguments: Value) -> Ask<'_, ToolReply> {
        let mut params = json!({ "name": tool });
        if !arguments.is_null() {
            params["arguments"] = arguments;
        }
        self.ask("tools/call", params)
    }

    /// Reads a resource.
    #[track_caller]
    pub fn read(&self, uri: &str) -> Ask<'_, ResourceReply> {
        self.ask("resources/read", json!({ "uri": uri }))
    }

    /// Gets a prompt. `arguments` is a JSON object of texts, or `null` for none.
    #[track_caller]
    pub fn prompt(&self, name: &str, arguments: Value) -> Ask<'_, PromptReply> {
        let mut params = json!({ "name": name });
        if !arguments.is_null() {
            params["arguments"] = arguments;
        }
        self.ask("prompts/get", params)
    }

    /// Asks what could be meant by what was typed for an argument of a prompt.
    #[track_caller]
    pub fn complete_prompt(&self, name: &str, argument: &str, typed: &str) -> Ask<'_, CompletionReply> {
        self.complete(json!({ "type": "ref/prompt", "name": name }), argument, typed)
    }

    /// Asks what could be meant by what was typed for a variable of a resource template.
    #[track_caller]
    pub fn complete_resource(&self, template: &str, variable: &str, typed: &str) -> Ask<'_, CompletionReply> {
        self.complete(
            json!({ "type": "ref/resource", "uri": template }),
            variable,
            typed,
        )
    }

    #[track_caller]
    fn complete(&self, reference: Value, name: &str, typed: &str) -> Ask<'_, CompletionReply> {
        let argument = json!({ "name": name, "value": typed });
        self.ask(
            "completion/complete",
            json!({ "ref": reference, "argument": argument }),
        )
    }

    /// Sends any request. `params` is a JSON object, or `null` for none.
    #[track_caller]
    pub fn request(&self, method: &str, params: Value) -> Ask<'_, Reply> {
        self.ask(method, params)
    }

    #[track_caller]
    fn ask<R>(&self, method: &str, params: Value) -> Ask<'_, R> {
        self.ask_at(method, params, Location::caller())
    }

    fn ask_at<R>(&self, method: &str, params: Value, at: &Location<'_>) -> Ask<'_, R> {
        let shown = shortened(&params.to_string(), SHOWN_CHARS);
        let asked = format!("`{method}` with {shown}\n  asked at {}:{}", at.file(), at.line());
        Ask::new(self, method, params, asked)
    }

    /// The protocol version both sides agreed on.
    pub fn protocol(&self) -> ProtocolVersion {
        self.server().protocol_version
    }

    /// How the server introduced itself.
    pub fn server(&self) -> ServerPeerInfo {
        let info = self.running.peer_info().expect("a connection knows its server");
        (*info).clone()
    }

    /// Prepares an answer to something the server will ask; the first answer goes to the first question.
    pub fn answer(&self, answer: Answer) {
        self.running.service().given.push(answer);
    }

    /// What the server has asked so far.
    pub fn questions(&self) -> Vec<Question> {
        self.running.service().given.asked()
    }

    /// Sends bytes as they are, on the connection of this client; a newline is up to you. What comes back and belongs
    /// to no request of the client is found in the messages a failure shows; use a [`Wire`](crate::Wire) to read it.
    ///
    /// # Panics
    /// If the server has closed its input, or is spoken to over HTTP.
    pub async fn send_bytes(&self, bytes: impl AsRef<[u8]>) {
        let writer = self
            .writer
            .as_ref()
            .expect("lines are sent over standard input, not over HTTP");
        if let Err(error) = writer.write(bytes.as_ref()).await {
            panic!(
                "the bytes could not be sent: {error}\n{}",
                self.shared.circumstances()
            );
        }
    }

    /// The process of a server started with [`Client::spawn`].
    ///
    /// # Panics
    /// If the server has none of its own.
    #[track_caller]
    pub fn process(&mut self) -> &mut Process {
        match &mut self.far {
            Far::Process(process) => process,
            _ => panic!("the server has no process of its own: use `Client::spawn`"),
        }
    }

    /// What the process has printed to standard error so far; empty for a server without one of its own.
    pub fn printed(&self) -> String {
        match &self.far {
            Far::Process(process) => process.printed(),
            _ => String::new(),
        }
    }

    /// Closes the connection as a host does when it ends, and waits until the server has ended as well.
    ///
    /// # Panics
    /// If an in-process server ends with an error, or if a process does not end in time.
    pub async fn close(self) -> Ended {
        let Self {
            running,
            shared,
            far,
            patience,
            ..
        } = self;
        // The task ends either way; how is of no interest.
        let _ = running.cancel().await;
        let mut ended = Ended {
            status: None,
            printed: String::new(),
        };
        match far {
            Far::InProcess(InProcess { serving }) => match timeout(patience, serving).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => panic!(
                    "the server ended with an error: {error}\n{}",
                    shared.circumstances()
                ),
                Ok(Err(error)) => panic!("the server panicked: {error}\n{}", shared.circumstances()),
                Err(_) => panic!(
                    "the server did not end within {patience:?}\n{}",
                    shared.circumstances()
                ),
            },
            Far::Process(mut process) => {
                ended.status = Some(process.wait().await);
                ended.printed = process.printed();
            }
            #[cfg(feature = "http")]
            Far::Served(served) => served.stop().await,
            Far::Elsewhere => {}
        }
        ended
    }
}
