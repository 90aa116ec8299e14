//! What a person reads when a test fails.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use holdall_testkit::{Client, redacted};
use serde_json::json;

use crate::scripted::{raw, result, scripted};

/// The text of the panic, without what differs from run to run.
fn panic_of(check: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(AssertUnwindSafe(check)).expect_err("it panics");
    let text = panic.downcast_ref::<String>().expect("it says why");
    let lines = regex::Regex::new(r"failures\.rs:\d+").expect("it is a pattern");
    lines
        .replace_all(&redacted(text), "failures.rs:[line]")
        .into_owned()
}

#[tokio::test]
async fn a_failure_shows_what_was_asked_what_came_and_what_went_before() {
    let client = scripted(|message| {
        vec![match message["params"]["name"].as_str() {
            Some("find") => {
                let text = "not_found: there is no `x`\nhint: look elsewhere";
                result(
                    message,
                    json!({ "content": [{ "type": "text", "text": text }], "isError": true }),
                )
            }
            _ => result(
                message,
                json!({ "content": [{ "type": "text", "text": "hello" }] }),
            ),
        }]
    })
    .await;
    let failed = client.call("find", json!({"name": "x"})).await;
    let succeeded = client.call("echo", json!({"text": "hello"})).await;
    insta::assert_snapshot!(panic_of(|| drop(failed.text())));
    insta::assert_snapshot!(panic_of(|| drop(succeeded.expect_error("not_found"))));
    for text in [
        panic_of(|| drop(failed.expect_error("conflict"))),
        panic_of(|| drop(failed.expect_code(-32602))),
        panic_of(|| drop(succeeded.json())),
    ] {
        assert!(
            text.contains("  expected: ")
                && text.contains("asked at crates/holdall-testkit/tests/it/failures.rs:"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_is_not_made_says_why() {
    let refused = Client::connect(holdall::Server::new("x").add(holdall::Tool::new("no handler")));
    let error = refused.attempt().await.err().expect("it is refused").to_string();
    assert!(error.contains("it has no handler"), "{error}");

    let missing = Client::spawn(std::process::Command::new("/does/not/exist"))
        .attempt()
        .await;
    let error = missing.err().expect("there is no such program").to_string();
    assert!(error.contains("cannot start \"/does/not/exist\""), "{error}");

    // A program that is no server.
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "echo hello; echo trouble >&2; read line"]);
    let error = Client::spawn(command)
        .attempt()
        .await
        .err()
        .expect("it is no server")
        .to_string();
    for expected in [
        "the server wrote a line that is no JSON: hello",
        "trouble",
        "server/discover",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_is_not_waited_for_for_ever() {
    let client = raw(|_| Vec::new()).patience(Duration::from_secs(3)).await;
    let text = panic_of({
        let reply = client.call("anything", json!({})).await;
        move || drop(reply.text())
    });
    assert!(text.contains("no answer: nothing came within 3s"), "{text}");
    let reply = client
        .call("anything", json!({}))
        .patience(Duration::from_secs(7))
        .await;
    assert!(format!("{reply:?}").contains("within 7s"));
}

#[tokio::test]
async fn noise_on_the_wire_is_shown() {
    let client = raw(|message| vec!["Listening...".into(), result(message, json!({})).to_string()]).await;
    let reply = client.request("tell", json!({})).await;
    let text = panic_of(|| drop(reply.error()));
    assert!(
        text.contains("! the server wrote a line that is no JSON: Listening..."),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_goes_away_is_told_from_one_that_answers() {
    let mut client = Client::spawn(crate::program()).await;
    let waiting = client.call("wait", json!({})).start().await;
    client.next_notification("notifications/progress").await;
    client.process().kill().await;
    let text = panic_of({
        let reply = waiting.reply().await;
        move || drop(reply.text())
    });
    assert!(text.contains("the server closed the connection"), "{text}");
    assert!(text.contains("the fixture has started"), "{text}");
}
