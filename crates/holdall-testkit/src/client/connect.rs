//! [`Connect`]: to which server, speaking which protocol, able to do what.

use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use holdall::protocol::model::{ClientCapabilities, Implementation};
use holdall::protocol::{JsonObject, ProtocolVersion, Transport};
use holdall::{Principal, Service};
use rmcp::RoleClient;
use rmcp::model::ClientConfig;
use rmcp::service::{ClientLifecycleMode, serve_client_with_lifecycle};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::{Client, Far, Shared};
use crate::host::{Answer, Given, Host, Question, Respond};
use crate::journal::Journal;
use crate::link::LineLink;
use crate::pipe::{Pipe, Writer};
use crate::process::{PATIENCE, Printed, Process};
use crate::server::{InProcess, IntoService};

/// A connection to be made. Await it for the [`Client`].
///
/// ```
/// # use holdall::prelude::*;
/// use holdall_testkit::{Answer, Client};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let server = Server::new("test");
/// let client = Client::connect(server)
///     .protocol("2025-11-25")
///     .answer(Answer::decline())
///     .await;
/// assert_eq!(client.protocol().as_str(), "2025-11-25");
/// # }
/// ```
#[must_use = "a connection is made when it is awaited"]
pub struct Connect {
    target: Target,
    at: &'static Location<'static>,
    protocol: ProtocolVersion,
    name: (String, String),
    capabilities: JsonObject,
    given: Given,
    patience: Duration,
    log_level: Option<String>,
    principal: Option<Principal>,
}

enum Target {
    Service(holdall::Result<Service>),
    Process(Box<tokio::process::Command>),
    Streams(Pipe),
    #[cfg(feature = "http")]
    Http(holdall::Result<Service>),
    #[cfg(feature = "http")]
    Url(String, Vec<(String, String)>),
}

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
#[error("{problem}\n{circumstances}")]
pub struct ConnectError {
    problem: String,
    circumstances: String,
}

impl Client {
    /// Connects to a server in this process: the same code as over standard input and output, without a process.
    /// Nothing but the tokio runtime is needed, so a test may pause its clock.
    #[track_caller]
    pub fn connect(server: impl IntoService) -> Connect {
        Connect::new(Target::Service(server.into_service()))
    }

    /// Starts a program and speaks with it over standard input and output. What it prints to standard error is
    /// captured and shown in failures. It is killed when the client is dropped.
    ///
    /// ```no_run
    /// # async fn example() {
    /// use holdall_testkit::Client;
    ///
    /// // In the tests of a crate that has a program, Cargo names its path: env!("CARGO_BIN_EXE_my-server").
    /// let client = Client::spawn(std::process::Command::new("my-server")).await;
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn(command: impl Into<tokio::process::Command>) -> Connect {
        Connect::new(Target::Process(Box::new(command.into())))
    }

    /// Speaks over any pair of streams, one message a line: `input` is what the server writes, `output` what it reads.
    #[track_caller]
    pub fn over(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Connect {
        Connect::new(Target::Streams(Pipe::new(input, output)))
    }

    /// Serves over HTTP on a free port of this machine, and connects.
    #[cfg(feature = "http")]
    #[track_caller]
    pub fn http(server: impl IntoService) -> Connect {
        Connect::new(Target::Http(server.into_service()))
    }

    /// Connects to a server that listens already: over Streamable HTTP (`http://127.0.0.1:8000/mcp`), WebSocket
    /// (`ws://127.0.0.1:8000/ws`), or HTTP+SSE, told by the end of the path (`http://127.0.0.1:8000/sse`).
    #[cfg(feature = "http")]
    #[track_caller]
    pub fn at(url: impl Into<String>) -> Connect {
        Connect::new(Target::Url(url.into(), Vec::new()))
    }
}

impl Connect {
    #[track_caller]
    fn new(target: Target) -> Self {
        Self {
            target,
            at: Location::caller(),
            protocol: ProtocolVersion::LATEST,
            name: ("holdall-testkit".into(), env!("CARGO_PKG_VERSION").into()),
            capabilities: JsonObject::new(),
            given: Given::default(),
            patience: PATIENCE,
            log_level: None,
            principal: None,
        }
    }

