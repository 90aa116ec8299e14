//! Clients before 2026-07-28: the server sends requests of its own, and the function waits.

use std::time::Duration;

use holdall::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Name, server};
use crate::wire::{Wire, accept, refusal, text};

const ELICIT: &str = "elicitation/create";

fn all() -> Value {
    json!({"elicitation": {}, "sampling": {}, "roots": {}})
}

#[tokio::test]
async fn a_form_is_a_request_of_the_server() {
    for version in ["2025-06-18", "2025-11-25"] {
        for tool in ["greet", "greet_blocking"] {
            let mut wire = Wire::legacy(server(), version, all()).await;
            let call = wire
                .start("tools/call", json!({"name": tool, "arguments": {}}))
                .await;
            let question = wire.expect(ELICIT).await;
            assert_eq!(question["params"]["message"], "What is your name?");
            assert_eq!(
                question["params"]["requestedSchema"],
                json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})
            );
            wire.answer(&question, accept(json!({"name": "Alice"}))).await;
            assert_eq!(text(&wire.reply(call).await), "Hello, Alice!");
        }
    }
}

#[tokio::test]
async fn declining_and_closing_are_answers_too() {
    for (action, says) in [("decline", "declined"), ("cancel", "cancelled")] {
        let mut wire = Wire::legacy(server(), "2025-11-25", all()).await;
        let call = wire
            .start("tools/call", json!({"name": "greet", "arguments": {}}))
            .await;
        let question = wire.expect(ELICIT).await;
        wire.answer(&question, json!({"action": action})).await;
        assert_eq!(text(&wire.reply(call).await), says);
    }
}

