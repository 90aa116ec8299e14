//! A client that speaks the protocol itself, message by message, in either era.

use std::time::Duration;

use holdall::protocol::ServiceExt;
use holdall::{Principal, Server, ServerHandle, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

/// Longer than anything takes: a test whose message never comes fails instead of waiting forever.
const PATIENCE: Duration = Duration::from_secs(30);

/// One end of a connection to a server.
pub(crate) struct Raw {
    input: BufReader<ReadHalf<DuplexStream>>,
    output: WriteHalf<DuplexStream>,
    last_id: u64,
}

/// A server whose every caller is `principal`.
pub(crate) fn service_for(server: Server, principal: Principal) -> Service {
    let service = server.build().expect("the server is put together rightly");
    service.identified_by(move |_| principal.clone())
}

/// A server whose callers may do everything, and its handle.
pub(crate) fn service(server: Server) -> (Service, ServerHandle) {
    let service = service_for(server, Principal::local());
    let handle = service.handle();
    (service, handle)
}

impl Raw {
    /// Connects without a word.
    pub(crate) fn connect(service: &Service) -> Self {
        Self::connect_with_buffer(service, 64 * 1024)
    }

    /// Connects; the server can be ahead of this end by so many bytes.
    pub(crate) fn connect_with_buffer(service: &Service, bytes: usize) -> Self {
        let (near, far) = tokio::io::duplex(bytes);
        let service = service.clone();
        tokio::spawn(async move {
            // A client that leaves before it has said anything is no failure of a test.
            if let Ok(running) = service.serve(far).await {
                running.waiting().await.expect("the server ends with its client");
            }
        });
        let (input, output) = tokio::io::split(near);
        Self {
            input: BufReader::new(input),
            output,
            last_id: 0,
        }
    }

    /// Connects and opens a session of an older protocol version: what the server said of itself comes with it.
    pub(crate) async fn session(service: &Service, version: &str) -> (Self, Value) {
        let mut raw = Self::connect(service);
        let client = json!({"name": "test", "version": "0"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        let result = raw.ask("initialize", params).await;
        assert_eq!(result["result"]["protocolVersion"], version, "{result}");
        raw.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        (raw, result["result"].clone())
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.output
            .write_all(line.as_bytes())
            .await
            .expect("the server reads");
    }

    /// Sends a request and returns its id.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    /// Sends a request, skips what comes before its answer, and returns the answer.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        loop {
            let message = self.next().await;
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Sends a request of protocol version 2026-07-28 and returns the answer.
    pub(crate) async fn ask_modern(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, modern(params)).await
    }

    /// Opens a stream, and returns its id with its acknowledgment.
    pub(crate) async fn listen(&mut self, notifications: Value) -> (u64, Value) {
        let params = modern(json!({"notifications": notifications}));
        let id = self.request("subscriptions/listen", params).await;
        let acknowledged = self.next().await;
        assert_eq!(
            acknowledged["method"], "notifications/subscriptions/acknowledged",
            "{acknowledged}"
        );
        assert_eq!(subscription(&acknowledged), id, "{acknowledged}");
        (id, acknowledged["params"]["notifications"].clone())
    }

    /// Gives up a request.
    pub(crate) async fn cancel(&mut self, id: u64) {
        let params = json!({"requestId": id});
        self.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
            .await;
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.input.read_line(&mut line)).await;
        let bytes = read.expect("a message comes").expect("the connection is whole");
        assert_ne!(bytes, 0, "the server closed the connection");
        serde_json::from_str(&line).expect("a message is JSON")
    }

    /// The next message, which is a notification: its method, and the URI in it.
    pub(crate) async fn news(&mut self) -> String {
        let message = self.next().await;
        let method = message["method"].as_str().expect("a notification").to_owned();
        match message["params"]["uri"].as_str() {
            Some(uri) => format!("{method} {uri}"),
            None => method,
        }
    }
}

/// The id of the stream a notification belongs to.
pub(crate) fn subscription(notification: &Value) -> Value {
    notification["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone()
}

/// Adds what every request of protocol version 2026-07-28 carries.
pub(crate) fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}

/// The values of a field of each entry of a list.
pub(crate) fn column(list: &Value, field: &str) -> Vec<String> {
    let entries = list.as_array().expect("a list");
    entries
        .iter()
        .map(|entry| entry[field].as_str().expect("a text").to_owned())
        .collect()
}

/// Resolves once `condition` holds, which other tasks bring about.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, met)
        .await
        .expect("it comes to pass");
}
