//! The body of a POST on every route that takes one: its type, size and time, and that it is strictly JSON.

use std::time::Duration;

use holdall_http::HttpConfig;
use holdall_testkit::{HttpRequest, exchange};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::start;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every path that takes a POST, with a stream of HTTP+SSE that is held open for the second.
async fn paths(address: std::net::SocketAddr) -> (Vec<String>, TcpStream) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = HttpRequest::get("/sse").to_bytes();
    stream.write_all(&request).await.expect("it reads");
    let mut said = String::new();
    while !said.contains("sessionId=") || !said.ends_with("\n\r\n") {
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await.expect("it is whole");
        said.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    let endpoint = said.split("data: ").nth(1).and_then(|rest| rest.lines().next());
    (
        vec!["/mcp".into(), endpoint.expect("the first event").to_owned()],
        stream,
    )
}

fn post(path: &str) -> HttpRequest {
    HttpRequest::new("POST", path)
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Type", "application/json")
}

#[tokio::test]
async fn a_body_has_a_type_and_a_size() {
    let mut config = HttpConfig::default();
    config.body_bytes_max = 100;
    let address = start(config).await;
    let (paths, _stream) = paths(address).await;
    for path in &paths {
        for kind in [
            "text/plain",
            "application/jsonp",
            "",
            "multipart/form-data; boundary=application/json",
        ] {
            let reply = post(path)
                .set_header("Content-Type", kind)
                .body("{}")
                .send(address)
                .await;
            assert_eq!(reply.status, 415, "{path} {kind}");
            assert!(reply.json()["hint"].is_string(), "{path} {kind}");
        }
        let twice = post(path).header("Content-Type", "text/plain").body("{}");
        assert_eq!(twice.send(address).await.status, 415, "{path}");
        let untyped = HttpRequest::new("POST", path).body("{}");
        assert_eq!(untyped.send(address).await.status, 415, "{path}");
        let large = post(path).body("x".repeat(101)).send(address).await;
        assert_eq!(
            (large.status, large.json()["error"].as_str()),
            (413, Some("body_too_large")),
            "{path}"
        );
        // Counted as it comes, not as it is announced.
        let piece = format!("32\r\n{}\r\n", "x".repeat(50));
        let chunked = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            piece.repeat(3)
        );
        assert_eq!(exchange(address, chunked, PATIENCE).await.status, 413, "{path}");
    }
}

#[tokio::test]
async fn a_body_comes_in_time() {
    for (total, idle) in [(60, 0.02), (0, 10.0)] {
        let mut config = HttpConfig::default();
        config.transports.body_timeout = Duration::from_secs(total).max(Duration::from_millis(20));
        config.transports.body_idle_timeout = Duration::from_secs_f64(idle);
        let address = start(config).await;
        let (paths, _stream) = paths(address).await;
        for path in paths {
            let half = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
            );
            let reply = exchange(address, half, PATIENCE).await;
            assert_eq!(
                (reply.status, reply.json()["error"].as_str()),
                (408, Some("body_timeout")),
                "{path}"
            );
        }
    }
}

/// What is no message, with the code and id of the error.
fn wrong() -> Vec<(Vec<u8>, i64, Value)> {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let case = |body: &str, code, id| (body.as_bytes().to_vec(), code, id);
    vec![
        case("", -32700, Value::Null),
        case("{", -32700, Value::Null),
        case(
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#,
            -32700,
            Value::Null,
        ),
        case(r#"{"a":1e400}"#, -32700, Value::Null),
        case(r#"{"a":"\ud800"}"#, -32700, Value::Null),
        case(&deep, -32700, Value::Null),
        (b"{\"a\":\"\xff\"}".to_vec(), -32700, Value::Null),
        case(
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"x"}"#,
            -32600,
            json!(1),
        ),
        case(r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, -32600, json!(7)),
        case(
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[]}"#,
            -32602,
            json!(7),
        ),
        case(r#"{"id":{},"result":7,"error":7}"#, -32600, Value::Null),
        case("[]", -32600, Value::Null),
        case("7", -32600, Value::Null),
    ]
}

#[tokio::test]
async fn what_is_no_message_is_answered_as_the_protocol_has_it() {
    let address = start(HttpConfig::default()).await;
    let (paths, _stream) = paths(address).await;
    for path in &paths {
        for (body, code, id) in wrong() {
            let shown = format!("{path} {:.60}", String::from_utf8_lossy(&body));
            let reply = post(path).body(body).send(address).await;
            assert_eq!(reply.status, 400, "{shown}: {}", reply.text());
            let error = reply.json();
            assert_eq!((&error["jsonrpc"], &error["id"]), (&json!("2.0"), &id), "{shown}");
            assert_eq!(error["error"]["code"], code, "{shown}: {error}");
        }
    }
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused_on_the_direct_way_too() {
    let address = start(HttpConfig::default()).await;
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let call = |arguments: &str| {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"say_hello","arguments":{arguments},{meta}}}}}"#
        );
        post("/mcp")
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", "say_hello")
            .body(body)
    };
    let reply = call(r#"{"name":"Ada"}"#).send(address).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "Hello, Ada!");
    for arguments in [
        r#"{"name":"Ada","name":"Eve"}"#,
        r#"{"name":"Ada","n\u0061me":"Eve"}"#,
    ] {
        let reply = call(arguments).send(address).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert_eq!(
            (&reply.json()["id"], &reply.json()["error"]["code"]),
            (&json!(1), &json!(-32600))
        );
    }
}

#[tokio::test]
async fn batches_are_answered_where_the_protocol_has_them() {
    let address = start(HttpConfig::default()).await;
    let ping = |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    for (version, status) in [("2025-03-26", 200), ("2025-06-18", 400)] {
        let client = json!({"name": "t", "version": "0"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let opened = HttpRequest::post(&initialize).send(address).await;
        let session = opened.header("mcp-session-id").expect("a session").to_owned();
        let send = |body: Value| {
            let request = HttpRequest::post(&body).header("Mcp-Session-Id", &session);
            async move { request.send(address).await }
        };
        assert_eq!(send(ready.clone()).await.status, 202);
        let reply = send(json!([ping(1), ready, 7, ping(2)])).await;
        assert_eq!(reply.status, status, "{version}: {}", reply.text());
        if status == 200 {
            let replies = reply.events();
            let mut ids: Vec<String> = replies.iter().map(|reply| reply["id"].to_string()).collect();
            ids.sort();
            assert_eq!(ids, ["1", "2", "null"], "{replies:?}");
            assert_eq!(send(json!([ready, ready])).await.status, 202);
            assert!(send(json!([7])).await.json()[0]["error"].is_object());
        } else {
            assert_eq!(reply.json()["error"]["code"], -32600);
        }
    }
    assert_eq!(
        HttpRequest::post(&json!([ping(1)])).send(address).await.status,
        400
    );
}
