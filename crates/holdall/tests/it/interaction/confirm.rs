//! `Context::confirm` is true or false, or an error that says how to confirm.

use std::sync::atomic::{AtomicU32, Ordering};

use holdall::prelude::*;
use serde_json::{Value, json};

use super::Name;
use crate::wire::{Wire, accept, asked, refusal, text};

#[derive(Default)]
struct Tasks(AtomicU32);

/// Delete tasks.
#[tool(destructive)]
async fn delete(ctx: Context, tasks: State<Tasks>, ids: Vec<u32>) -> CallResult<String> {
    if !ctx.confirm(format!("Delete {} tasks?", ids.len())).await? {
        return Ok("kept".into());
    }
    tasks.0.fetch_add(1, Ordering::Relaxed);
    Ok("deleted".into())
}

/// Delete everything, which is confirmed twice.
#[tool(destructive)]
fn delete_everything(ctx: &Context) -> CallResult<String> {
    let sure = ctx.wait(ctx.confirm("Delete everything?"))? && ctx.wait(ctx.confirm("Really everything?"))?;
    Ok(if sure { "deleted" } else { "kept" }.into())
}

fn server() -> Server {
    let tools = [delete_tool().confirmable(), everything_tool().confirmable()];
    Server::new("tasks").state(Tasks::default()).add(Vec::from(tools))
}

fn delete_tool() -> Tool {
    <delete as holdall::ToolFunction>::tool()
}

fn everything_tool() -> Tool {
    <delete_everything as holdall::ToolFunction>::tool()
}

fn forms() -> Value {
    json!({"elicitation": {}})
}

fn confirmed(ids: Value, code: &str) -> Value {
    json!({"ids": ids, "confirmation": code})
}

/// The code in the hint of a refused call.
fn code(reply: &Value) -> String {
    assert_eq!(refusal(reply)["kind"], "confirmation_required", "{reply}");
    let hint = refusal(reply)["hint"].as_str().expect("a hint");
    let code = hint.split('"').nth(1).unwrap_or_else(|| panic!("{hint}"));
    code.to_owned()
}

#[tokio::test]
async fn a_person_agrees_in_the_next_round() {
    let mut wire = Wire::modern(server(), forms());
    let call = |answer: Value, state: &Value| {
        json!({
            "name": "delete",
            "arguments": {"ids": [1, 2, 3]},
            "inputResponses": {"confirm_1": answer},
            "requestState": state,
        })
    };
    let first = wire.call("delete", json!({"ids": [1, 2, 3]})).await;
    assert_eq!(asked(&first), ["confirm_1"]);
    let params = &first["result"]["inputRequests"]["confirm_1"]["params"];
    assert_eq!(params["message"], "Delete 3 tasks?");
    assert_eq!(
        params["requestedSchema"],
        json!({"type": "object", "properties": {}})
    );
    let state = &first["result"]["requestState"];
    for (answer, says) in [
        (json!({"action": "accept"}), "deleted"),
        (accept(json!({})), "deleted"),
        (accept(json!({"confirm": true})), "deleted"),
        (accept(json!({"confirm": false})), "kept"),
        (json!({"action": "decline"}), "kept"),
        (json!({"action": "cancel"}), "kept"),
    ] {
        let second = wire.request("tools/call", call(answer, state)).await;
        assert_eq!(text(&second), says);
    }
    // Nobody agrees to what was never put to them.
    let unasked = wire
        .request("tools/call", call(accept(json!({})), &Value::Null))
        .await;
    assert_eq!(asked(&unasked), ["confirm_1"]);
}

#[derive(Default)]
struct Count(AtomicU32);

/// Delete what there is, which becomes more each time one looks.
#[tool]
async fn delete_all(ctx: Context, count: State<Count>) -> CallResult<bool> {
    let count = count.0.fetch_add(1, Ordering::Relaxed).min(1);
    ctx.confirm(format!("Delete {count} tasks?")).await
}

#[tokio::test]
async fn agreeing_to_one_thing_is_not_agreeing_to_another() {
    let server = Server::new("tasks")
        .state(Count::default())
        .add(tools![delete_all]);
    let mut wire = Wire::modern(server, forms());
    let first = wire.call("delete_all", json!({})).await;
    let agreed = json!({"confirm_1": {"action": "accept"}});
    let second = wire.again("delete_all", &first, agreed.clone()).await;
    assert_eq!(asked(&second), ["confirm_1"]);
    let third = wire.again("delete_all", &second, agreed).await;
    assert_eq!(text(&third), "true");
}

