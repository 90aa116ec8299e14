//! Clients of 2026-07-28: the reply asks, the client calls again, the function runs again.

use std::sync::atomic::{AtomicU32, Ordering};

use holdall::prelude::*;
use serde_json::{Value, json};

use super::{Name, server};
use crate::wire::{Wire, accept, asked, refusal, text};

fn all() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {"listChanged": true}})
}

#[tokio::test]
async fn a_form_is_asked_in_the_reply_and_answered_by_calling_again() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("greet", json!({})).await;
    assert_eq!(asked(&first), ["user_name"]);
    let mut result = first["result"].clone();
    result["requestState"] = "[state]".into();
    insta::assert_json_snapshot!(result, @r#"
    {
      "resultType": "input_required",
      "inputRequests": {
        "user_name": {
          "method": "elicitation/create",
          "params": {
            "mode": "form",
            "message": "What is your name?",
            "requestedSchema": {
              "type": "object",
              "properties": {
                "name": {
                  "type": "string"
                }
              },
              "required": [
                "name"
              ]
            }
          }
        }
      },
      "requestState": "[state]"
    }
    "#);
    let answer = json!({"user_name": accept(json!({"name": "Alice"}))});
    let second = wire.again("greet", &first, answer).await;
    assert_eq!(text(&second), "Hello, Alice!");
    assert!(wire.others.is_empty(), "nothing but replies: {:?}", wire.others);
}

#[tokio::test]
async fn declining_and_closing_are_answers_too() {
    let mut wire = Wire::modern(server(), all());
    for (action, says) in [("decline", "declined"), ("cancel", "cancelled")] {
        let first = wire.call("greet", json!({})).await;
        let second = wire
            .again("greet", &first, json!({"user_name": {"action": action}}))
            .await;
        assert_eq!(text(&second), says);
    }
    let first = wire.call("age", json!({})).await;
    let second = wire
        .again("age", &first, json!({"age": {"action": "decline"}}))
        .await;
    assert_eq!(refusal(&second)["kind"], "declined");
}

#[tokio::test]
async fn answers_come_without_being_asked_for_and_with_others_nobody_wants() {
    let mut wire = Wire::modern(server(), all());
    let answers = json!({
        "user_name": accept(json!({"name": "Alice"})),
        "unknown_extra_key": accept(json!({"foo": "bar"})),
        "another_unexpected": 12,
    });
    let params = json!({"name": "greet", "arguments": {}, "inputResponses": answers});
    assert_eq!(text(&wire.request("tools/call", params).await), "Hello, Alice!");
    let first = wire.call("greet", json!({})).await;
    assert_eq!(text(&wire.again("greet", &first, answers).await), "Hello, Alice!");
}

#[tokio::test]
async fn what_is_no_answer_is_asked_again() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("greet", json!({})).await;
    for wrong in [
        json!({"wrong_key": accept(json!({"data": "wrong"}))}),
        json!({"user_name": 12345}),
        json!({"user_name": null}),
        json!({"user_name": {"action": "maybe"}}),
        json!({"user_name": accept(json!({}))}),
        json!({"user_name": accept(json!("Alice"))}),
        json!({}),
        Value::Null,
    ] {
        let without_state = json!({"name": "greet", "arguments": {}, "inputResponses": wrong});
        let reply = wire.request("tools/call", without_state).await;
        assert_eq!(asked(&reply), ["user_name"], "{wrong}");
        let reply = wire.again("greet", &first, wrong.clone()).await;
        assert_eq!(asked(&reply), ["user_name"], "{wrong}");
    }
}

#[tokio::test]
async fn a_person_who_is_asked_again_reads_why() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("age", json!({})).await;
    let second = wire
        .again("age", &first, json!({"age": accept(json!({"age": 151}))}))
        .await;
    assert_eq!(
        second["result"]["inputRequests"]["age"]["params"]["message"],
        "How old are you?\n\nThe last answer did not fit: /age: expected 150 or less, got 151"
    );
    let third = wire
        .again("age", &second, json!({"age": accept(json!({"age": 42}))}))
        .await;
    assert_eq!(text(&third), "42 years");
}