    /// The protocol version to speak. Default: the newest. Versions before `2026-07-28` open with a handshake.
    pub fn protocol(mut self, version: &str) -> Self {
        self.protocol = serde_json::from_value(version.into()).expect("any text is a protocol version");
        self
    }

    /// How the client introduces itself. Default: the name and version of this crate.
    pub fn client_info(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.name = (name.into(), version.into());
        self
    }

    /// What the client says it can do, beside what follows from the answers prepared: a JSON object such as
    /// `{"elicitation": {}, "extensions": {…}}`. Default: nothing.
    ///
    /// # Panics
    /// If it is not an object.
    #[track_caller]
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        let Value::Object(capabilities) = capabilities else {
            panic!("capabilities are a JSON object, not {capabilities}");
        };
        self.capabilities.extend(capabilities);
        self
    }

    /// Prepares an answer to something the server will ask, and says that the client can answer such questions. The
    /// first answer goes to the first question.
    pub fn answer(mut self, answer: Answer) -> Self {
        if let Some(capability) = answer.capability() {
            self = self.able(capability);
        }
        self.given.push(answer);
        self
    }

    /// Answers every elicitation, and says that the client can.
    pub fn on_elicitation(mut self, respond: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Self {
        self.given.on_elicitation = Some(Arc::new(respond) as Respond);
        self.able("elicitation")
    }

    /// Answers every sampling request, and says that the client can.
    pub fn on_sampling(mut self, respond: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Self {
        self.given.on_sampling = Some(Arc::new(respond) as Respond);
        self.able("sampling")
    }

    /// Names the client's roots when asked, and says that it can.
    pub fn roots(mut self, uris: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.given.roots = Some(uris.into_iter().map(Into::into).collect());
        self.able("roots")
    }

    fn able(mut self, capability: &str) -> Self {
        self.capabilities.entry(capability).or_insert_with(|| json!({}));
        self
    }

    /// Wants the server's log from this level on: `debug`, `info`, … Default: says nothing about it.
    pub fn log_level(mut self, level: &str) -> Self {
        self.log_level = Some(level.to_owned());
        self
    }

    /// Who calls, for a server in this process. Default: what the service thinks of calls from its own process.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// How long every answer is waited for. Default: 30 seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A header sent with every request to a server at a URL.
    ///
    /// # Panics
    /// If the server is not one at a URL.
    #[cfg(feature = "http")]
    #[track_caller]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let Target::Url(_, headers) = &mut self.target else {
            panic!(
                "headers are for `Client::at`; to try them in-process, serve with `Served` and connect to its URL"
            );
        };
        headers.push((name.into(), value.into()));
        self
    }

    /// Connects, or says why not.
    ///
    /// # Errors
    /// If the server cannot be built, started or reached, or does not open the connection as it should.
    pub async fn attempt(self) -> Result<Client, ConnectError> {
        let Self {
            target,
            protocol,
            name: (name, version),
            capabilities,
            given,
            patience,
            log_level,
            principal,
            ..
        } = self;
        let capabilities: ClientCapabilities = serde_json::from_value(Value::Object(capabilities))
            .map_err(|error| problem(format!("these are no capabilities of a client: {error}")))?;
        let journal = Arc::new(Journal::default());
        let opening = Opening {
            host: Host {
                info: ClientConfig::new(capabilities, Implementation::new(name, version))
                    .with_protocol_version(protocol.clone()),
                journal: Arc::clone(&journal),
                given: Arc::new(given),
            },
            lifecycle: match protocol.has_initialize() {
                true => ClientLifecycleMode::Initialize,
                false => ClientLifecycleMode::Discover {
                    preferred_versions: vec![protocol],
                },
            },
            patience,
            journal,
        };
        let client = match target {
            Target::Service(service) => {
                let service = service.map_err(problem)?;
                let service = match principal {
                    Some(principal) => service.identified_by(move |_| principal.clone()),
                    None => service,
                };
                let (server, pipe) = InProcess::serve(service);
                opening.over_lines(pipe, Far::InProcess(server), None).await?
            }
            Target::Process(command) => {
                let (process, input, output) = Process::speaking(*command).map_err(problem)?;
                let printed = process.output();
                let pipe = Pipe::new(output, input);
                opening
                    .over_lines(pipe, Far::Process(Box::new(process)), Some(printed))
                    .await?
            }
            Target::Streams(pipe) => opening.over_lines(pipe, Far::Elsewhere, None).await?,
            #[cfg(feature = "http")]
            Target::Http(service) => {
                let served = crate::Served::start(service.map_err(problem)?).await;
                let transport = crate::http::transport(&served.url(), &[]).map_err(problem)?;
                opening.over_http(transport, Far::Served(served)).await?
            }
            #[cfg(feature = "http")]
            Target::Url(url, headers) if url.starts_with("ws://") || crate::bridge::is_sse(&url) => {
                let pipe = crate::bridge::connect(&url, &headers).await.map_err(problem)?;
                opening.over_lines(pipe, Far::Elsewhere, None).await?
            }
            #[cfg(feature = "http")]
            Target::Url(url, headers) => {
                let transport = crate::http::transport(&url, &headers).map_err(problem)?;
                opening.over_http(transport, Far::Elsewhere).await?
            }
        };
        Ok(client.wanting_log(log_level).await)
    }
}

