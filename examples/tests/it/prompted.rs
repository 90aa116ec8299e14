//! `prompts`: messages, conversations, arguments.

use holdall_testkit::Client;
use serde_json::{Value, json};

use crate::prompts::server;

/// Who speaks, in order.
fn roles(messages: &Value) -> Vec<&str> {
    let messages = messages.as_array().unwrap().iter();
    messages
        .map(|message| message["role"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_text_is_one_message() {
    let client = Client::connect(server()).await;
    let reply = client
        .prompt("review_code", json!({"code": "fn main() {}"}))
        .await;
    assert_eq!(roles(&reply.raw()["messages"]), ["user"]);
    assert!(
        reply.text().contains("```rust\nfn main() {}\n```"),
        "{}",
        reply.text()
    );
    client
        .prompt("review_code", json!({}))
        .await
        .expect_error("invalid_arguments");
}

#[tokio::test]
async fn an_interview_has_begun_already() {
    let client = Client::connect(server()).await;
    let arguments = json!({"job": "baker", "strictness": "5"});
    let reply = client.prompt("simulate_interview", arguments).await;
    assert_eq!(roles(&reply.raw()["messages"]), ["user", "assistant"]);
    assert_eq!(reply.raw()["description"], "An interview for the job of a baker");
    assert!(reply.text().contains("strictness 5 of 5"), "{}", reply.text());

    let jobs = client.complete_prompt("simulate_interview", "job", "g").await;
    assert_eq!(jobs.values(), ["gardener"]);

    let arguments = json!({"job": "baker", "strictness": "6"});
    let error = client.prompt("simulate_interview", arguments).await;
    error.expect_error("invalid_arguments").problem("/strictness");
}

#[tokio::test]
async fn an_incident_comes_with_its_log_if_there_is_one() {
    let client = Client::connect(server()).await;
    let with = client
        .prompt(
            "debug_incident",
            json!({"symptom": "checkout is slow", "log": "timeout"}),
        )
        .await;
    let messages = &with.raw()["messages"];
    assert_eq!(roles(messages), ["user", "assistant", "user", "user"]);
    assert_eq!(messages[2]["content"]["resource"]["text"], "timeout");

    let without = client
        .prompt("debug_incident", json!({"symptom": "checkout is slow"}))
        .await;
    assert!(without.text().contains("I have none yet"), "{}", without.text());

    let wrong = client.prompt("debug_incident", json!({"symptom": ""})).await;
    wrong.expect_error("invalid_arguments").problem("/symptom");
}