#[tokio::test]
async fn models_and_clients_are_asked_the_same_way() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("capital", json!({})).await;
    assert_eq!(asked(&first), ["capital_question"]);
    insta::assert_json_snapshot!(first["result"]["inputRequests"], @r#"
    {
      "capital_question": {
        "method": "sampling/createMessage",
        "params": {
          "messages": [
            {
              "role": "user",
              "content": {
                "type": "text",
                "text": "What is the capital of France?"
              }
            }
          ],
          "maxTokens": 100
        }
      }
    }
    "#);
    let nonsense = wire
        .again("capital", &first, json!({"capital_question": {"text": "Paris"}}))
        .await;
    assert_eq!(asked(&nonsense), ["capital_question"]);
    let answer = sampled("The capital of France is Paris.");
    let second = wire
        .again("capital", &first, json!({"capital_question": answer}))
        .await;
    assert_eq!(text(&second), "The capital of France is Paris.");

    let first = wire.call("folders", json!({})).await;
    assert_eq!(asked(&first), ["client_roots"]);
    assert_eq!(
        first["result"]["inputRequests"]["client_roots"]["method"],
        "roots/list"
    );
    let answer = json!({"roots": [{"uri": "file:///test/root", "name": "Test Root"}]});
    let second = wire
        .again("folders", &first, json!({"client_roots": answer}))
        .await;
    assert_eq!(text(&second), "file:///test/root");
}

fn sampled(text: &str) -> Value {
    json!({
        "role": "assistant",
        "content": {"type": "text", "text": text},
        "model": "some-model",
        "stopReason": "endTurn",
    })
}

#[tokio::test]
async fn questions_that_are_joined_are_asked_in_one_round() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("everything", json!({})).await;
    assert_eq!(asked(&first), ["client_roots", "greeting", "user_name"]);
    let name = accept(json!({"name": "Alice"}));
    let roots = json!({"roots": []});
    let answers = json!({"user_name": name, "greeting": sampled("Hi"), "client_roots": roots});
    assert_eq!(
        text(&wire.again("everything", &first, answers).await),
        "Hi, Alice in 0"
    );

    // Answered one by one, too: what is known is not asked again.
    let second = wire
        .again("everything", &first, json!({"greeting": sampled("Ho")}))
        .await;
    assert_eq!(asked(&second), ["client_roots", "user_name"]);
    let third = wire
        .again("everything", &second, json!({"client_roots": roots}))
        .await;
    assert_eq!(asked(&third), ["user_name"]);
    let last = wire.again("everything", &third, json!({"user_name": name})).await;
    assert_eq!(text(&last), "Ho, Alice in 0");
}

#[tokio::test]
async fn questions_that_follow_each_other_take_a_round_each() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("steps", json!({})).await;
    assert_eq!(asked(&first), ["elicit_1"]);
    // Nothing is taken for the answer to a question that has not been asked.
    let answers = json!({
        "elicit_1": accept(json!({"name": "Alice"})),
        "elicit_2": accept(json!({"colour": "red"})),
    });
    let second = wire.again("steps", &first, answers).await;
    assert_eq!(asked(&second), ["elicit_2"]);
    assert_ne!(first["result"]["requestState"], second["result"]["requestState"]);
    let message = &second["result"]["inputRequests"]["elicit_2"]["params"]["message"];
    assert_eq!(message, "Step 2: What is your favourite colour, Alice?");
    // The first answer is settled: another one to the same question changes nothing.
    let answers = json!({
        "elicit_1": accept(json!({"name": "Bob"})),
        "elicit_2": accept(json!({"colour": "blue"})),
    });
    assert_eq!(
        text(&wire.again("steps", &second, answers).await),
        "Alice likes blue"
    );
}

#[tokio::test]
async fn blocking_functions_ask_like_others() {
    let mut wire = Wire::modern(server(), all());
    let first = wire.call("greet_blocking", json!({})).await;
    assert_eq!(asked(&first), ["user_name"]);
    let answer = json!({"user_name": accept(json!({"name": "Alice"}))});
    assert_eq!(
        text(&wire.again("greet_blocking", &first, answer).await),
        "Hello, Alice!"
    );
}

/// A prompt about what the user says.
#[prompt]
async fn about(ctx: Context, tone: String) -> CallResult<String> {
    let Name { name } = ctx.elicit("About whom?").key("user_context").await?.required()?;
    Ok(format!("Write in a {tone} tone about {name}."))
}

#[resource("diary://{year}")]
async fn diary(ctx: Context, year: u32) -> CallResult<String> {
    let Name { name } = ctx.elicit("Whose?").key("whose").await?.required()?;
    Ok(format!("{year} of {name}"))
}

