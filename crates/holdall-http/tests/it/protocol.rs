//! The protocol over HTTP, stateless and with sessions.

use std::net::SocketAddr;

use holdall_http::HttpConfig;
use holdall_testkit::{Client, HttpReply, HttpRequest};
use serde_json::{Value, json};

use crate::start;

#[tokio::test]
async fn the_official_client_lists_and_calls() {
    let address = start(HttpConfig::default()).await;
    for version in [
        "2024-11-05",
        "2025-03-26",
        "2025-06-18",
        "2025-11-25",
        "2026-07-28",
    ] {
        let client = Client::at(format!("http://{address}/mcp"))
            .protocol(version)
            .await;
        assert_eq!(client.list_tools().await.len(), 4, "{version}");
        let reply = client.call("say_hello", json!({"name": "Ada"})).await;
        assert_eq!(reply.text(), "Hello, Ada!", "{version}");
        client.close().await;
    }
}

/// What every stateless request carries.
fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "p",
    })
}

/// A stateless request with the headers that belong to it.
fn stateless(method: &str, name: &str, mut params: Value) -> HttpRequest {
    params["_meta"] = meta();
    unusual(
        method,
        name,
        &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
    )
}

/// A stateless request whose headers need not fit its body.
fn unusual(method: &str, name: &str, body: &Value) -> HttpRequest {
    HttpRequest::post(body)
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", method)
        .header("Mcp-Name", name)
}

#[tokio::test]
async fn a_stateless_call_is_answered_in_json_unless_it_streams() {
    let address = start(HttpConfig::default()).await;
    let call = json!({"name": "say_hello", "arguments": {"name": "Ada"}});
    let reply = stateless("tools/call", "say_hello", call).send(address).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.json()["result"]["content"][0]["text"], "Hello, Ada!");

    let call = json!({"name": "count", "arguments": {"to": 3}});
    let reply = stateless("tools/call", "count", call).send(address).await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    let events = reply.events();
    let progress = events
        .iter()
        .filter(|event| event["method"] == "notifications/progress");
    assert_eq!(progress.count(), 3, "{events:?}");
    assert_eq!(events[3]["result"]["content"][0]["text"], "counted to 3");
}

/// A request of an older client.
fn in_session(session: &str, body: &Value) -> HttpRequest {
    HttpRequest::post(body).header("Mcp-Session-Id", session)
}

/// Opens a session as a client of protocol 2025-06-18 does; returns the reply, and the name of the session.
async fn open_session(address: SocketAddr) -> (HttpReply, String) {
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let opened = HttpRequest::post(&initialize).send(address).await;
    let session = opened.header("mcp-session-id").expect("a session").to_owned();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let accepted = in_session(&session, &ready).send(address).await;
    assert_eq!(accepted.status, 202);
    (opened, session)
}

#[tokio::test]
async fn in_a_session_too_replies_are_json_unless_they_stream() {
    let address = start(HttpConfig::default()).await;
    let (opened, session) = open_session(address).await;
    assert_eq!(opened.json()["result"]["protocolVersion"], "2025-06-18");
    let call = |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments, "_meta": {"progressToken": "p"}});
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})
    };
    let unknown = json!({"jsonrpc": "2.0", "id": 2, "method": "nothing/known"});
    for (message, expected) in [
        (call("say_hello", json!({"name": "Ada"})), "Hello, Ada!"),
        (call("say_hello", json!({})), "/name: is required"),
        (unknown, "-32601"),
    ] {
        let reply = in_session(&session, &message).send(address).await;
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json()["id"], 2);
        assert!(reply.text().contains(expected), "{}", reply.text());
    }

    let count = call("count", json!({"to": 3}));
    let counted = in_session(&session, &count).send(address).await;
    assert_eq!(counted.header("content-type"), Some("text/event-stream"));
    let events = counted.events();
    let progress = events
        .iter()
        .filter(|event| event["method"] == "notifications/progress");
    assert_eq!(progress.count(), 3, "{events:?}");
    assert_eq!(events[3]["result"]["content"][0]["text"], "counted to 3");
    // Older clients take an event without data for a broken message.
    let text = counted.text();
    let mut data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    assert!(data.all(|data| !data.trim().is_empty()), "{text}");
}

#[tokio::test]
async fn a_session_ends_for_good() {
    let address = start(HttpConfig::default()).await;
    let (_, session) = open_session(address).await;
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let listed = in_session(&session, &list).send(address).await;
    assert_eq!(listed.json()["result"]["tools"][0]["name"], "say_hello");

    let end = HttpRequest::new("DELETE", "/mcp").header("Mcp-Session-Id", &session);
    assert_eq!(end.send(address).await.status, 204);
    assert_eq!(in_session(&session, &list).send(address).await.status, 404);
}

/// Status and body of a reply.
fn said(reply: &HttpReply) -> (u16, Value) {
    (
        reply.status,
        serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
    )
}

