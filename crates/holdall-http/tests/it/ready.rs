//! `/ready` and `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holdall_http::{HttpConfig, MetricsPage, MetricsServer, ReadyCheck};
use holdall_testkit::HttpRequest;
use serde_json::json;

use crate::start;

fn config(checks: Vec<ReadyCheck>) -> HttpConfig {
    let mut config = HttpConfig::default();
    config.ready_checks = checks;
    config
}

fn content(name: &'static str) -> ReadyCheck {
    ReadyCheck::new(name, || async { Ok::<(), String>(()) })
}

#[tokio::test]
async fn a_server_is_ready_when_every_check_is_content() {
    let address = start(config(vec![content("index"), content("store")])).await;
    let reply = HttpRequest::get("/ready").send(address).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"status": "ready", "checks": {"index": "ok", "store": "ok"}})
    );
    let reply = HttpRequest::get("/ready")
        .send(start(HttpConfig::default()).await)
        .await;
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({"status": "ready", "checks": {}}))
    );
}

#[tokio::test]
async fn what_fails_hangs_or_panics_makes_it_503_and_nobody_learns_why() {
    let failing = ReadyCheck::new("store", || async { Err("postgres://admin:canary@db refused") });
    let hanging = ReadyCheck::new("index", || async {
        std::future::pending::<()>().await;
        Ok::<(), String>(())
    });
    let panicking = ReadyCheck::new("disk", || async {
        assert!(std::hint::black_box(false), "canary");
        Ok::<(), String>(())
    });
    let checks = vec![
        content("clock"),
        failing,
        hanging.timeout(Duration::from_millis(10)),
        panicking,
    ];
    let reply = HttpRequest::get("/ready").send(start(config(checks)).await).await;
    assert_eq!(reply.status, 503);
    let checks = json!({"clock": "ok", "store": "failed", "index": "timed_out", "disk": "failed"});
    assert_eq!(reply.json(), json!({"status": "unready", "checks": checks}));
}

#[tokio::test]
async fn asking_often_does_not_check_often() {
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let check = ReadyCheck::new("store", move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<(), String>(()) }
    });
    let address = start(config(vec![check])).await;
    for _ in 0..200 {
        assert_eq!(HttpRequest::get("/ready").send(address).await.status, 200);
    }
    // Once a second at most, and two hundred requests do not take a minute.
    assert!(asked.load(Ordering::Relaxed) < 60);
}

fn figures() -> MetricsPage {
    MetricsPage::new("text/plain", || "answers 42\n".to_owned())
}

#[tokio::test]
async fn metrics_are_there_when_asked_for_and_for_this_machine_alone() {
    let request = HttpRequest::get("/metrics");
    let without = start(HttpConfig::default()).await;
    assert_eq!(request.send(without).await.status, 404);

    let mut config = HttpConfig::default();
    config.metrics = Some(figures());
    config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    let address = start(config).await;
    let reply = request.send(address).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "answers 42\n"));
    let from_afar = request.clone().header("X-Forwarded-For", "203.0.113.9");
    let reply = from_afar.send(address).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.json()["error"], "forbidden_metrics");
    let rebound = request.clone().host("evil.example");
    assert_eq!(rebound.send(address).await.status, 403);

    // A proxy nobody has told of hands on what others ask.
    let mut config = HttpConfig::default();
    config.metrics = Some(figures());
    let address = start(config).await;
    assert_eq!(request.send(address).await.status, 200);
    let handed_on = request.clone().header("X-Forwarded-For", "127.0.0.1");
    assert_eq!(handed_on.send(address).await.json()["error"], "forbidden_metrics");
}

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let names = ["metrics.internal".to_owned()];
    let server = MetricsServer::bind(([127, 0, 0, 1], 0).into(), figures(), &names).await;
    let server = server.expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let request = HttpRequest::get("/metrics");
    assert_eq!(request.send(address).await.text(), "answers 42\n");
    for (host, status) in [("metrics.internal", 200), ("evil.example", 403)] {
        assert_eq!(
            request.clone().host(host).send(address).await.status,
            status,
            "{host}"
        );
    }
    for other in [HttpRequest::get("/mcp"), HttpRequest::new("POST", "/metrics")] {
        assert_eq!(other.send(address).await.status, 404);
    }
}
