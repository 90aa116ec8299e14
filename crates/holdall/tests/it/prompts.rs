//! Prompts: text and conversations, typed arguments.

use holdall::prelude::*;
use holdall::protocol::PromptMessage;
use rmcp::model::GetPromptRequestParams;
use serde_json::json;

use crate::client::connect;

/// Review a piece of code.
#[prompt(title = "Code review")]
fn review(
    /// The code.
    code: String,
    #[arg(default = "rust")] language: String,
    #[arg(range = 1..=5)] strictness: Option<u8>,
) -> String {
    format!("Review this {language} code, strictness {strictness:?}: {code}")
}

/// Practise an interview.
#[prompt]
async fn interview(topic: String) -> Vec<PromptMessage> {
    vec![
        user(format!("Interview me about {topic}.")),
        assistant("Gladly. First question:"),
    ]
}

#[tokio::test]
async fn prompts_are_listed_and_written() {
    let client = connect(Server::new("test").add(prompts![review, interview])).await;
    let prompts = client.0.list_all_prompts().await.expect("prompts are listed");
    let arguments = json!({"code": "x()", "strictness": "3"})
        .as_object()
        .cloned()
        .expect("an object");
    let review = client
        .0
        .get_prompt(GetPromptRequestParams::new("review").with_arguments(arguments))
        .await;
    let arguments = json!({"topic": "Rust"}).as_object().cloned().expect("an object");
    let interview = client
        .0
        .get_prompt(GetPromptRequestParams::new("interview").with_arguments(arguments))
        .await;
    insta::assert_json_snapshot!((prompts, review.expect("it exists"), interview.expect("it exists")));
}

#[tokio::test]
async fn wrong_arguments_are_named() {
    let client = connect(Server::new("test").add(prompts![review, interview])).await;
    let arguments = json!({"strictness": "9"})
        .as_object()
        .cloned()
        .expect("an object");
    let request = GetPromptRequestParams::new("review").with_arguments(arguments);
    let error = client
        .0
        .get_prompt(request)
        .await
        .expect_err("the arguments are wrong")
        .to_string();
    assert!(
        error.contains("/code: is required") && error.contains("/strictness: expected 5 or less"),
        "{error}"
    );
}
