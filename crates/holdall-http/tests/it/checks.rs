//! Host, Origin, routes, limits.

use std::time::Duration;

use holdall_http::{HttpConfig, HttpError, HttpServer};

use crate::{raw, start};

fn status(reply: &str) -> u16 {
    reply
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn every_route_checks_host_and_origin() {
    let address = start(HttpConfig::default()).await;
    for path in ["/mcp", "/health", "/nothing"] {
        for (headers, expected) in [
            ("Host: evil.example\r\n", 403),
            ("Host: localhost\r\nOrigin: https://evil.example\r\n", 403),
            ("Host: localhost\r\nOrigin: null\r\n", 403),
            ("", 400),
        ] {
            let reply = raw(
                address,
                &format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"),
            )
            .await;
            assert_eq!(status(&reply), expected, "{path} {headers}: {reply}");
            if expected == 403 {
                assert!(reply.contains("\"hint\""), "{reply}");
            }
        }
    }
}

#[tokio::test]
async fn health_and_unknown_paths_answer_in_json() {
    let address = start(HttpConfig::default()).await;
    let reply = raw(
        address,
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        status(&reply) == 200 && reply.contains("{\"status\":\"ok\",\"server\":\"test\"}"),
        "{reply}"
    );
    let reply = raw(
        address,
        "GET /sse HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(status(&reply) == 404 && reply.contains("/mcp"), "{reply}");
}

#[tokio::test]
async fn bodies_are_bounded_and_must_be_json() {
    let config = {
        let mut config = HttpConfig::default();
        config.body_bytes_max = 100;
        config
    };
    let address = start(config).await;
    let post = |kind: &str, body: &str| {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    assert_eq!(
        status(&raw(address, &post("application/json", &"x".repeat(101))).await),
        413
    );
    assert_eq!(status(&raw(address, &post("text/plain", "{}")).await), 415);
}

#[tokio::test]
async fn a_client_that_never_finishes_its_headers_is_cut_off() {
    let mut config = HttpConfig::default();
    config.header_timeout = Duration::from_millis(50);
    let address = start(config).await;
    // Returns only because the server closes the connection.
    raw(address, "GET /health HTTP/1.1\r\nHost: local").await;
}

#[tokio::test]
async fn a_public_address_needs_a_decision() {
    let service = || holdall::Server::new("test").build().expect("the server is right");
    let everywhere = ([0, 0, 0, 0], 0).into();
    let refused = HttpServer::bind(everywhere, service(), HttpConfig::default()).await;
    assert!(matches!(refused, Err(HttpError::PublicBind(_))));
    let mut config = HttpConfig::default();
    config.insecure = true;
    assert!(HttpServer::bind(everywhere, service(), config).await.is_ok());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let taken = start(HttpConfig::default()).await;
    let service = holdall::Server::new("test").build().expect("the server is right");
    let error = HttpServer::bind(taken, service, HttpConfig::default())
        .await
        .err()
        .expect("it is taken");
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
}

#[tokio::test]
async fn stopping_lets_the_server_end() {
    let service = holdall::Server::new("test").build().expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, HttpConfig::default()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.expect("a free port").serve(async move {
        let _ = stopped.await;
    }));
    stop.send(()).expect("it serves");
    tokio::time::timeout(Duration::from_secs(20), serving)
        .await
        .expect("it ends")
        .expect("it does not panic");
}
