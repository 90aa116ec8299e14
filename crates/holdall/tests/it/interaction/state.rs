//! The state between two rounds belongs to one call of one caller: whatever else is done with it gets an error.

use holdall::prelude::*;
use serde_json::{Value, json};

use super::{Name, server};
use crate::wire::{Wire, accept, asked, text};

fn forms() -> Value {
    json!({"elicitation": {}})
}

/// Neither a result nor another question, but an error that says how to go on.
fn assert_refused(reply: &Value) {
    assert_eq!(reply["error"]["code"], -32602, "{reply}");
    let message = reply["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("start over"), "{reply}");
    assert!(reply.get("result").is_none(), "{reply}");
}

fn with_state(name: &str, arguments: Value, state: &str) -> Value {
    json!({
        "name": name,
        "arguments": arguments,
        "inputResponses": {"user_name": accept(json!({"name": "Alice"}))},
        "requestState": state,
    })
}

#[tokio::test]
async fn a_changed_state_gets_no_result_whichever_byte_is_changed() {
    let mut wire = Wire::modern(server(), forms());
    let first = wire.call("greet", json!({})).await;
    let state = first["result"]["requestState"]
        .as_str()
        .expect("a state")
        .to_owned();
    for index in 0..state.len() {
        let mut changed = state.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        let reply = wire
            .request("tools/call", with_state("greet", json!({}), &changed))
            .await;
        assert_refused(&reply);
    }
    for changed in [
        format!("{state}-TAMPERED"),
        format!("{state}A"),
        format!(" {state}"),
        state[1..].to_owned(),
        state[..state.len() - 1].to_owned(),
        String::new(),
        "A".repeat(1024 * 1024),
    ] {
        let reply = wire
            .request("tools/call", with_state("greet", json!({}), &changed))
            .await;
        assert_refused(&reply);
    }
    let whole = wire
        .request("tools/call", with_state("greet", json!({}), &state))
        .await;
    assert_eq!(text(&whole), "Hello, Alice!");
}

/// Ask about something.
#[tool]
async fn about(ctx: Context, thing: String, count: Option<u32>) -> CallResult<String> {
    let Name { name } = ctx.elicit("Who?").key("user_name").await?.required()?;
    Ok(format!("{name}: {thing} {count:?}"))
}

/// Never ask.
#[tool]
async fn plain(thing: String) -> String {
    thing
}

#[tokio::test]
async fn a_state_is_good_for_its_own_arguments_and_tool() {
    let server = server().add(tools![about, plain]);
    let mut wire = Wire::modern(server, forms());
    let arguments = json!({"thing": "tea", "count": 2});
    let first = wire.call("about", arguments.clone()).await;
    let state = first["result"]["requestState"]
        .as_str()
        .expect("a state")
        .to_owned();
    for (name, arguments) in [
        ("about", json!({"thing": "tea", "count": 3})),
        ("about", json!({"thing": "tea"})),
        // A mistake in the arguments would be told in a result.
        ("about", json!({})),
        ("about", json!({"thing": "tea", "count": 2, "cuont": 2})),
        ("plain", json!({"thing": "tea"})),
        ("greet", json!({})),
    ] {
        let reply = wire
            .request("tools/call", with_state(name, arguments, &state))
            .await;
        assert_refused(&reply);
    }
    // The same arguments in another order, and written another way.
    for arguments in [
        json!({"count": 2, "thing": "tea"}),
        json!({"thing": "tea", "count": "2"}),
    ] {
        let reply = wire
            .request("tools/call", with_state("about", arguments, &state))
            .await;
        assert_eq!(text(&reply), "Alice: tea Some(2)");
    }
}

fn keyed(keys: &[u8]) -> Server {
    server().request_state_keys(keys.iter().map(|key| vec![*key; 32]))
}

fn called_by(server: Server, name: &'static str) -> Wire {
    let service = server.build().expect("the server is right");
    let service = service.identified_by(move |_| Principal::new(name, ["scope"]));
    Wire::modern_to(service, forms())
}

#[tokio::test]
async fn a_state_is_good_for_its_own_caller() {
    let mut ada = called_by(keyed(&[1]), "ada");
    let first = ada.call("greet", json!({})).await;
    let state = first["result"]["requestState"].as_str().expect("a state");
    let params = with_state("greet", json!({}), state);
    let mut bob = called_by(keyed(&[1]), "bob");
    assert_refused(&bob.request("tools/call", params.clone()).await);
    // Another process with the same keys will do.
    let mut ada = called_by(keyed(&[1]), "ada");
    assert_eq!(text(&ada.request("tools/call", params).await), "Hello, Alice!");
}

#[tokio::test]
async fn keys_are_changed_one_process_after_the_other() {
    let first = |keys: &'static [u8]| async move {
        let mut wire = Wire::modern(keyed(keys), forms());
        let first = wire.call("greet", json!({})).await;
        assert_eq!(asked(&first), ["user_name"]);
        first["result"]["requestState"]
            .as_str()
            .expect("a state")
            .to_owned()
    };
    let second = |keys: &'static [u8], state: String| async move {
        let mut wire = Wire::modern(keyed(keys), forms());
        wire.request("tools/call", with_state("greet", json!({}), &state))
            .await
    };
    // The new key in front, the old one still good.
    assert_eq!(text(&second(&[2, 1], first(&[1]).await).await), "Hello, Alice!");
    // Sealed by the new one.
    assert_eq!(text(&second(&[2], first(&[2, 1]).await).await), "Hello, Alice!");
    assert_refused(&second(&[2], first(&[1]).await).await);
    assert_refused(&second(&[1], first(&[2, 1]).await).await);
}

#[tokio::test]
async fn without_keys_each_process_has_its_own() {
    let mut one = Wire::modern(server(), forms());
    let first = one.call("greet", json!({})).await;
    let state = first["result"]["requestState"].as_str().expect("a state");
    let mut other = Wire::modern(server(), forms());
    assert_refused(
        &other
            .request("tools/call", with_state("greet", json!({}), state))
            .await,
    );
}

#[test]
fn keys_that_are_none_keep_the_server_from_starting() {
    let short = server().request_state_keys(["secret"]).build();
    let message = short.err().expect("the key is too short").to_string();
    assert!(message.contains("key 1 has 6 bytes: use 32 or more"), "{message}");
    let none = server().request_state_keys([""; 0]).build();
    assert!(none.is_err());
}

#[tokio::test]
async fn older_clients_have_no_state() {
    let mut wire = Wire::legacy(server(), "2025-11-25", forms()).await;
    let reply = wire
        .request("tools/call", with_state("greet", json!({}), "made up"))
        .await;
    assert_refused(&reply);
}

/// Remember a lot.
#[tool]
async fn much(ctx: Context) -> CallResult<String> {
    ctx.remember("much", async { Ok("x".repeat(300 * 1024)) }).await?;
    ctx.elicit::<Name>("Name?").await?;
    Ok("done".into())
}

#[tokio::test]
async fn a_state_does_not_grow_for_ever() {
    let mut wire = Wire::modern(Server::new("asking").add(tools![much]), forms());
    let reply = wire.call("much", json!({})).await;
    assert_eq!(crate::wire::refusal(&reply)["kind"], "internal");
}
