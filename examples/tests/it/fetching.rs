//! `fetch`, against a website on this machine.

use holdall_testkit::{Client, Wire};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::fetch::{Site, server};

/// A website without visitors, and a client of the server that fetches from it.
async fn website() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = Site(listener.local_addr().unwrap().to_string());
    let client = Client::connect(server(site)).await;
    (listener, client)
}

/// A visitor, and what it asks for.
async fn visitor(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(request).unwrap())
}

#[tokio::test]
async fn pages_are_fetched() {
    let (listener, client) = website().await;
    let website = async {
        for response in [
            "HTTP/1.0 200 OK\r\n\r\nWelcome",
            "HTTP/1.0 404 Not Found\r\n\r\nno",
            "HTTP/1.0 500 Oh\r\n\r\n",
        ] {
            let (mut stream, request) = visitor(&listener).await;
            assert!(request.starts_with("GET /index.html HTTP/1.0\r\n"), "{request}");
            stream.write_all(response.as_bytes()).await.unwrap();
        }
    };
    let calls = async {
        let fetch = async || client.call("fetch_page", json!({"path": "/index.html"})).await;
        assert_eq!(fetch().await.text(), "Welcome");
        let missing = fetch().await.expect_error("not_found");
        assert_eq!(missing.message, "there is no page `/index.html`");
        assert!(
            fetch()
                .await
                .expect_error("failed")
                .message
                .ends_with("status `500`")
        );
    };
    tokio::join!(website, calls);
}

#[tokio::test]
async fn a_path_cannot_smuggle_in_headers() {
    let (_listener, client) = website().await;
    for path in ["/ HTTP/1.0\r\nHost: elsewhere\r\n", "index.html", "/a\n"] {
        let reply = client.call("fetch_page", json!({"path": path})).await;
        reply.expect_error("invalid_arguments").problem("/path");
    }
}

#[tokio::test]
async fn a_website_that_is_gone_is_unavailable() {
    let (listener, client) = website().await;
    drop(listener);
    let reply = client.call("fetch_page", json!({"path": "/"})).await;
    let error = reply.expect_error("unavailable");
    assert_eq!(error.hint.as_deref(), Some("try again in a minute"));
}

#[tokio::test(start_paused = true)]
async fn a_website_that_does_not_answer_is_given_up() {
    let (_listener, client) = website().await;
    let start = Instant::now();
    let reply = client.call("fetch_page", json!({"path": "/"})).await;
    reply.expect_error("timed_out");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_call_that_is_cancelled_closes_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = Site(listener.local_addr().unwrap().to_string());
    let mut client = Wire::connect(server(site));
    client.initialize("2025-11-25").await;
    let params = json!({"name": "fetch_page", "arguments": {"path": "/"}});
    client.request(7, "tools/call", params).await;
    let (mut stream, _) = visitor(&listener).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}});
    client.send_json(cancel).await;
    // The function was dropped, and its connection with it.
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    // Had it run into its timeout instead, it would say so.
    client.close_input().await;
    let rest = client.rest().await;
    assert!(rest.is_empty(), "{rest:?}");
}
