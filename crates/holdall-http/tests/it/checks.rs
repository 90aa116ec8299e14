//! Host, Origin, routes, limits.

use std::time::Duration;

use holdall_http::{HttpConfig, HttpError, HttpServer};
use holdall_testkit::HttpRequest;
use serde_json::json;

use crate::{raw, start};

#[tokio::test]
async fn every_route_checks_host_and_origin() {
    let address = start(HttpConfig::default()).await;
    for path in ["/mcp", "/health", "/nothing"] {
        let request = HttpRequest::get(path);
        for (request, expected) in [
            (request.clone().host("evil.example"), 403),
            (request.clone().header("Origin", "https://evil.example"), 403),
            (request.clone().header("Origin", "null"), 403),
            (request.without_host(), 400),
        ] {
            let reply = request.send(address).await;
            assert_eq!(reply.status, expected, "{path}: {request:?}");
            assert!(reply.json()["hint"].is_string(), "{path}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn health_and_unknown_paths_answer_in_json() {
    let address = start(HttpConfig::default()).await;
    let health = HttpRequest::get("/health").send(address).await;
    assert_eq!(
        (health.status, health.text().as_str()),
        (200, r#"{"status":"ok","server":"test"}"#)
    );
    let nothing = HttpRequest::get("/nothing").send(address).await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("/mcp"), "{}", nothing.text());
}

#[tokio::test]
async fn bodies_are_bounded_and_must_be_json() {
    let config = {
        let mut config = HttpConfig::default();
        config.body_bytes_max = 100;
        config
    };
    let address = start(config).await;
    let post = HttpRequest::post(&json!({}));
    assert_eq!(post.clone().body("x".repeat(101)).send(address).await.status, 413);
    assert_eq!(
        post.set_header("Content-Type", "text/plain")
            .send(address)
            .await
            .status,
        415
    );
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
