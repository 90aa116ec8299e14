//! The line for each call.

use std::path::Path;

use holdall_http::HttpConfig;
use holdall_telemetry::{AuditConfig, Telemetry, TelemetryConfig, TelemetryGuard, TelemetryObserver};
use holdall_testkit::{Client, Served};
use serde_json::{Value, json};

use crate::{http_call, server};

fn audited(path: &Path, change: impl FnOnce(&mut AuditConfig)) -> (TelemetryGuard, TelemetryObserver) {
    let mut audit = AuditConfig::default();
    audit.file = Some(path.to_owned());
    change(&mut audit);
    let mut config = TelemetryConfig::default();
    config.log = None;
    config.audit = Some(audit);
    Telemetry::new(config).start().expect("it starts")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("it was written");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn a_call_over_http_is_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    let (telemetry, observer) = audited(&path, |_| {});
    let served = Served::start_with(server().observe(observer), HttpConfig::default()).await;
    let reply = http_call("greet", json!({"name": "Ada"}))
        .send(served.address())
        .await;
    let request_id = reply.header("x-request-id").expect("it has an id").to_owned();
    http_call("no\u{7}such", json!({}))
        .set_header("Mcp-Name", "x")
        .send(served.address())
        .await;
    http_call("login", json!({"password": "x"}))
        .send(served.address())
        .await;
    drop(telemetry);
    let lines = lines(&path);
    let mut first = lines[0].clone();
    let time = first["time"].take();
    assert!(
        time.as_str()
            .is_some_and(|time| time.ends_with('Z') && time.len() == 27),
        "{time}"
    );
    assert!(first["duration_ms"].take().is_f64());
    assert_eq!(
        first,
        json!({
            "time": null,
            "event": "call",
            "request_id": request_id,
            "message_id": "1",
            "principal": "anonymous",
            "client": "127.0.0.1",
            "transport": "streamable_http",
            "protocol": "2026-07-28",
            "kind": "tool",
            "name": "greet",
            "argument_bytes": first["argument_bytes"],
            "result_bytes": 11,
            "duration_ms": null,
            "outcome": "ok",
        })
    );
    let last = lines.last().expect("there are some");
    assert_eq!(
        (&last["name"], &last["outcome"], &last["error"]),
        (&json!("login"), &json!("error"), &json!("invalid_arguments"))
    );
    assert!(last.get("arguments").is_none());
}

#[tokio::test]
async fn arguments_are_in_it_when_asked_for_and_secrets_never() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    let (telemetry, observer) = audited(&path, |audit| audit.arguments = true);
    let client = Client::connect(server().observe(observer)).await;
    client.call("greet", json!({"name": "Ada"})).await;
    client.call("login", json!({"password": "canary-1"})).await;
    client.call("no_such_tool", json!({"api_key": "canary-2"})).await;
    client.read("note://shopping").await;
    drop((client, telemetry));
    let lines = lines(&path);
    assert_eq!(lines[0]["arguments"], json!({"name": "Ada"}));
    assert_eq!(lines[1]["arguments"], json!({"password": "[redacted]"}));
    assert_eq!(
        (&lines[2]["name"], &lines[2]["requested"]),
        (&Value::Null, &json!("no_such_tool"))
    );
    assert_eq!(
        (&lines[3]["name"], &lines[3]["requested"]),
        (&json!("note://{path}"), &json!("note://shopping"))
    );
    assert!(!std::fs::read_to_string(&path).expect("text").contains("canary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_a_line_or_is_counted_as_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    // Room for a handful of lines.
    let (telemetry, observer) = audited(&path, |audit| audit.queue_bytes = 2048);
    let client = Client::connect(server().observe(observer)).await;
    for _ in 0..5_000 {
        client.call("greet", json!({"name": "Ada"})).await;
    }
    drop((client, telemetry));
    let lines = lines(&path);
    let calls = lines.iter().filter(|line| line["event"] == "call").count() as u64;
    let lost: u64 = lines.iter().filter_map(|line| line["lines"].as_u64()).sum();
    assert_eq!(calls + lost, 5_000);
    assert!(calls > 100, "{calls} calls were kept");
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_that_names_it() {
    let mut audit = AuditConfig::default();
    audit.file = Some("/no/such/folder/audit.jsonl".into());
    let mut config = TelemetryConfig::default();
    config.log = None;
    config.audit = Some(audit);
    let error = Telemetry::new(config)
        .start()
        .err()
        .expect("there is no such folder");
    assert!(
        error.to_string().contains("/no/such/folder/audit.jsonl"),
        "{error}"
    );
}