#[tokio::test]
async fn joined_questions_are_all_asked_before_the_first_answer() {
    let mut wire = Wire::legacy(server(), "2025-11-25", all()).await;
    let call = wire
        .start("tools/call", json!({"name": "everything", "arguments": {}}))
        .await;
    let name = wire.expect(ELICIT).await;
    let greeting = wire.expect("sampling/createMessage").await;
    let roots = wire.expect("roots/list").await;
    assert_eq!(greeting["params"]["maxTokens"], 50);
    wire.answer(&roots, json!({"roots": [{"uri": "file:///a"}]}))
        .await;
    let content = json!({"type": "text", "text": "Good day"});
    wire.answer(
        &greeting,
        json!({"role": "assistant", "content": content, "model": "m"}),
    )
    .await;
    wire.answer(&name, accept(json!({"name": "Alice"}))).await;
    assert_eq!(text(&wire.reply(call).await), "Good day, Alice in 1");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_again_but_not_for_ever() {
    let mut wire = Wire::legacy(server(), "2025-11-25", all()).await;
    let call = wire
        .start("tools/call", json!({"name": "age", "arguments": {}}))
        .await;
    let first = wire.expect(ELICIT).await;
    wire.answer(&first, accept(json!({"age": 0}))).await;
    let second = wire.expect(ELICIT).await;
    assert_eq!(
        second["params"]["message"],
        "How old are you?\n\nThe last answer did not fit: /age: expected 1 or more, got 0"
    );
    wire.answer(&second, accept(json!({"age": "many"}))).await;
    let third = wire.expect(ELICIT).await;
    wire.answer(&third, accept(json!({"age": "42"}))).await;
    assert_eq!(text(&wire.reply(call).await), "42 years");

    let call = wire
        .start("tools/call", json!({"name": "age", "arguments": {}}))
        .await;
    for _ in 0..3 {
        let question = wire.expect(ELICIT).await;
        wire.answer(&question, accept(json!({}))).await;
    }
    let reply = wire.reply(call).await;
    assert_eq!(refusal(&reply)["kind"], "failed");
    assert!(reply.to_string().contains("/age: is required"), "{reply}");
}

#[tokio::test]
async fn what_the_client_did_not_declare_is_refused_with_a_hint() {
    let mut wire = Wire::legacy(server(), "2025-11-25", json!({})).await;
    for (tool, declares) in [
        ("greet", "elicitation"),
        ("capital", "sampling"),
        ("folders", "roots"),
    ] {
        let reply = wire.call(tool, json!({})).await;
        assert_eq!(refusal(&reply)["kind"], "unsupported_by_client");
        let hint = refusal(&reply)["hint"].as_str().unwrap_or_default();
        assert!(hint.contains(declares), "{hint}");
    }
    assert!(wire.others.is_empty(), "{:?}", wire.others);
}

#[tokio::test]
async fn what_the_client_refuses_is_told() {
    let mut wire = Wire::legacy(server(), "2025-11-25", all()).await;
    for (code, kind) in [(-1, "declined"), (-32601, "unsupported_by_client")] {
        let call = wire
            .start("tools/call", json!({"name": "capital", "arguments": {}}))
            .await;
        let question = wire.expect("sampling/createMessage").await;
        let error = json!({"code": code, "message": "User rejected sampling request"});
        wire.send(json!({"jsonrpc": "2.0", "id": question["id"], "error": error}))
            .await;
        assert_eq!(refusal(&wire.reply(call).await)["kind"], kind);
    }
}

/// Ask, with little time.
#[tool(timeout = "1s")]
async fn quick(ctx: Context) -> CallResult<String> {
    let Name { name } = ctx.elicit("Name?").await?.required()?;
    Ok(name)
}

/// Ask, then take too long.
#[tool(timeout = "1s")]
async fn slow_afterwards(ctx: Context) -> CallResult<String> {
    ctx.elicit::<Name>("Name?").await?;
    std::future::pending().await
}

/// Ask from a thread, with little time.
#[tool(timeout = "1s")]
fn quick_blocking(ctx: &Context) -> CallResult<String> {
    let Name { name } = ctx.wait(ctx.elicit("Name?"))?.required()?;
    Ok(name)
}

fn in_a_hurry() -> Server {
    Server::new("asking").add(tools![quick, slow_afterwards, quick_blocking])
}

#[tokio::test(start_paused = true)]
async fn a_person_may_take_longer_than_the_call() {
    let mut wire = Wire::legacy(in_a_hurry(), "2025-11-25", all()).await;
    for tool in ["quick", "quick_blocking"] {
        let call = wire
            .start("tools/call", json!({"name": tool, "arguments": {}}))
            .await;
        let question = wire.expect(ELICIT).await;
        tokio::time::advance(Duration::from_secs(60)).await;
        wire.answer(&question, accept(json!({"name": "Alice"}))).await;
        assert_eq!(text(&wire.reply(call).await), "Alice");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_answer_the_clock_goes_on() {
    let mut wire = Wire::legacy(in_a_hurry(), "2025-11-25", all()).await;
    let call = wire
        .start("tools/call", json!({"name": "slow_afterwards", "arguments": {}}))
        .await;
    let question = wire.expect(ELICIT).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let answered = tokio::time::Instant::now();
    wire.answer(&question, accept(json!({"name": "Alice"}))).await;
    assert_eq!(refusal(&wire.reply(call).await)["kind"], "timed_out");
    assert_eq!(answered.elapsed().as_millis().div_ceil(100), 10);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let server = in_a_hurry().answer_within(Duration::from_secs(90));
    let mut wire = Wire::legacy(server, "2025-11-25", all()).await;
    let call = wire
        .start("tools/call", json!({"name": "quick", "arguments": {}}))
        .await;
    let question = wire.expect(ELICIT).await;
    let reply = wire.reply(call).await;
    assert_eq!(refusal(&reply)["kind"], "timed_out");
    assert!(reply.to_string().contains("did not answer within 90s"), "{reply}");
    // And the person need not answer any more.
    let taken_back = wire.expect("notifications/cancelled").await;
    assert_eq!(taken_back["params"]["requestId"], question["id"]);
}

#[tokio::test]
async fn cancelling_the_call_takes_the_question_back() {
    for tool in ["greet", "greet_blocking"] {
        let mut wire = Wire::legacy(server(), "2025-11-25", all()).await;
        let call = wire
            .start("tools/call", json!({"name": tool, "arguments": {}}))
            .await;
        let question = wire.expect(ELICIT).await;
        let cancelled = json!({"requestId": call, "reason": "changed my mind"});
        wire.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled}))
            .await;
        let taken_back = wire.expect("notifications/cancelled").await;
        assert_eq!(taken_back["params"]["requestId"], question["id"]);
        // The server goes on.
        assert!(wire.request("ping", json!({})).await["result"].is_object());
    }
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    /// As big as a fist.
    #[default]
    Small,
    /// As big as a head.
    Large,
}

#[derive(Deserialize, JsonSchema)]
struct Order {
    /// What it is called.
    name: String,
    #[serde(default)]
    size: Size,
    extras: Option<Vec<Size>>,
    wrapped: Option<bool>,
}

