//! What Sentry is told. Panics are told of by the process as a whole, so each test runs in one of its own.

use holdall::Secret;
use holdall_telemetry::{SentryConfig, Telemetry, TelemetryConfig, TelemetryError};
use holdall_testkit::Client;
use serde_json::{Value, json};

use crate::canaries::in_a_process_of_its_own;
use crate::collector::{Collector, Got};
use crate::server;

/// Has a tool break down, and one panic, and gives what came of it.
fn reported(change: impl FnOnce(&mut SentryConfig)) -> Vec<(Got, Value)> {
    let collector = Collector::start();
    let mut sentry = SentryConfig::new(Secret::new(format!("http://thekey@{}/42", collector.address())));
    change(&mut sentry);
    let mut config = TelemetryConfig::default();
    config.log = None;
    config.sentry = Some(sentry);
    let (telemetry, observer) = Telemetry::new(config).start().expect("it starts");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Client::connect(server().observe(observer)).await;
        client.call("greet", json!({"name": "canary"})).await;
        client.call("fail", json!({})).await;
        client.call("break_down", json!({"password": "canary"})).await;
        client.call("panic", json!({"password": "canary"})).await;
    });
    drop(runtime);
    drop(telemetry);
    let mut got = vec![collector.next()];
    got.extend(collector.rest());
    let events = got.into_iter().map(|got| {
        let text = String::from_utf8(got.body.clone()).expect("text");
        // Header of the envelope, header of the item, the item.
        let event = serde_json::from_str(text.lines().nth(2).expect("an item")).expect("JSON");
        (got, event)
    });
    events.collect()
}

#[test]
fn faults_and_panics_are_told_without_what_clients_sent() {
    in_a_process_of_its_own(
        "sentry::faults_and_panics_are_told_without_what_clients_sent",
        || {
            let reported = reported(|_| {});
            assert_eq!(reported.len(), 2);
            for (got, event) in &reported {
                assert_eq!(got.path, "/api/42/envelope/");
                assert!(got.headers.contains("sentry_key=thekey"), "{}", got.headers);
                let text = String::from_utf8_lossy(&got.body);
                assert!(
                    !text.contains("canary") && !text.contains("127.0.0.1\""),
                    "{text}"
                );
                assert!(event["server_name"].is_null() && event["request"].is_null());
            }
            let kinds: Vec<_> = reported
                .iter()
                .map(|(_, event)| &event["exception"]["values"][0]["type"])
                .collect();
            assert_eq!(kinds, ["internal", "panic"]);
            assert_eq!(reported[0].1["tags"]["name"], "break_down");
            assert!(reported[1].1["exception"]["values"][0]["stacktrace"]["frames"].is_array());
        },
    );
}

#[test]
fn texts_are_told_if_asked_for() {
    in_a_process_of_its_own("sentry::texts_are_told_if_asked_for", || {
        let reported = reported(|sentry| sentry.messages = true);
        let text = &reported[1].1["exception"]["values"][0]["value"];
        assert_eq!(text, "no such password: canary");
    });
}

#[test]
fn a_dsn_that_is_none_is_not_shown() {
    let mut config = TelemetryConfig::default();
    config.log = None;
    config.sentry = Some(SentryConfig::new(Secret::new("canary")));
    let error = Telemetry::new(config).start().err().expect("that is no DSN");
    assert!(matches!(error, TelemetryError::Sentry));
    assert!(!format!("{error} {error:?}").contains("canary"));
}
