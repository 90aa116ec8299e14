//! Thinking, as clients see it: whose steps are whose.

use holdall::{Principal, Server, Service};
use holdall_testkit::Client;
use holdall_toolsets::thinking::ThinkingToolset;
use serde_json::{Value, json};

fn service() -> Service {
    Server::new("test").add(ThinkingToolset::new()).build().unwrap()
}

fn thought(number: u32, more: bool) -> Value {
    json!({"thought": "a canary 7d1f", "nextThoughtNeeded": more, "thoughtNumber": number, "totalThoughts": 3})
}

fn with(mut thought: Value, more: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut thought, more) else {
        panic!("objects")
    };
    fields.extend(more);
    thought
}

#[tokio::test]
async fn a_prompt_written_for_the_reference_server_goes_on_working() {
    let client = Client::connect(service()).await;
    assert_eq!(client.tool_names().await, ["sequentialthinking"]);
    let think = async |arguments: Value| client.call("sequentialthinking", arguments).await.json();
    assert_eq!(
        think(thought(1, true)).await,
        json!({
            "thoughtNumber": 1,
            "totalThoughts": 3,
            "nextThoughtNeeded": true,
            "branches": [],
            "thoughtHistoryLength": 1
        })
    );
    let revision = with(thought(2, true), json!({"isRevision": true, "revisesThought": 1}));
    assert_eq!(think(revision).await["thoughtHistoryLength"], 2);
    let branch = json!({"branchFromThought": 1, "branchId": "b", "needsMoreThoughts": true});
    // Models send numbers and truth as text.
    let branch = with(
        branch,
        json!({"thought": "x", "nextThoughtNeeded": "true", "thoughtNumber": "5", "totalThoughts": "3"}),
    );
    let standing = think(branch).await;
    assert_eq!(standing["branches"], json!(["b"]));
    assert_eq!(
        standing["totalThoughts"], 5,
        "adjusted to the number of the thought"
    );
    assert_eq!(think(thought(6, false)).await["thoughtHistoryLength"], 4);
    // What begins after an end is another problem.
    let anew = think(thought(1, true)).await;
    assert_eq!(
        (&anew["branches"], &anew["thoughtHistoryLength"]),
        (&json!([]), &json!(1))
    );
}

#[tokio::test]
async fn nobody_sees_the_steps_of_another_principal() {
    let service = service();
    let branch = json!({"branchFromThought": 1, "branchId": "secret plan"});
    let ada = Client::connect(service.clone())
        .principal(Principal::new("ada", ["x"]))
        .await;
    let bob = Client::connect(service)
        .principal(Principal::new("bob", ["x"]))
        .await;
    for _ in 0..2 {
        ada.call("sequentialthinking", with(thought(2, true), branch.clone()))
            .await
            .json();
    }
    let standing = bob.call("sequentialthinking", thought(1, true)).await.json();
    assert_eq!(
        (&standing["branches"], &standing["thoughtHistoryLength"]),
        (&json!([]), &json!(1))
    );
    let standing = ada.call("sequentialthinking", thought(3, true)).await.json();
    assert_eq!(standing["branches"], json!(["secret plan"]));
    assert_eq!(standing["thoughtHistoryLength"], 3);
}

#[tokio::test]
async fn over_http_a_session_is_a_history_and_anonymous_callers_without_one_have_none() {
    let service = service();
    let branch = json!({"branchFromThought": 1, "branchId": "mine"});
    let one = Client::http(service.clone()).protocol("2025-11-25").await;
    for expected in 1..3 {
        let arguments = with(thought(1, true), branch.clone());
        let standing = one.call("sequentialthinking", arguments).await.json();
        assert_eq!(standing["thoughtHistoryLength"], expected, "the session goes on");
    }
    let other = Client::http(service.clone()).protocol("2025-11-25").await;
    let standing = other.call("sequentialthinking", thought(1, true)).await.json();
    assert_eq!(
        (&standing["branches"], &standing["thoughtHistoryLength"]),
        (&json!([]), &json!(1))
    );
    let stateless = Client::http(service).protocol("2026-07-28").await;
    for _ in 0..2 {
        let standing = stateless
            .call("sequentialthinking", thought(1, true))
            .await
            .json();
        assert_eq!(standing["branches"], json!([]));
        assert_eq!(standing["thoughtHistoryLength"], 1, "each call stands alone");
    }
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let client = Client::connect(service()).await;
    let wrong =
        json!({"thought": "", "nextThoughtNeeded": "perhaps", "thoughtNumber": 0, "totalThoughts": 1.5});
    let error = client
        .call("sequentialthinking", wrong)
        .await
        .expect_error("invalid_arguments");
    for path in [
        "/thought",
        "/nextThoughtNeeded",
        "/thoughtNumber",
        "/totalThoughts",
    ] {
        error.problem(path);
    }
    let long = with(
        thought(1, true),
        json!({"branchFromThought": 1, "branchId": "x".repeat(101)}),
    );
    let error = client
        .call("sequentialthinking", long)
        .await
        .expect_error("invalid_arguments");
    error.problem("/branchId");
}
