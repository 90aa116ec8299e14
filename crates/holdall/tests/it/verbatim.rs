//! Schemas the author supplies: listed byte for byte, enforced word for word, refused at start-up if they are wrong.

use holdall::prelude::*;
use holdall::protocol::JsonObject;
use serde_json::{Value, json};

use crate::client::{Client, connect};

fn object(value: Value) -> JsonObject {
    value.as_object().cloned().expect("an object")
}

/// Every corner of JSON Schema 2020-12 that the conformance suite looks into.
fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}}
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"}
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false
    })
}

/// Says hello.
#[tool]
fn hello(name: String) -> String {
    format!("Hello, {name}!")
}

async fn client() -> Client {
    let verbatim = Tool::new("verbatim")
        .description("Takes what its schema says.")
        .input_schema(object(schema()))
        .handler(async |call: Call| Ok(Value::Object(call.arguments().clone()).to_string()));
    connect(Server::new("test").add(verbatim).add(tools![hello])).await
}

#[tokio::test]
async fn the_listing_is_byte_for_byte_what_the_author_wrote() {
    let tools = client().await.0.list_all_tools().await.expect("tools are listed");
    assert_eq!(tools[1].name, "hello");
    let listed = serde_json::to_string(&tools[0].input_schema).expect("schemas are JSON");
    assert_eq!(listed, schema().to_string());
}

#[tokio::test]
async fn the_schema_is_enforced() {
    let client = client().await;
    let right = json!({"contactMethod": "phone", "phone": "1", "address": {"street": "s"}});
    assert_eq!(
        client.call("verbatim", right.clone()).await,
        Ok(right.to_string())
    );
    for (arguments, expected) in [
        (
            json!({"contactMethod": "phone", "email": "a"}),
            "/phone: is required (string)",
        ),
        (json!({"name": "a"}), "/email: is required (string)"),
        (
            json!({"email": "a", "address": {"street": 1}}),
            "/address/street: expected string, got 1",
        ),
        (json!({"email": "a", "adress": {}}), "did you mean `address`?"),
        (
            json!({"phone": "1", "email": "a", "contactMethod": "e-mail"}),
            "did you mean `email`?",
        ),
    ] {
        let error = client.call("verbatim", arguments).await.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_schema_that_cannot_be_used_keeps_the_server_from_starting() {
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"type": "array", "items": deep});
    }
    let schemas = [
        json!({"type": "object", "properties": {"a": {"type": "strin"}}}),
        json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}),
        json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?=a).*$"}}}),
        json!({"type": "object", "properties": {"a": deep}}),
        json!({"type": "object", "$schema": "https://example.com/dialect"}),
        json!({"type": "array"}),
        json!({"type": "object", "properties": {"a": {"type": "number", "x-mcp-header": "A"}}}),
        json!({"type": "object", "properties": {"a": {"items": {"type": "string", "x-mcp-header": "A"}}}}),
    ];
    let tools = schemas.into_iter().enumerate().map(|(index, schema)| {
        Tool::new(format!("t{index}"))
            .input_schema(object(schema))
            .blocking_handler(|_| Ok("never"))
    });
    let results = Tool::new("results")
        .output_schema(object(
            json!({"type": "object", "properties": {"a": {"type": 5}}}),
        ))
        .blocking_handler(|_| Ok("never"));
    let error = Server::new("test")
        .add(tools.collect::<Vec<_>>())
        .add(results)
        .build()
        .err()
        .expect("the server does not start");
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn an_older_dialect_is_understood() {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"pair": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}}
    });
    let tool = Tool::new("pair")
        .input_schema(object(schema))
        .blocking_handler(|_| Ok("fine"));
    let client = connect(Server::new("test").add(tool)).await;
    assert_eq!(
        client.call("pair", json!({"pair": [1, "a"]})).await,
        Ok("fine".into())
    );
    let error = client
        .call("pair", json!({"pair": ["a", "a"]}))
        .await
        .unwrap_err();
    assert!(error.contains("/pair/0: expected integer"), "{error}");
}