/// Ask for many things.
#[tool]
async fn order(ctx: Context) -> CallResult<String> {
    let order: Order = ctx.elicit("What may it be?").await?.required()?;
    let size = serde_json::to_string(&order.size)?;
    Ok(format!(
        "{} {size} {} {:?}",
        order.name,
        order.extras.is_some(),
        order.wrapped
    ))
}

#[tokio::test]
async fn titles_of_choices_are_written_as_the_client_knows_them() {
    let server = || Server::new("asking").add(tools![order]);
    let mut wire = Wire::legacy(server(), "2025-06-18", all()).await;
    let call = wire
        .start("tools/call", json!({"name": "order", "arguments": {}}))
        .await;
    let question = wire.expect(ELICIT).await;
    insta::assert_json_snapshot!(question["params"]["requestedSchema"]["properties"]["size"]);
    wire.answer(&question, accept(json!({"name": "ball", "wrapped": null})))
        .await;
    assert_eq!(text(&wire.reply(call).await), "ball \"small\" false None");

    let mut wire = Wire::legacy(server(), "2025-11-25", all()).await;
    let call = wire
        .start("tools/call", json!({"name": "order", "arguments": {}}))
        .await;
    let question = wire.expect(ELICIT).await;
    insta::assert_json_snapshot!(question["params"]["requestedSchema"]);
    let content = json!({"name": "ball", "size": "large", "extras": ["small"], "wrapped": true});
    wire.answer(&question, accept(content)).await;
    assert_eq!(text(&wire.reply(call).await), "ball \"large\" true Some(true)");
}

/// Sign in.
#[tool]
async fn sign_in(ctx: Context) -> CallResult<String> {
    let visit = ctx.elicit_url("Please sign in", "https://example.org/sign-in");
    Ok(format!("{:?}", visit.await?))
}

#[tokio::test]
async fn a_page_is_visited_under_a_name_of_its_own() {
    let server = Server::new("asking").add(tools![sign_in]);
    let mut wire = Wire::legacy(server, "2025-11-25", json!({"elicitation": {"url": {}}})).await;
    let mut names = Vec::new();
    for _ in 0..2 {
        let call = wire
            .start("tools/call", json!({"name": "sign_in", "arguments": {}}))
            .await;
        let question = wire.expect(ELICIT).await;
        assert_eq!(question["params"]["mode"], "url");
        names.push(
            question["params"]["elicitationId"]
                .as_str()
                .expect("a name")
                .to_owned(),
        );
        wire.answer(&question, json!({"action": "accept"})).await;
        assert_eq!(text(&wire.reply(call).await), "Accepted(())");
    }
    assert_ne!(names[0], names[1]);
    assert!(names[0].len() >= 16);
}

/// Wait where nobody may wait.
#[tool]
async fn waits_in_async(ctx: Context) -> String {
    match ctx.wait(ctx.confirm("Really?")) {
        Ok(_) => "waited".into(),
        Err(error) => format!("not here: {}", error.kind()),
    }
}

#[tokio::test]
async fn waiting_on_an_asynchronous_worker_is_an_error_and_no_deadlock() {
    let server = Server::new("asking").add(tools![waits_in_async]);
    let mut wire = Wire::legacy(server, "2025-11-25", all()).await;
    let reply = wire.call("waits_in_async", json!({})).await;
    assert_eq!(text(&reply), "not here: internal");
    assert!(wire.others.is_empty(), "{:?}", wire.others);
}

#[tokio::test]
async fn completing_asks_nobody() {
    let params = json!({
        "ref": {"type": "ref/prompt", "name": "completing"},
        "argument": {"name": "word", "value": ""},
    });
    // Completes by asking, which nobody can.
    let asks = |_: &str, call: &Call| {
        let agreed = call.context().wait(call.context().confirm("Complete?"));
        agreed.map(|agreed| vec![agreed.to_string()])
    };
    let prompt = Prompt::new("completing")
        .argument(Argument::of::<String>("word"))
        .complete("word", Completer::new(asks))
        .handler(async |mut call: Call| call.take::<String>("word"));
    let server = || Server::new("asking").add(prompt.clone());
    let mut older = Wire::legacy(server(), "2025-11-25", all()).await;
    let mut newer = Wire::modern(server(), all());
    for wire in [&mut older, &mut newer] {
        let reply = wire.request("completion/complete", params.clone()).await;
        assert!(
            reply["error"]["message"]
                .to_string()
                .contains("confirmation_required"),
            "{reply}"
        );
        assert!(wire.others.is_empty());
    }
}
