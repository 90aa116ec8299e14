//! [`Wire`]: a connection without a client, for messages no client would send.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::journal::{Journal, SHOWN_CHARS, shortened};
use crate::pipe::Pipe;
use crate::process::{PATIENCE, Process};
use crate::server::{InProcess, IntoService};

/// A bare connection to a server: lines out, lines in, and nothing said that the test does not say.
///
/// ```
/// use holdall::prelude::*;
/// use holdall_testkit::Wire;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let server = Server::new("test");
/// let mut wire = Wire::connect(server);
/// wire.send("{\"jsonrpc\": \"2.0\", ").await;
/// let reply = wire.next().await;
/// assert_eq!(reply["error"]["code"], -32700);
/// # }
/// ```
pub struct Wire {
    pipe: Pipe,
    far: Far,
    journal: Journal,
    /// Messages that came while another was waited for.
    passed: VecDeque<Value>,
    patience: Duration,
}

enum Far {
    InProcess(InProcess),
    Process(Box<Process>),
    #[cfg(feature = "http")]
    Elsewhere,
}

impl Wire {
    /// Connects to a server in this process: the same code as over standard input and output.
    ///
    /// # Panics
    /// If the server cannot be built.
    #[track_caller]
    pub fn connect(server: impl IntoService) -> Self {
        let service = match server.into_service() {
            Ok(service) => service,
            Err(error) => panic!("{error}"),
        };
        let (server, pipe) = InProcess::serve(service);
        Self::new(pipe, Far::InProcess(server))
    }

    /// Starts a program that speaks over standard input and output. It is killed when this is dropped.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn spawn(command: impl Into<tokio::process::Command>) -> Self {
        match Process::speaking(command.into()) {
            Ok((process, input, output)) => {
                Self::new(Pipe::new(output, input), Far::Process(Box::new(process)))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects to a server that listens: over Streamable HTTP (`http://127.0.0.1:8000/mcp`), WebSocket
    /// (`ws://127.0.0.1:8000/ws`), or HTTP+SSE, told by the end of the path (`http://127.0.0.1:8000/sse`). Every line
    /// is a message of its own; an answer to the request that carried it counts as one of the server's lines if it is
    /// JSON. The headers that Streamable HTTP wants are added.
    ///
    /// # Panics
    /// If no connection comes about.
    #[cfg(feature = "http")]
    pub async fn at(url: impl AsRef<str>) -> Self {
        match crate::bridge::connect(url.as_ref(), &[]).await {
            Ok(pipe) => Self::new(pipe, Far::Elsewhere),
            Err(error) => panic!("no connection to {}: {error}", url.as_ref()),
        }
    }

    fn new(pipe: Pipe, far: Far) -> Self {
        Self {
            pipe,
            far,
            journal: Journal::default(),
            passed: VecDeque::new(),
            patience: PATIENCE,
        }
    }

    /// How long every message is waited for. Default: 30 seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sends a line; the newline is added.
    ///
    /// # Panics
    /// If the server does not read any more.
    pub async fn send(&self, line: impl AsRef<[u8]>) {
        self.send_bytes([line.as_ref(), b"\n"].concat()).await;
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// If the server does not read any more.
    pub async fn send_bytes(&self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_CHARS)]);
        self.journal.sent_bytes(&beginning, bytes.len());
        if let Err(error) = self.pipe.writer.write(bytes).await {
            panic!("the server does not read any more: {error}\n{self}");
        }
    }

    /// Sends a message.
    ///
    /// # Panics
    /// If the server does not read any more.
    pub async fn send_json(&self, message: Value) {
        self.send(message.to_string()).await;
    }

    /// Sends a request. `params` is a JSON object, or `null` for none.
    ///
    /// # Panics
    /// If the server does not read any more.
    pub async fn request(&self, id: impl Into<Value>, method: &str, params: Value) {
        let mut message = json!({ "jsonrpc": "2.0", "id": id.into(), "method": method });
        if !params.is_null() {
            message["params"] = params;
        }
        self.send_json(message).await;
    }