/// Delete what there is, and note who did it.
#[tool]
async fn delete_and_sign(ctx: Context, count: State<Count>) -> CallResult<String> {
    // Another number from the third look on.
    let count = count.0.fetch_add(1, Ordering::Relaxed) / 2;
    let agreed = ctx.confirm(format!("Delete {count} tasks?")).await?;
    let Name { name } = ctx.elicit("Who are you?").await?.required()?;
    Ok(format!("{name} {agreed} {count}"))
}

#[tokio::test]
async fn what_was_agreed_to_is_asked_again_if_it_becomes_something_else() {
    let server = Server::new("tasks")
        .state(Count::default())
        .add(tools![delete_and_sign]);
    let mut wire = Wire::modern(server, forms());
    let agreed = json!({"confirm_1": {"action": "accept"}});
    let first = wire.call("delete_and_sign", json!({})).await;
    let second = wire.again("delete_and_sign", &first, agreed.clone()).await;
    assert_eq!(asked(&second), ["elicit_2"]);
    let name = json!({"elicit_2": accept(json!({"name": "Ada"}))});
    let third = wire.again("delete_and_sign", &second, name).await;
    assert_eq!(asked(&third), ["confirm_1"]);
    let params = &third["result"]["inputRequests"]["confirm_1"]["params"];
    assert_eq!(params["message"], "Delete 1 tasks?");
}

#[tokio::test]
async fn a_person_agrees_while_the_call_waits() {
    let mut wire = Wire::legacy(server(), "2025-06-18", forms()).await;
    for (action, says) in [("accept", "deleted"), ("decline", "kept"), ("cancel", "kept")] {
        let params = json!({"name": "delete", "arguments": {"ids": [1]}});
        let call = wire.start("tools/call", params).await;
        let question = wire.expect("elicitation/create").await;
        assert_eq!(question["params"]["message"], "Delete 1 tasks?");
        wire.answer(&question, json!({"action": action})).await;
        assert_eq!(text(&wire.reply(call).await), says);
    }
}

#[tokio::test]
async fn where_nobody_can_be_asked_the_call_is_confirmed_by_calling_again() {
    let mut older = Wire::legacy(server(), "2025-03-26", json!({})).await;
    let mut newer = Wire::modern(server(), json!({}));
    for wire in [&mut older, &mut newer] {
        let refused = wire.call("delete", json!({"ids": [1, 2]})).await;
        let message = refusal(&refused)["message"].as_str().expect("a message");
        assert!(message.contains("Delete 2 tasks?"), "{message}");
        let code = code(&refused);
        // The hint stands in the text, too: some models read nothing else.
        assert!(
            refused["result"]["content"][0]["text"]
                .to_string()
                .contains(&code)
        );
        let again = wire.call("delete", confirmed(json!([1, 2]), &code)).await;
        assert_eq!(text(&again), "deleted");
        let other = wire.call("delete", confirmed(json!([1, 3]), &code)).await;
        assert_eq!(refusal(&other)["kind"], "confirmation_required");
        assert!(
            refusal(&other)["hint"].to_string().contains("not valid"),
            "{other}"
        );
    }
}

#[tokio::test]
async fn a_code_that_was_not_given_out_confirms_nothing() {
    let mut wire = Wire::modern(server(), json!({}));
    let code = code(&wire.call("delete", json!({"ids": [1]})).await);
    for index in 0..code.len() {
        let mut changed = code.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        let reply = wire.call("delete", confirmed(json!([1]), &changed)).await;
        assert_eq!(refusal(&reply)["kind"], "confirmation_required", "{changed}");
    }
    for made_up in ["", "yes", "true", &"A".repeat(100_000)] {
        let reply = wire.call("delete", confirmed(json!([1]), made_up)).await;
        assert_eq!(refusal(&reply)["kind"], "confirmation_required");
    }
    // A state is no code, though the same key seals both.
    let mut asking = Wire::modern(server(), forms());
    let first = asking.call("delete", json!({"ids": [1]})).await;
    let state = first["result"]["requestState"]
        .as_str()
        .expect("a state")
        .to_owned();
    let second = asking.call("delete", confirmed(json!([1]), &state)).await;
    assert_eq!(asked(&second), ["confirm_1"]);
}