#[tokio::test]
async fn the_direct_way_answers_as_the_usual_way_does() {
    let address = start(HttpConfig::default()).await;
    let nothing = |_: &mut Value| {};
    type Change = Box<dyn Fn(&mut Value)>;
    let cases: Vec<(&str, Value, Change)> = vec![
        ("a greeting", json!({"name": "Ada"}), Box::new(nothing)),
        ("an error of the tool", json!({"name": ""}), Box::new(nothing)),
        ("wrong arguments", json!({"nam": 1}), Box::new(nothing)),
        (
            "no arguments",
            json!({}),
            Box::new(|body| drop(body["params"].as_object_mut().map(|p| p.remove("arguments")))),
        ),
        (
            "a text as id",
            json!({"name": "Ada"}),
            Box::new(|body| body["id"] = json!("x")),
        ),
        (
            "a large id",
            json!({"name": "Ada"}),
            Box::new(|body| body["id"] = json!(9_007_199_254_740_993_i64)),
        ),
        (
            "a null id",
            json!({"name": "Ada"}),
            Box::new(|body| body["id"] = Value::Null),
        ),
        (
            "a fraction as id",
            json!({"name": "Ada"}),
            Box::new(|body| body["id"] = json!(1.5)),
        ),
        (
            "another version of JSON-RPC",
            json!({"name": "Ada"}),
            Box::new(|body| body["jsonrpc"] = json!("1.0")),
        ),
        (
            "another method than the header's",
            json!({"name": "Ada"}),
            Box::new(|body| body["method"] = json!("tools/list")),
        ),
        (
            "another name than the header's",
            json!({"name": "Ada"}),
            Box::new(|body| body["params"]["name"] = json!("count")),
        ),
        (
            "no metadata",
            json!({"name": "Ada"}),
            Box::new(|body| body["params"]["_meta"] = json!({})),
        ),
        (
            "another version than the header's",
            json!({"name": "Ada"}),
            Box::new(|body| {
                body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2025-11-25");
            }),
        ),
        (
            "malformed capabilities",
            json!({"name": "Ada"}),
            Box::new(|body| {
                body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!(7);
            }),
        ),
        (
            "an unknown field",
            json!({"name": "Ada"}),
            Box::new(|body| body["params"]["more"] = json!(true)),
        ),
        (
            "an array",
            json!({"name": "Ada"}),
            Box::new(|body| *body = json!([body.clone()])),
        ),
    ];
    for (what, arguments, change) in cases {
        let call = async |name: &str| {
            let mut body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
                "name": name, "arguments": arguments, "_meta": meta(),
            }});
            change(&mut body);
            said(&unusual("tools/call", name, &body).send(address).await)
        };
        let (status, body) = call("greet_in_context").await;
        let usual = body.to_string().replace("greet_in_context", "greet");
        let usual = (status, serde_json::from_str(&usual).expect("it is JSON still"));
        assert_eq!(call("greet").await, usual, "{what}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_headers_is_told_with_the_id_and_what_to_do() {
    let address = start(HttpConfig::default()).await;
    let (_, session) = open_session(address).await;
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let message = |id: Value, method: &str, params: Value| {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        for (name, value) in [("id", id), ("params", params)] {
            if !value.is_null() {
                message[name] = value;
            }
        }
        HttpRequest::post(&message)
    };
    let list = |id: Value| message(id, "tools/list", json!({}));
    let get = |path| HttpRequest::get(path).header("Accept", "text/event-stream");
    for (request, status, id, code, kind, says, hints) in [
        (
            list(json!(7))
                .header("Mcp-Session-Id", &session)
                .header("MCP-Protocol-Version", "1999-01-01"),
            400,
            json!(7),
            -32600,
            "unsupported_protocol_version",
            "1999-01-01",
            "2025-11-25, 2026-07-28",
        ),
        (
            message(json!("a"), "initialize", params).header("MCP-Protocol-Version", "1999-01-01"),
            400,
            json!("a"),
            -32600,
            "unsupported_protocol_version",
            "1999-01-01",
            "2024-11-05",
        ),
        (
            get("/mcp")
                .header("Mcp-Session-Id", &session)
                .header("MCP-Protocol-Version", "new"),
            400,
            Value::Null,
            -32600,
            "unsupported_protocol_version",
            "`MCP-Protocol-Version: new`",
            "2025-06-18",
        ),
        (
            list(json!("b")),
            400,
            json!("b"),
            -32600,
            "missing_session",
            "`tools/list` needs a session",
            "send `initialize` first",
        ),
        (
            get("/mcp"),
            400,
            Value::Null,
            -32600,
            "missing_session",
            "session",
            "initialize",
        ),
        (
            HttpRequest::new("DELETE", "/mcp"),
            400,
            Value::Null,
            -32600,
            "missing_session",
            "session",
            "initialize",
        ),
        (
            message(json!(8), "initialize", Value::Null),
            400,
            json!(8),
            -32602,
            "invalid_params",
            "the parameters of `initialize` do not fit: there are none",
            "protocolVersion",
        ),
        (
            message(json!(8), "initialize", json!({"protocolVersion": "2025-06-18"})),
            400,
            json!(8),
            -32602,
            "invalid_params",
            "missing field `capabilities`",
            "clientInfo",
        ),
        (
            list(json!(9)).set_header("Accept", "application/json"),
            406,
            json!(9),
            -32600,
            "not_acceptable",
            "`Accept: application/json`",
            "`Accept: application/json, text/event-stream`",
        ),
        (
            HttpRequest::get("/mcp")
                .header("Mcp-Session-Id", &session)
                .header("Accept", "text/html"),
            406,
            Value::Null,
            -32600,
            "not_acceptable",
            "`Accept: text/html`",
            "send `Accept: text/event-stream`",
        ),
    ] {
        let reply = request.send(address).await;
        let told = reply.json();
        let error = &told["error"];
        assert_eq!((reply.status, &told["id"]), (status, &id), "{told}");
        assert_eq!(
            (&error["code"], &error["data"]["error"]["kind"]),
            (&json!(code), &json!(kind)),
            "{told}"
        );
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        assert!(text(&error["message"]).contains(says), "{told}");
        assert!(text(&error["data"]["error"]["hint"]).contains(hints), "{told}");
    }
}