#[tokio::test]
async fn prompts_and_resources_ask_like_tools() {
    let server = Server::new("asking").add(prompts![about]).add(resources![diary]);
    let mut wire = Wire::modern(server, all());
    for (method, mut params, key, finished) in [
        (
            "prompts/get",
            json!({"name": "about", "arguments": {"tone": "dry"}}),
            "user_context",
            "Write in a dry tone about Alice.",
        ),
        (
            "resources/read",
            json!({"uri": "diary://2026"}),
            "whose",
            "2026 of Alice",
        ),
    ] {
        let first = wire.request(method, params.clone()).await;
        assert_eq!(asked(&first), [key]);
        params["requestState"] = first["result"]["requestState"].clone();
        params["inputResponses"] = json!({key: accept(json!({"name": "Alice"}))});
        let second = wire.request(method, params.clone()).await;
        assert_eq!(second["result"]["resultType"], "complete", "{second}");
        assert!(second.to_string().contains(finished), "{second}");
        // For another one of its kind the state is worth nothing.
        let other = params.to_string().replace("dry", "wet").replace("2026", "2025");
        let other = serde_json::from_str(&other).expect("JSON");
        let reply = wire.request(method, other).await;
        assert_eq!(reply["error"]["code"], -32602, "{reply}");
    }
}

#[derive(Default)]
struct Work(AtomicU32);

/// Reserve something, then ask.
#[tool]
async fn reserve(ctx: Context, work: State<Work>) -> CallResult<String> {
    let number: u32 = ctx
        .remember("reservation", async {
            Ok(work.0.fetch_add(1, Ordering::Relaxed) + 1)
        })
        .await?;
    let Name { name } = ctx
        .elicit(format!("Reservation {number} for whom?"))
        .await?
        .required()?;
    let agreed = ctx.confirm(format!("Reserve {number} for {name}?")).await?;
    Ok(format!("{number} {name} {agreed}"))
}

#[tokio::test]
async fn what_is_remembered_is_done_once() {
    let server = Server::new("asking").state(Work::default()).add(tools![reserve]);
    let mut wire = Wire::modern(server, all());
    let first = wire.call("reserve", json!({})).await;
    let second = wire
        .again(
            "reserve",
            &first,
            json!({"elicit_1": accept(json!({"name": "Alice"}))}),
        )
        .await;
    assert_eq!(asked(&second), ["confirm_2"]);
    let third = wire
        .again("reserve", &second, json!({"confirm_2": accept(json!({}))}))
        .await;
    assert_eq!(text(&third), "1 Alice true");
    // Another call, another reservation.
    let other = wire.call("reserve", json!({})).await;
    let message = &other["result"]["inputRequests"]["elicit_1"]["params"]["message"];
    assert_eq!(message, "Reservation 2 for whom?");
}

/// Ask, and turn what goes wrong into an error of its own.
#[tool]
async fn in_own_words(ctx: Context) -> Result<String, String> {
    let answer = ctx.elicit::<Name>("Name?").key("name").await;
    let name = answer.map_err(|error| format!("could not ask: {error}"))?;
    Ok(name.accepted().map_or("nobody".into(), |name| name.name))
}

/// Go on without an answer.
#[tool]
async fn without_answer(ctx: Context) -> String {
    match ctx.elicit::<Name>("Name?").await {
        Ok(_) => "answered".into(),
        Err(error) => error.kind().to_string(),
    }
}

#[tokio::test]
async fn an_error_on_the_way_out_does_not_hide_the_question() {
    let server = Server::new("asking").add(tools![in_own_words, without_answer]);
    let mut wire = Wire::modern(server, all());
    let first = wire.call("in_own_words", json!({})).await;
    assert_eq!(asked(&first), ["name"]);
    let second = wire
        .again(
            "in_own_words",
            &first,
            json!({"name": accept(json!({"name": "Alice"}))}),
        )
        .await;
    assert_eq!(text(&second), "Alice");
    // Whoever succeeds without the answer does not need it.
    assert_eq!(
        text(&wire.call("without_answer", json!({})).await),
        "input_required"
    );
}

/// Ask whatever the client can be asked.
#[tool]
async fn what_it_can(ctx: Context) -> CallResult<String> {
    if ctx.can_elicit() {
        ctx.elicit::<Name>("Name?").await?;
    }
    if ctx.can_sample() {
        ctx.sample("Name?").await?;
    }
    if ctx.can_list_roots() {
        ctx.roots().await?;
    }
    Ok(format!("page: {}", ctx.can_elicit_url()))
}

