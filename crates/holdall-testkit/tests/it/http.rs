//! Over HTTP.

use std::time::Duration;

use holdall_testkit::{Client, HttpRequest, Served, exchange};
use serde_json::json;

use crate::VERSIONS;
use crate::fixture::server;

#[tokio::test]
async fn every_version_is_spoken_over_http() {
    for version in VERSIONS {
        let client = Client::http(server()).protocol(version).await;
        assert_eq!(client.protocol().as_str(), version);
        assert_eq!(
            client.call("echo", json!({"text": "hello"})).await.text(),
            "hello",
            "{version}"
        );
        assert_eq!(
            client.call("count", json!({"to": 3})).await.progress().len(),
            3,
            "{version}"
        );
        let unknown = client.call("ecko", json!({})).await.expect_error("not_found");
        assert_eq!(unknown.hint.as_deref(), Some("did you mean `echo`?"), "{version}");
        assert_eq!(client.list_tools().await.len(), 8, "{version}");
        client.close().await;
    }
}

#[tokio::test]
async fn a_server_is_shared_by_clients_and_requests_written_by_hand() {
    let served = Served::start(server()).await;
    let (one, two) = (
        Client::at(served.url()).await,
        Client::at(served.url()).header("X-Test", "1").await,
    );
    assert_eq!(
        one.call("whoami", json!({})).await.text(),
        "anonymous Some(\"holdall-testkit\")"
    );
    assert_eq!(two.tool_names().await.len(), 8);

    let health = HttpRequest::get("/health").send(served.address()).await;
    assert_eq!(
        (health.status, &health.json()["server"]),
        (200, &json!("fixture"))
    );
    assert_eq!(health.header("Content-Type"), Some("application/json"));
    let strange = HttpRequest::get("/mcp")
        .header("Origin", "https://evil.example")
        .send(served.address())
        .await;
    assert_eq!(strange.status, 403);
    assert_eq!(
        HttpRequest::get("/mcp")
            .without_host()
            .send(served.address())
            .await
            .status,
        400
    );
    let other = HttpRequest::post(&json!({})).set_header("content-type", "text/plain");
    assert_eq!(other.send(served.address()).await.status, 415);
    let raw = exchange(
        served.address(),
        "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
        Duration::from_secs(60),
    );
    // Keep-alive: the server waits for more, until it stops.
    let (reply, ()) = tokio::join!(raw, async {
        one.close().await;
        two.close().await;
        served.stop().await;
    });
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn streamed_replies_are_put_together() {
    let served = Served::start(server()).await;
    let params = json!({
        "name": "count", "arguments": { "to": 2 },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": "p",
        },
    });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let reply = HttpRequest::post(&call)
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "count")
        .send(served.address())
        .await;
    let events = reply.events();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(
        events[2]["result"]["content"][0]["text"],
        "counted to 2, progress wanted: true"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let served = Served::start(server()).await;
    let url = served.url();
    served.stop().await;
    assert!(Client::at(url).attempt().await.is_err());
}