impl IntoFuture for Connect {
    type Output = Client;
    type IntoFuture = Pin<Box<dyn Future<Output = Client> + Send>>;

    /// Connects.
    ///
    /// # Panics
    /// If that fails.
    fn into_future(self) -> Self::IntoFuture {
        let at = self.at;
        Box::pin(async move {
            match self.attempt().await {
                Ok(client) => client,
                Err(error) => panic!("the connection asked for at {at} was not made: {error}"),
            }
        })
    }
}

/// Everything about a connection but the streams.
struct Opening {
    host: Host,
    lifecycle: ClientLifecycleMode,
    patience: Duration,
    journal: Arc<Journal>,
}

impl Opening {
    async fn over_lines(
        self,
        pipe: Pipe,
        far: Far,
        printed: Option<Arc<Printed>>,
    ) -> Result<Client, ConnectError> {
        let writer = pipe.writer.clone();
        let link = LineLink::new(pipe, Arc::clone(&self.journal));
        self.open(link, far, printed, Some(writer)).await
    }

    #[cfg(feature = "http")]
    async fn over_http(
        self,
        transport: impl Transport<RoleClient> + 'static,
        far: Far,
    ) -> Result<Client, ConnectError> {
        let link = crate::link::TypedLink::new(transport, Arc::clone(&self.journal));
        self.open(link, far, None, None).await
    }

    async fn open(
        self,
        link: impl Transport<RoleClient> + 'static,
        far: Far,
        printed: Option<Arc<Printed>>,
        writer: Option<Writer>,
    ) -> Result<Client, ConnectError> {
        let Self {
            host,
            lifecycle,
            patience,
            journal,
        } = self;
        let shared = Arc::new(Shared { journal, printed });
        let failed = |problem: String| ConnectError {
            problem,
            circumstances: shared.circumstances(),
        };
        let running = match timeout(patience, serve_client_with_lifecycle(host, link, lifecycle)).await {
            Ok(Ok(running)) => running,
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed(format!("the server did not open it within {patience:?}"))),
        };
        Ok(Client {
            running,
            shared,
            far,
            writer,
            patience,
            meta: JsonObject::new(),
        })
    }
}

impl Client {
    /// Older versions are told once what to log, newer ones with every request.
    async fn wanting_log(mut self, level: Option<String>) -> Self {
        match level {
            Some(level) if self.protocol().has_initialize() => {
                self.request("logging/setLevel", json!({ "level": level }))
                    .await
                    .result();
            }
            Some(level) => {
                self.meta
                    .insert("io.modelcontextprotocol/logLevel".into(), level.into());
            }
            None => {}
        }
        self
    }
}

/// What is wrong before there is a connection to tell more about.
fn problem(problem: impl fmt::Display) -> ConnectError {
    ConnectError {
        problem: problem.to_string(),
        circumstances: String::new(),
    }
}
