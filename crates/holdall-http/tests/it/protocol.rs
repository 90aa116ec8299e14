//! The protocol over HTTP, stateless and with sessions.

use std::net::SocketAddr;

use holdall_http::HttpConfig;
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use serde_json::{Value, json};

use crate::{raw, start, stateless};

#[tokio::test]
async fn the_official_client_lists_and_calls() {
    let address = start(HttpConfig::default()).await;
    let transport = StreamableHttpClientTransport::from_uri(format!("http://{address}/mcp"));
    let client = ().serve(transport).await.expect("the handshake succeeds");
    let tools = client.list_all_tools().await.expect("tools are listed");
    assert_eq!(tools.len(), 4);
    let arguments = json!({"name": "Ada"}).as_object().cloned().expect("an object");
    let result = client
        .call_tool(CallToolRequestParams::new("say_hello").with_arguments(arguments))
        .await;
    let result = serde_json::to_value(result.expect("the tool exists")).expect("JSON");
    assert_eq!(result["content"][0]["text"], "Hello, Ada!");
    client.cancel().await.expect("it ends");
}

#[tokio::test]
async fn a_stateless_call_is_answered_in_json_unless_it_streams() {
    let address = start(HttpConfig::default()).await;
    let call = json!({"name": "say_hello", "arguments": {"name": "Ada"}});
    let reply = raw(address, &stateless("tools/call", "say_hello", call)).await;
    assert!(
        reply.to_lowercase().contains("content-type: application/json"),
        "{reply}"
    );
    assert!(reply.contains("Hello, Ada!"), "{reply}");

    let call = json!({"name": "count", "arguments": {"to": 3}});
    let reply = raw(address, &stateless("tools/call", "count", call)).await;
    assert!(
        reply.to_lowercase().contains("content-type: text/event-stream"),
        "{reply}"
    );
    assert_eq!(reply.matches("notifications/progress").count(), 3, "{reply}");
    assert!(reply.contains("counted to 3"), "{reply}");
}

fn in_session(method: &str, session: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n{session}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Opens a session as a client of protocol 2025-06-18 does; returns the reply, and the header that names the session.
async fn open_session(address: SocketAddr) -> (String, String) {
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let opened = raw(address, &in_session("POST", "", &initialize.to_string())).await;
    let session = opened
        .lines()
        .find(|line| line.to_lowercase().starts_with("mcp-session-id:"));
    let session = format!("{}\r\n", session.expect("a session"));
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    let accepted = raw(address, &in_session("POST", &session, &ready)).await;
    assert!(accepted.starts_with("HTTP/1.1 202"), "{accepted}");
    (opened, session)
}

#[tokio::test]
async fn in_a_session_too_replies_are_json_unless_they_stream() {
    let address = start(HttpConfig::default()).await;
    let (opened, session) = open_session(address).await;
    assert_eq!(
        body_of(&opened)["result"]["protocolVersion"],
        "2025-06-18",
        "{opened}"
    );
    let call = |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments, "_meta": {"progressToken": "p"}});
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}).to_string()
    };
    let unknown = json!({"jsonrpc": "2.0", "id": 2, "method": "nothing/known"}).to_string();
    for (message, expected) in [
        (call("say_hello", json!({"name": "Ada"})), "Hello, Ada!"),
        (call("say_hello", json!({})), "/name: is required"),
        (unknown, "-32601"),
    ] {
        let reply = raw(address, &in_session("POST", &session, &message)).await;
        assert!(
            reply.to_lowercase().contains("content-type: application/json"),
            "{reply}"
        );
        assert_eq!(body_of(&reply)["id"], 2, "{reply}");
        assert!(reply.contains(expected), "{reply}");
    }

    let counted = raw(
        address,
        &in_session("POST", &session, &call("count", json!({"to": 3}))),
    )
    .await;
    assert!(
        counted.to_lowercase().contains("content-type: text/event-stream"),
        "{counted}"
    );
    assert_eq!(counted.matches("notifications/progress").count(), 3, "{counted}");
    assert!(counted.contains("counted to 3"), "{counted}");
    // Older clients take an event without data for a broken message.
    let mut data = counted.lines().filter_map(|line| line.strip_prefix("data:"));
    assert!(data.all(|data| !data.trim().is_empty()), "{counted}");
}

#[tokio::test]
async fn a_session_ends_for_good() {
    let address = start(HttpConfig::default()).await;
    let (_, session) = open_session(address).await;
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    let listed = raw(address, &in_session("POST", &session, &list)).await;
    assert!(listed.contains("say_hello"), "{listed}");
    let ended = raw(address, &in_session("DELETE", &session, "")).await;
    assert!(ended.starts_with("HTTP/1.1 204"), "{ended}");
    let after = raw(address, &in_session("POST", &session, &list)).await;
    assert!(after.starts_with("HTTP/1.1 404"), "{after}");
}

/// The body of a reply.
fn body_of(reply: &str) -> Value {
    let (_, body) = reply
        .split_once("\r\n\r\n")
        .expect("a reply has a head and a body");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// A stateless call whose body is changed by `change` after its headers were made.
fn unusual(name: &str, arguments: Value, change: impl FnOnce(&mut Value)) -> String {
    let request = stateless("tools/call", name, json!({"name": name, "arguments": arguments}));
    let (head, body) = request
        .split_once("\r\n\r\n")
        .expect("a request has a head and a body");
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    change(&mut body);
    let body = body.to_string();
    let head: Vec<String> = head
        .lines()
        .map(|line| match line.starts_with("Content-Length") {
            true => format!("Content-Length: {}", body.len()),
            false => line.to_owned(),
        })
        .collect();
    format!("{}\r\n\r\n{body}", head.join("\r\n"))
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
        let direct = raw(address, &unusual("greet", arguments.clone(), &change)).await;
        let usual = raw(address, &unusual("greet_in_context", arguments, &change)).await;
        let usual = usual.replace("greet_in_context", "greet");
        assert_eq!(direct.lines().next(), usual.lines().next(), "{what}");
        assert_eq!(body_of(&direct), body_of(&usual), "{what}: {direct}");
    }
}
