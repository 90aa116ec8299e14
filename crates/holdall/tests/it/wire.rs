//! A client that speaks the protocol by hand, message by message: it sees what really crosses the wire.

use std::collections::VecDeque;
use std::time::Duration;

use holdall::protocol::ServiceExt;
use holdall::{Server, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};

/// A connected client; the server lives as long.
pub(crate) struct Wire {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    /// Sent with every request from 2026-07-28 on.
    meta: Option<Value>,
    id: u64,
    /// What came before the reply that was waited for: notifications, and requests of the server.
    pub(crate) others: VecDeque<Value>,
}

impl Wire {
    fn connect(service: Service) -> Self {
        let (near, far) = tokio::io::duplex(1024 * 1024);
        tokio::spawn(async move {
            let running = service.serve(far).await.expect("the client speaks the protocol");
            running.waiting().await.expect("the server ends with its client");
        });
        Self::of(near, None)
    }

    /// A client of protocol 2026-07-28 that speaks with Holdall's own transport.
    pub(crate) fn over_stdio(service: Service, capabilities: Value) -> Self {
        let (near, far) = tokio::io::duplex(1024 * 1024);
        let (input, output) = tokio::io::split(far);
        let transport = holdall::stdio::Stdio::of_async(input, output);
        tokio::spawn(async move {
            let running = service
                .serve(transport)
                .await
                .expect("the client speaks the protocol");
            running.waiting().await.expect("the server ends with its client");
        });
        Self::of(near, Some(modern_meta(capabilities)))
    }

    fn of(near: DuplexStream, meta: Option<Value>) -> Self {
        let (reader, writer) = tokio::io::split(near);
        Self {
            lines: BufReader::new(reader).lines(),
            writer,
            meta,
            id: 0,
            others: VecDeque::new(),
        }
    }

    /// A client of protocol 2026-07-28 with these capabilities.
    pub(crate) fn modern(server: Server, capabilities: Value) -> Self {
        Self::modern_to(server.build().expect("the server is right"), capabilities)
    }

    /// A client of protocol 2026-07-28 of a server that is built already.
    pub(crate) fn modern_to(service: Service, capabilities: Value) -> Self {
        let mut wire = Self::connect(service);
        wire.meta = Some(modern_meta(capabilities));
        wire
    }

    /// A client of an older protocol version, after its handshake.
    pub(crate) async fn legacy(server: Server, version: &str, capabilities: Value) -> Self {
        Self::legacy_to(
            server.build().expect("the server is right"),
            version,
            capabilities,
        )
        .await
    }

    /// A client of an older protocol version of a server that is built already.
    pub(crate) async fn legacy_to(service: Service, version: &str, capabilities: Value) -> Self {
        let mut wire = Self::connect(service);
        let hello = json!({
            "protocolVersion": version,
            "capabilities": capabilities,
            "clientInfo": {"name": "wire", "version": "0"},
        });
        let reply = wire.request("initialize", hello).await;
        assert_eq!(reply["result"]["protocolVersion"], version, "{reply}");
        wire.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        wire
    }

    /// Adds to the metadata of all requests to come.
    pub(crate) fn with_meta(mut self, name: &str, value: Value) -> Self {
        self.meta.as_mut().expect("a modern client")[name] = value;
        self
    }

    /// Sends a request and reads up to its reply.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        self.reply(id).await
    }

    /// Sends a request; its id.
    pub(crate) async fn start(&mut self, method: &str, mut params: Value) -> u64 {
        self.id += 1;
        if let Some(meta) = &self.meta {
            params["_meta"] = meta.clone();
        }
        let id = self.id;
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    /// Reads up to the reply to request `id`.
    pub(crate) async fn reply(&mut self, id: u64) -> Value {
        loop {
            let message = self.receive().await;
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.others.push_back(message);
        }
    }

    /// Reads up to the next request or notification of the server with this method.
    pub(crate) async fn expect(&mut self, method: &str) -> Value {
        loop {
            let message = match self.others.pop_front() {
                Some(message) => message,
                None => self.receive().await,
            };
            assert!(message.get("method").is_some(), "no {method}, but {message}");
            if message["method"] == method {
                return message;
            }
        }
    }

    /// Answers a request of the server.
    pub(crate) async fn answer(&mut self, request: &Value, result: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
            .await;
    }

    pub(crate) async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.writer
            .write_all(line.as_bytes())
            .await
            .expect("the server reads");
    }

    async fn receive(&mut self) -> Value {
        // Only a test that fails gets here.
        let line = tokio::time::timeout(Duration::from_secs(3600), self.lines.next_line());
        let line = line.await.expect("the server says something");
        let line = line
            .expect("the server writes text")
            .expect("the server is there");
        serde_json::from_str(&line).expect("the server writes JSON")
    }

    /// Calls a tool.
    pub(crate) async fn call(&mut self, name: &str, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": name, "arguments": arguments}))
            .await
    }

    /// Calls a tool without arguments again, with answers to what it asked.
    pub(crate) async fn again(&mut self, name: &str, asked: &Value, answers: Value) -> Value {
        let params = json!({
            "name": name,
            "arguments": {},
            "inputResponses": answers,
            "requestState": asked["result"]["requestState"],
        });
        self.request("tools/call", params).await
    }
}

/// The text of a reply that is a complete result.
pub(crate) fn text(reply: &Value) -> &str {
    let result = &reply["result"];
    assert!(
        result["resultType"].is_null() || result["resultType"] == "complete",
        "{reply}"
    );
    assert_ne!(result["isError"], true, "{reply}");
    result["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{reply}"))
}

/// The keys of a reply that asks.
pub(crate) fn asked(reply: &Value) -> Vec<&str> {
    assert_eq!(reply["result"]["resultType"], "input_required", "{reply}");
    assert!(reply["result"]["requestState"].is_string(), "{reply}");
    let requests = reply["result"]["inputRequests"].as_object();
    requests
        .unwrap_or_else(|| panic!("{reply}"))
        .keys()
        .map(String::as_str)
        .collect()
}

/// The error a failed tool tells: `_meta["holdall/error"]`.
pub(crate) fn refusal(reply: &Value) -> &Value {
    assert_eq!(reply["result"]["isError"], true, "{reply}");
    &reply["result"]["_meta"]["holdall/error"]
}

/// An accepted form.
pub(crate) fn accept(content: Value) -> Value {
    json!({"action": "accept", "content": content})
}

fn modern_meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}