    /// Opens the connection with a handshake, as clients of versions before `2026-07-28` do. The id of the request is
    /// `"initialize"`.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn initialize(&mut self, version: &str) -> Value {
        let client = json!({ "name": "holdall-testkit", "version": env!("CARGO_PKG_VERSION") });
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        self.request("initialize", "initialize", params).await;
        let reply = self.reply_to("initialize").await;
        assert!(
            reply.get("result").is_some(),
            "the server refused: {reply}\n{self}"
        );
        self.send_json(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .await;
        reply
    }

    /// The next message, of any kind; a batch counts as one.
    ///
    /// # Panics
    /// If none comes in time, the server closes the connection, or writes something that is no JSON.
    pub async fn next(&mut self) -> Value {
        match self.passed.pop_front() {
            Some(message) => message,
            None => self.receive().await,
        }
    }

    /// A message that has come already, without waiting for one.
    ///
    /// # Panics
    /// If the server has written something that is no JSON.
    pub fn already_there(&mut self) -> Option<Value> {
        if let Some(message) = self.passed.pop_front() {
            return Some(message);
        }
        let line = self.pipe.lines.try_recv().ok()?;
        Some(self.read(&line))
    }

    /// The reply to the request with this id. Other messages that come first are kept for [`next`](Self::next).
    ///
    /// # Panics
    /// As [`next`](Self::next).
    pub async fn reply_to(&mut self, id: impl Into<Value>) -> Value {
        let id = id.into();
        let answers = |message: &Value| message.get("id") == Some(&id) && message.get("method").is_none();
        if let Some(index) = self.passed.iter().position(answers) {
            return self.passed.remove(index).expect("it was found there");
        }
        loop {
            let message = self.receive().await;
            if answers(&message) {
                return message;
            }
            self.passed.push_back(message);
        }
    }

    /// Closes the input of the server, as a host does when it ends.
    pub async fn close_input(&self) {
        // A server that has ended has closed it itself.
        let _ = self.pipe.writer.close().await;
    }

    /// Everything that still comes until the server closes the connection.
    ///
    /// # Panics
    /// If it does not close it in time, or writes something that is no JSON.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut rest: Vec<Value> = self.passed.drain(..).collect();
        while let Some(message) = self.try_receive().await {
            rest.push(message);
        }
        rest
    }

    /// Closes the output of the server, as happens when a host is gone, while its input stays open.
    pub fn stop_reading(&self) {
        self.pipe.stop_reading();
    }

    /// The process of a server that has one of its own.
    ///
    /// # Panics
    /// If it has none.
    #[track_caller]
    pub fn process(&mut self) -> &mut Process {
        match &mut self.far {
            Far::Process(process) => process,
            _ => panic!("the server has no process of its own: use `Wire::spawn`"),
        }
    }

    /// How an in-process server ended; `None` while it runs, and for one that has a process of its own.
    pub async fn ended(&mut self) -> Option<Result<(), String>> {
        match &mut self.far {
            Far::Process(_) => None,
            #[cfg(feature = "http")]
            Far::Elsewhere => None,
            Far::InProcess(server) => match timeout(self.patience, &mut server.serving).await {
                Ok(Ok(ended)) => Some(ended),
                Ok(Err(error)) => Some(Err(error.to_string())),
                Err(_) => None,
            },
        }
    }

    async fn receive(&mut self) -> Value {
        match self.try_receive().await {
            Some(message) => message,
            None => panic!("the server closed the connection\n{self}"),
        }
    }

    async fn try_receive(&mut self) -> Option<Value> {
        let line = match timeout(self.patience, self.pipe.lines.recv()).await {
            Ok(line) => line?,
            Err(_) => panic!("nothing came within {:?}\n{self}", self.patience),
        };
        Some(self.read(&line))
    }

    fn read(&self, line: &[u8]) -> Value {
        match serde_json::from_slice(line) {
            Ok(message) => {
                self.journal.received(&message);
                message
            }
            Err(error) => panic!(
                "the server wrote a line that is no JSON: {}\n  {error}\n{self}",
                shortened(&String::from_utf8_lossy(line), SHOWN_CHARS)
            ),
        }
    }
}

/// What a person wants to see beside a failure.
impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  the last messages:\n{}", self.journal.tail())?;
        match &self.far {
            Far::Process(process) => write!(f, "{}", process.output()),
            _ => Ok(()),
        }
    }
}
