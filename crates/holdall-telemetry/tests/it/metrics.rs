//! What is counted.

use holdall::prelude::*;
use holdall_http::HttpConfig;
use holdall_telemetry::{MetricsConfig, Telemetry, TelemetryConfig, TelemetryGuard, TelemetryObserver};
use holdall_testkit::{Client, HttpRequest, Served};
use serde_json::json;

use crate::{http_call, server};

fn counted(names_max: Option<usize>) -> (TelemetryGuard, TelemetryObserver) {
    let mut metrics = MetricsConfig::default();
    metrics.names_max = names_max.unwrap_or(metrics.names_max);
    let mut config = TelemetryConfig::default();
    config.log = None;
    config.metrics = Some(metrics);
    Telemetry::new(config).start().expect("it starts")
}

/// A server that serves its own figures.
async fn served(server: Server, names_max: Option<usize>) -> (Served, TelemetryGuard) {
    let (telemetry, observer) = counted(names_max);
    let mut config = HttpConfig::default();
    config.metrics = telemetry.metrics_page();
    config.observers = config.observers.with(observer.clone());
    (
        Served::start_with(server.observe(observer), config).await,
        telemetry,
    )
}

async fn page(served: &Served) -> String {
    let reply = HttpRequest::get("/metrics").send(served.address()).await;
    assert_eq!(reply.status, 200);
    let kind = reply.header("content-type").expect("it has a type");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    reply.text()
}

/// The figure on the line that begins with `name`.
fn figure(page: &str, name: &str) -> Option<f64> {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

#[tokio::test]
async fn calls_and_requests_are_counted() {
    let (served, _telemetry) = served(server(), None).await;
    for (name, arguments) in [
        ("greet", json!({"name": "Ada"})),
        ("greet", json!({"name": "Bob"})),
        ("greet", json!({})),
        ("fail", json!({})),
        ("nothing_here", json!({})),
    ] {
        http_call(name, arguments).send(served.address()).await;
    }
    HttpRequest::new("FROB", "/mcp").send(served.address()).await;
    HttpRequest::get("/nowhere").send(served.address()).await;
    HttpRequest::get("/health")
        .host("evil.example")
        .send(served.address())
        .await;
    let page = page(&served).await;
    for (name, expected) in [
        (
            r#"holdall_calls_total{kind="tool",name="greet",outcome="ok"}"#,
            2.0,
        ),
        (
            r#"holdall_calls_total{kind="tool",name="greet",outcome="error"}"#,
            1.0,
        ),
        (
            r#"holdall_calls_total{kind="tool",name="unknown",outcome="error"}"#,
            1.0,
        ),
        (
            r#"holdall_call_errors_total{kind="tool",error="invalid_arguments"}"#,
            1.0,
        ),
        (r#"holdall_call_errors_total{kind="tool",error="not_found"}"#, 2.0),
        (
            r#"holdall_call_duration_seconds_count{kind="tool",name="greet"}"#,
            3.0,
        ),
        (r#"holdall_calls_in_flight{kind="tool"}"#, 0.0),
        (
            r#"holdall_http_requests_total{route="/mcp",method="other",status="405"}"#,
            1.0,
        ),
        (
            r#"holdall_http_requests_total{route="unknown",method="GET",status="404"}"#,
            1.0,
        ),
        (r#"holdall_http_refusals_total{reason="forbidden_host"}"#, 1.0),
        ("holdall_sessions", 0.0),
    ] {
        assert_eq!(figure(&page, name), Some(expected), "{name} in\n{page}");
    }
    // The connection that asks is one of them.
    assert!(figure(&page, "holdall_http_connections").is_some_and(|open| open >= 1.0));
    assert!(page.ends_with("# EOF\n"), "{page}");
    assert!(figure(&page, "runtime_tasks").is_some_and(|tasks| tasks >= 1.0));
    if cfg!(target_os = "linux") {
        assert!(figure(&page, "process_resident_memory_bytes").is_some_and(|bytes| bytes > 1e6));
        assert!(figure(&page, "process_open_fds").is_some_and(|open| open > 3.0));
    }
}

#[tokio::test]
async fn what_clients_make_up_does_not_become_a_label() {
    let (telemetry, observer) = counted(None);
    let client = Client::connect(server().observe(observer)).await;
    for n in 0..10_000 {
        let call = client.call(&format!("made_up_{n}"), json!({})).await;
        drop(call);
    }
    let page = page_of(&telemetry).await;
    assert_eq!(
        figure(
            &page,
            r#"holdall_calls_total{kind="tool",name="unknown",outcome="error"}"#
        ),
        Some(10_000.0)
    );
    assert!(!page.contains("made_up"));
    assert!(page.lines().count() < 150, "{page}");
}

/// The page, from a server that does nothing else.
async fn page_of(telemetry: &TelemetryGuard) -> String {
    let mut config = HttpConfig::default();
    config.metrics = telemetry.metrics_page();
    page(&Served::start_with(Server::new("figures"), config).await).await
}

#[tokio::test]
async fn too_many_names_are_counted_together() {
    let tools =
        (0..20).map(|n| Tool::new(format!("tool_{n}")).handler(async |_: Call| Ok("done".to_owned())));
    let server = tools.fold(Server::new("many"), Server::add);
    let (telemetry, observer) = counted(Some(5));
    let client = Client::connect(server.observe(observer)).await;
    for n in 0..20 {
        client.call(&format!("tool_{n}"), json!({})).await;
    }
    let page = page_of(&telemetry).await;
    let other = r#"holdall_calls_total{kind="tool",name="other",outcome="ok"}"#;
    assert_eq!(figure(&page, other), Some(15.0), "{page}");
    assert!(figure(&page, "holdall_sessions").is_some());
}
