//! Host, Origin, routes, limits.

use std::time::Duration;

use holdall_http::{HttpConfig, HttpError, HttpServer, Rate};
use holdall_testkit::HttpRequest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{raw, start, stateless};

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

#[tokio::test]
async fn pages_on_the_list_may_ask_and_read_and_no_others() {
    let mut config = HttpConfig::default();
    config.allowed_origins = vec!["https://app.example".to_owned()];
    let address = start(config).await;
    let preflight = |path: &str, origin: &str| {
        HttpRequest::new("OPTIONS", path)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header(
                "Access-Control-Request-Headers",
                "authorization, mcp-param-city, x-evil",
            )
    };
    let allowed = preflight("/mcp", "https://app.example").send(address).await;
    assert_eq!(allowed.status, 204);
    let header = |name| allowed.header(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(header("Access-Control-Allow-Origin"), "https://app.example");
    assert_eq!(header("Access-Control-Allow-Methods"), "GET, POST, DELETE");
    assert!(header("Access-Control-Allow-Headers").ends_with("mcp-param-city"));
    assert!(!header("Access-Control-Allow-Headers").contains("x-evil"));
    assert_eq!(header("Vary"), "Origin");
    assert_eq!(allowed.header("Access-Control-Allow-Credentials"), None);
    for (request, status, readable) in [
        (preflight("/nothing", "https://app.example"), 404, true),
        (
            HttpRequest::get("/health").header("Origin", "https://app.example"),
            200,
            true,
        ),
        (
            HttpRequest::new("PUT", "/mcp").header("Origin", "https://app.example"),
            405,
            true,
        ),
        (HttpRequest::get("/health"), 200, false),
        (preflight("/mcp", "https://evil.example"), 403, false),
        (preflight("/mcp", "https://app.example.evil.example"), 403, false),
        (preflight("/mcp", "null"), 403, false),
        (
            HttpRequest::get("/health").header("Origin", "https://evil.example"),
            403,
            false,
        ),
        // The server's own page needs nobody's leave, and gets none that a stranger on the way could use.
        (
            HttpRequest::get("/health").header("Origin", "https://localhost"),
            200,
            false,
        ),
    ] {
        let reply = request.clone().send(address).await;
        assert_eq!(reply.status, status, "{request:?}");
        let origin = reply.header("Access-Control-Allow-Origin");
        assert_eq!(origin, readable.then_some("https://app.example"), "{request:?}");
        assert_eq!(reply.header("Vary"), Some("Origin"), "{request:?}");
        if !readable {
            let cors = |(name, _): &&(String, String)| name.starts_with("access-control-");
            assert_eq!(reply.headers.iter().find(cors), None, "{request:?}");
        }
    }
}

#[tokio::test]
async fn every_reply_is_safe_in_a_browser() {
    let address = start(HttpConfig::default()).await;
    for request in [
        HttpRequest::get("/health"),
        HttpRequest::get("/nothing"),
        HttpRequest::get("/mcp"),
        HttpRequest::post(&json!({})),
        HttpRequest::get("/health").host("evil.example"),
    ] {
        let reply = request.clone().send(address).await;
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            (
                "Content-Security-Policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("Cache-Control", "no-store"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{request:?}");
        }
        assert_eq!(reply.header("Strict-Transport-Security"), None);
    }
}

#[tokio::test]
async fn the_public_url_is_answered_to() {
    let mut config = HttpConfig::default();
    config.public_url = Some("https://notes.example".parse().expect("a URL"));
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    config.hsts_max_age = Some(Duration::from_secs(60));
    let address = start(config).await;
    let request = HttpRequest::get("/health")
        .host("notes.example")
        .header("Origin", "https://notes.example")
        .header("X-Forwarded-Proto", "https");
    let reply = request.send(address).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("Strict-Transport-Security"), Some("max-age=60"));
    let refused = HttpRequest::get("/health")
        .host("other.example")
        .send(address)
        .await;
    assert!(refused.text().contains("--public-url"), "{}", refused.text());
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let mut config = HttpConfig::default();
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    config.limits.requests_per_address = Some(Rate::per_minute(2));
    let address = start(config).await;
    let request = |from| HttpRequest::get("/health").header("X-Forwarded-For", from);
    for expected in [200, 200, 429] {
        let reply = request("192.0.2.1").send(address).await;
        assert_eq!(reply.status, expected);
        if expected == 429 {
            let seconds: u64 = reply
                .header("Retry-After")
                .expect("it is told")
                .parse()
                .expect("digits");
            assert!((1..=30).contains(&seconds), "{seconds}");
            assert_eq!(reply.json()["error"], "too_many_requests");
        }
    }
    assert_eq!(request("192.0.2.2").send(address).await.status, 200);
}

#[tokio::test]
async fn a_stream_holds_its_place_until_it_ends() {
    let mut config = HttpConfig::default();
    config.transports.streams_max = 1;
    let address = start(config).await;
    let listen = stateless(
        "subscriptions/listen",
        "",
        json!({"notifications": {"toolsListChanged": true}}),
    );
    let mut first = TcpStream::connect(address).await.expect("it listens");
    first.write_all(listen.as_bytes()).await.expect("it reads");
    let mut seen = [0; 12];
    first.read_exact(&mut seen).await.expect("it answers");
    assert_eq!(&seen, b"HTTP/1.1 200");
    let busy = raw(address, &listen).await;
    assert!(
        busy.starts_with("HTTP/1.1 503") && busy.contains("retry-after: 5"),
        "{busy}"
    );
    // Calls are counted apart.
    let call = stateless(
        "tools/call",
        "say_hello",
        json!({"name": "say_hello", "arguments": {"name": "Ada"}}),
    );
    assert!(raw(address, &call).await.starts_with("HTTP/1.1 200"));
    drop(first);
    // The server notices in its own time that the client has gone.
    let again = async {
        loop {
            let mut next = TcpStream::connect(address).await.expect("it listens");
            next.write_all(listen.as_bytes()).await.expect("it reads");
            next.read_exact(&mut seen).await.expect("it answers");
            if &seen == b"HTTP/1.1 200" {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again)
        .await
        .expect("the place is free again");
}