/// Sign in.
#[tool]
async fn sign_in(ctx: Context) -> CallResult<String> {
    let visit = ctx
        .elicit_url("Please sign in", "https://example.org/sign-in")
        .key("page");
    Ok(format!("{:?}", visit.await?))
}

#[tokio::test]
async fn only_what_the_client_declared_is_asked() {
    let server = || server().add(tools![what_it_can, sign_in]);
    let mut wire = Wire::modern(server(), json!({"sampling": {}}));
    let reply = wire.call("what_it_can", json!({})).await;
    assert_eq!(asked(&reply), ["sample_1"]);
    for (tool, required) in [
        ("greet", json!({"elicitation": {}})),
        ("folders", json!({"roots": {}})),
        ("sign_in", json!({"elicitation": {"url": {}}})),
    ] {
        let reply = wire.call(tool, json!({})).await;
        assert_eq!(reply["error"]["code"], -32021, "{reply}");
        assert_eq!(reply["error"]["data"]["requiredCapabilities"], required);
    }
    let mut wire = Wire::modern(server(), json!({"elicitation": {"url": {}}}));
    assert_eq!(text(&wire.call("what_it_can", json!({})).await), "page: true");
    let reply = wire.call("greet", json!({})).await;
    assert_eq!(reply["error"]["code"], -32021, "{reply}");
    let reply = wire.call("capital", json!({})).await;
    assert_eq!(
        reply["error"]["data"]["requiredCapabilities"],
        json!({"sampling": {}})
    );
    // One of several is missing: nobody is bothered with the others.
    let mut wire = Wire::modern(server(), json!({"sampling": {}, "roots": {}}));
    let reply = wire.call("everything", json!({})).await;
    assert_eq!(reply["error"]["code"], -32021, "{reply}");
}

#[tokio::test]
async fn a_page_is_visited() {
    let mut wire = Wire::modern(server().add(tools![sign_in]), all());
    let first = wire.call("sign_in", json!({})).await;
    let params = &first["result"]["inputRequests"]["page"]["params"];
    assert_eq!(params["mode"], "url");
    assert_eq!(params["url"], "https://example.org/sign-in");
    let second = wire
        .again("sign_in", &first, json!({"page": {"action": "accept"}}))
        .await;
    assert_eq!(text(&second), "Accepted(())");
}

#[derive(serde::Deserialize, JsonSchema)]
struct Nested {
    #[allow(dead_code)]
    inside: Name,
}

/// Ask for what is no form.
#[tool]
async fn no_form(ctx: Context) -> CallResult<String> {
    ctx.elicit::<Nested>("?").await?;
    Ok("asked".into())
}

/// Ask something new each time.
#[tool]
async fn restless(ctx: Context, work: State<Work>) -> CallResult<String> {
    let time = work.0.fetch_add(1, Ordering::Relaxed);
    ctx.elicit::<Name>(format!("Name, at {time}?"))
        .key("name")
        .await?;
    Ok("answered".into())
}

/// Ask two things under one name.
#[tool]
async fn twins(ctx: Context) -> CallResult<String> {
    ctx.elicit::<Name>("One?").key("name").await?;
    ctx.elicit::<Name>("Two?").key("name").await?;
    Ok("answered".into())
}

#[tokio::test]
async fn mistakes_of_the_author_end_the_call() {
    let server = Server::new("asking")
        .state(Work::default())
        .add(tools![no_form, restless, twins]);
    let mut wire = Wire::modern(server, all());
    assert_eq!(
        refusal(&wire.call("no_form", json!({})).await)["kind"],
        "internal"
    );

    let answer = json!({"name": accept(json!({"name": "Alice"}))});
    let first = wire.call("twins", json!({})).await;
    let second = wire.again("twins", &first, answer.clone()).await;
    assert_eq!(refusal(&second)["kind"], "internal");

    let mut reply = wire.call("restless", json!({})).await;
    let mut rounds = 1;
    while reply["result"]["resultType"] == "input_required" {
        reply = wire.again("restless", &reply, answer.clone()).await;
        rounds += 1;
    }
    assert_eq!(refusal(&reply)["kind"], "internal");
    assert_eq!(rounds, 33);
}
