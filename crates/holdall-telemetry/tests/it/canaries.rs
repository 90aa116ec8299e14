//! What clients keep secret is in nothing that is written, at the most talkative level. What functions themselves write
//! into their errors and panics is theirs to choose, and is in the log of faults.

use std::process::Command;

use holdall_http::HttpConfig;
use holdall_telemetry::{AuditConfig, LogConfig, LogFormat, MetricsConfig, Telemetry, TelemetryConfig};
use holdall_testkit::{Client, HttpRequest, Served};
use serde_json::json;

use crate::{http_call, server};

/// Set in the process a test runs in by itself.
const ALONE: &str = "HOLDALL_TEST_ALONE";

/// Runs the body of a test in a process of its own, because it sets up what a process has only once. Returns what that
/// printed; in that process itself nothing.
pub(crate) fn in_a_process_of_its_own(test: &str, body: impl FnOnce()) -> Option<String> {
    if std::env::var_os(ALONE).is_some() {
        body();
        return None;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("it starts");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("1 passed"), "there is no test {test}: {printed}");
    Some(printed)
}

#[test]
fn canaries_are_nowhere_in_text() {
    look_for_canaries("canaries::canaries_are_nowhere_in_text", LogFormat::Text);
}

#[test]
fn canaries_are_nowhere_in_json() {
    look_for_canaries("canaries::canaries_are_nowhere_in_json", LogFormat::Json);
}

fn look_for_canaries(test: &str, format: LogFormat) {
    let Some(printed) = in_a_process_of_its_own(test, || serve_and_call(format)) else {
        return;
    };
    let leaks: Vec<&str> = printed.lines().filter(|line| line.contains("canary")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    for expected in [
        "the calls are over",
        "holdall_calls_total",
        "audit: ",
        "fail_quietly",
    ] {
        assert!(printed.contains(expected), "no {expected} in {printed}");
    }
}

fn serve_and_call(format: LogFormat) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = LogConfig::default();
    log.filter = "trace".into();
    log.format = format;
    let mut audit = AuditConfig::default();
    audit.file = Some(folder.path().join("audit"));
    audit.arguments = true;
    let mut config = TelemetryConfig::default();
    config.log = Some(log);
    config.metrics = Some(MetricsConfig::default());
    config.audit = Some(audit);
    let (telemetry, observer) = Telemetry::new(config).start().expect("it starts");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut http = HttpConfig::default();
        http.metrics = telemetry.metrics_page();
        http.observers = http.observers.with(observer.clone());
        let served = Served::start_with(server().observe(observer), http).await;
        let secret = json!({"password": "canary-argument"});
        for tool in ["login", "fail_quietly", "panic_quietly", "fail", "no_such_tool"] {
            http_call(tool, secret.clone())
                .header("Authorization", "Bearer canary-token")
                .send(served.address())
                .await;
        }
        let older = Client::at(served.url()).await;
        older.call("login", secret.clone()).await;
        older
            .call(
                "login",
                json!({"password": ["canary-of-wrong-type"], "auth_token": "canary-unknown"}),
            )
            .await;
        HttpRequest::get("/nowhere?token=canary-query")
            .header("Authorization", "Bearer canary-token")
            .send(served.address())
            .await;
        let page = HttpRequest::get("/metrics").send(served.address()).await.text();
        eprintln!("{page}");
    });
    drop(runtime);
    drop(telemetry);
    let audit = std::fs::read_to_string(folder.path().join("audit")).expect("it was written");
    audit.lines().for_each(|line| eprintln!("audit: {line}"));
    eprintln!("the calls are over");
}
