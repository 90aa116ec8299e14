//! Servers that ask back, over both ways the protocol has had for it.

use holdall_testkit::{Answer, Client};
use serde_json::{Value, json};

use crate::fixture::server;
use crate::scripted::{result, scripted};

/// What the server asks, and then gives back as its text.
fn questions() -> Value {
    json!({
        "a": { "method": "elicitation/create", "params": {
            "message": "Delete it?", "requestedSchema": { "type": "object", "properties": {} },
        } },
        "b": { "method": "sampling/createMessage", "params": {
            "messages": [{ "role": "user", "content": { "type": "text", "text": "Hi" } }], "maxTokens": 9,
        } },
        "c": { "method": "roots/list" },
    })
}

fn text(text: &Value) -> Value {
    json!({ "resultType": "complete", "content": [{ "type": "text", "text": text.to_string() }] })
}

/// Asks by requests of its own, one after the other.
fn asking_by_requests() -> impl FnMut(&Value) -> Vec<Value> + Send + 'static {
    let mut call = Value::Null;
    let mut answers = json!({});
    let ask = |key: &str| {
        let mut request = questions()[key].clone();
        request["jsonrpc"] = "2.0".into();
        request["id"] = key.into();
        vec![request]
    };
    move |message| {
        if message["method"] == "tools/call" {
            call = message.clone();
            return ask("a");
        }
        let Some(key) = message["id"].as_str().map(str::to_owned) else {
            return Vec::new();
        };
        answers[key.as_str()] = message
            .get("result")
            .or(message.get("error"))
            .cloned()
            .unwrap_or_default();
        match key.as_str() {
            "a" => ask("b"),
            "b" => ask("c"),
            _ => vec![result(&call, text(&answers))],
        }
    }
}

/// Asks by results that want input.
fn asking_by_results() -> impl FnMut(&Value) -> Vec<Value> + Send + 'static {
    |message| {
        let params = &message["params"];
        vec![match params.get("inputResponses") {
            None => result(
                message,
                json!({ "resultType": "input_required", "inputRequests": questions(), "requestState": "sealed" }),
            ),
            Some(answers) => {
                assert_eq!(params["requestState"], "sealed");
                result(message, text(answers))
            }
        }]
    }
}

fn check(answers: &str, client: &Client) {
    let answers: Value = serde_json::from_str(answers).unwrap();
    assert_eq!(
        answers["a"],
        json!({"action": "accept", "content": {"sure": true}})
    );
    assert_eq!(answers["b"]["content"]["text"], "Hello yourself");
    assert_eq!(answers["c"]["roots"], json!([{"uri": "file:///home/ada"}]));
    let asked = client.questions();
    let said: Vec<&str> = asked.iter().map(|question| question.text()).collect();
    assert_eq!(said, ["Delete it?", "Hi", ""]);
}

#[tokio::test]
async fn prepared_answers_go_out_in_order() {
    for (version, script) in [
        (
            "2025-11-25",
            Box::new(asking_by_requests()) as Box<dyn FnMut(&Value) -> Vec<Value> + Send>,
        ),
        ("2026-07-28", Box::new(asking_by_results())),
    ] {
        let client = scripted(script)
            .protocol(version)
            .answer(Answer::accept(json!({"sure": true})))
            .answer(Answer::says("Hello yourself"))
            .roots(["file:///home/ada"])
            .await;
        let reply = client.call("anything", json!({})).await;
        check(&reply.text(), &client);
    }
}

#[tokio::test]
async fn functions_answer_as_well() {
    for (version, script) in [
        (
            "2025-11-25",
            Box::new(asking_by_requests()) as Box<dyn FnMut(&Value) -> Vec<Value> + Send>,
        ),
        ("2026-07-28", Box::new(asking_by_results())),
    ] {
        let client = scripted(script)
            .protocol(version)
            .on_elicitation(|question| Answer::accept(json!({"sure": question.text() == "Delete it?"})))
            .on_sampling(|_| Answer::says("Hello yourself"))
            .roots(["file:///home/ada"])
            .await;
        let reply = client.call("anything", json!({})).await;
        check(&reply.text(), &client);
    }
}

#[tokio::test]
async fn a_question_without_an_answer_is_named() {
    let client = scripted(asking_by_results()).await;
    let reply = client.call("anything", json!({})).await;
    let why = format!("{reply:?}");
    assert!(
        why.contains("no answer to `elicitation/create` (\\\"Delete it?\\\")"),
        "{why}"
    );

    let client = scripted(asking_by_results())
        .answer(Answer::says("too early"))
        .await;
    let why = format!("{:?}", client.call("anything", json!({})).await);
    assert!(
        why.contains("but the next answer is to `sampling/createMessage`"),
        "{why}"
    );

    // Before 2026-07-28 the server gets to know.
    let client = scripted(asking_by_requests()).protocol("2025-11-25").await;
    let text = client.call("anything", json!({})).await.text();
    let answers: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answers["a"]["code"], -32603);
    assert!(
        answers["a"]["message"]
            .as_str()
            .unwrap()
            .contains("prepare one with `.answer(…)`"),
        "{answers}"
    );
}

#[tokio::test]
async fn refusals_errors_and_anything_else_can_be_answered() {
    let client = scripted(asking_by_requests())
        .protocol("2025-06-18")
        .answer(Answer::decline())
        .answer(Answer::error(-1, "no model"))
        .answer(Answer::raw(json!({"roots": 7})))
        .await;
    let answers: Value = serde_json::from_str(&client.call("anything", json!({})).await.text()).unwrap();
    assert_eq!(answers["a"], json!({"action": "decline"}));
    assert_eq!(answers["b"]["message"], "no model");
    assert_eq!(answers["c"], json!({"roots": 7}));
}

#[tokio::test]
async fn the_first_of_several_answers_can_be_looked_at() {
    let client = scripted(asking_by_results()).await;
    let first = client.call("anything", json!({})).once().await;
    assert_eq!(first.raw()["resultType"], "input_required");
    assert!(client.questions().is_empty());
}

#[tokio::test]
async fn what_can_be_answered_is_declared() {
    let declared = |connect: holdall_testkit::Connect| async move {
        let client = connect.await;
        client.request("tell", json!({})).await.result().clone()
    };
    let tell = |message: &Value| {
        let declared = message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"].clone();
        vec![result(message, declared)]
    };
    assert_eq!(declared(scripted(tell)).await, json!({}));
    let able = scripted(tell)
        .answer(Answer::cancel())
        .roots([""; 0])
        .capabilities(json!({"extensions": {"x/y": {}}}));
    assert_eq!(
        declared(able).await,
        json!({"extensions": {"x/y": {}}, "roots": {}, "elicitation": {}})
    );
}

#[tokio::test]
async fn answers_can_be_prepared_later() {
    let client = scripted(asking_by_results()).roots(["file:///home/ada"]).await;
    client.answer(Answer::accept(json!({"sure": true})));
    client.answer(Answer::says("Hello yourself"));
    let reply = client.call("anything", json!({})).await;
    check(&reply.text(), &client);
    // A server that asks nothing does not mind.
    let client = Client::connect(server()).answer(Answer::decline()).await;
    assert_eq!(client.call("echo", json!({"text": "x"})).await.text(), "x");
}