#[tokio::test]
async fn a_code_is_good_for_its_own_caller() {
    let keys = || server().request_state_keys([[7; 32]]);
    let called_by = |name: &'static str| {
        let service = keys().build().expect("the server is right");
        Wire::modern_to(
            service.identified_by(move |_| Principal::new(name, [""; 0])),
            json!({}),
        )
    };
    let code = code(&called_by("ada").call("delete", json!({"ids": [1]})).await);
    let reply = called_by("bob")
        .call("delete", confirmed(json!([1]), &code))
        .await;
    assert_eq!(refusal(&reply)["kind"], "confirmation_required");
    let reply = called_by("ada")
        .call("delete", confirmed(json!([1]), &code))
        .await;
    assert_eq!(text(&reply), "deleted");
}

#[tokio::test]
async fn two_questions_are_confirmed_one_after_the_other() {
    let mut wire = Wire::legacy(server(), "2025-11-25", json!({})).await;
    let first = code(&wire.call("delete_everything", json!({})).await);
    let reply = wire
        .call("delete_everything", json!({"confirmation": first}))
        .await;
    assert!(
        refusal(&reply)["message"]
            .to_string()
            .contains("Really everything?"),
        "{reply}"
    );
    let second = code(&reply);
    let reply = wire
        .call("delete_everything", json!({"confirmation": second}))
        .await;
    assert_eq!(text(&reply), "deleted");
}

/// Publish something, with an argument of the same name.
#[tool]
async fn publish(ctx: Context, confirmation: Option<String>) -> CallResult<String> {
    let agreed = ctx.confirm("Publish?").await?;
    Ok(format!("{agreed} {confirmation:?}"))
}

#[tokio::test]
async fn without_the_argument_the_hint_names_the_client_it_takes() {
    let publish = <publish as holdall::ToolFunction>::tool().confirmable();
    let server = Server::new("tasks")
        .state(Tasks::default())
        .add(delete_tool())
        .add(publish);
    let mut wire = Wire::modern(server.clone(), json!({}));
    for (tool, arguments) in [
        ("delete", json!({"ids": []})),
        ("publish", json!({"confirmation": "mine"})),
    ] {
        let reply = wire.call(tool, arguments).await;
        assert_eq!(refusal(&reply)["kind"], "confirmation_required");
        let hint = refusal(&reply)["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("elicitation") && !hint.contains("again"), "{hint}");
    }
    // The author's own argument arrives.
    let mut wire = Wire::legacy(server, "2025-11-25", forms()).await;
    let params = json!({"name": "publish", "arguments": {"confirmation": "mine"}});
    let call = wire.start("tools/call", params).await;
    let question = wire.expect("elicitation/create").await;
    wire.answer(&question, json!({"action": "accept"})).await;
    assert_eq!(text(&wire.reply(call).await), "true Some(\"mine\")");
}

#[tokio::test]
async fn the_argument_is_listed() {
    let schema =
        json!({"type": "object", "properties": {"id": {"type": "integer"}}, "additionalProperties": false});
    let by_hand = Tool::new("by_hand")
        .input_schema(schema.as_object().cloned().expect("an object"))
        .without_context()
        .confirmable()
        .handler(async |call: Call| {
            let agreed = call.context().confirm("Go on?").await?;
            Ok(format!(
                "{agreed} {}",
                call.arguments().contains_key("confirmation")
            ))
        });
    let service = server().add(by_hand).build().expect("the server is right");
    assert!(!service.answers_without_context("by_hand", &Principal::local()));
    let mut wire = Wire::modern_to(service, json!({}));
    let listed = wire.request("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().expect("tools").clone();
    for tool in tools {
        let schema = &tool["inputSchema"];
        assert_eq!(schema["properties"]["confirmation"]["type"], "string", "{tool}");
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        assert!(!required.contains(&json!("confirmation")), "{tool}");
    }
    let code = code(&wire.call("by_hand", json!({"id": 1})).await);
    let reply = wire.call("by_hand", json!({"id": 1, "confirmation": code})).await;
    assert_eq!(text(&reply), "true false");
}
