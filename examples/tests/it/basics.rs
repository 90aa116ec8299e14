//! Tools, their arguments, results and errors.

use holdall_testkit::Client;
use serde_json::json;

use crate::{errors, hello, structured_output, typed_arguments};

#[tokio::test]
async fn hello_greets() {
    let client = Client::connect(hello::server()).await;
    let reply = client.call("say_hello", json!({"name": "Ada"})).await;
    assert_eq!(reply.text(), "Hello, Ada! This is your first MCP tool.");
    let wrong = client.call("say_hello", json!({"nme": "Ada"})).await;
    let wrong = wrong.expect_error("invalid_arguments");
    assert_eq!(wrong.problem("/nme").did_you_mean.as_deref(), Some("name"));
}

#[tokio::test]
async fn typed_arguments_have_defaults() {
    let client = Client::connect(typed_arguments::server()).await;
    let address = json!({"street": "High Street 1", "postcode": "12345"});
    let reply = client.call("order_pizza", json!({"address": address})).await;
    assert_eq!(reply.text(), "1 small pizza with cheese to High Street 1, 12345");
    let all = json!({
        "address": address, "size": "large", "count": 20, "toppings": ["basil", "garlic"], "note": "hot",
    });
    assert_eq!(
        client.call("order_pizza", all).await.text(),
        "20 large pizza with basil, garlic to High Street 1, 12345 (hot)"
    );
}

#[tokio::test]
async fn typed_arguments_are_checked_all_at_once() {
    let client = Client::connect(typed_arguments::server()).await;
    let wrong = json!({
        "address": {"street": "High Street 1", "postcode": "12"},
        "size": "huge",
        "count": 21,
        "toppings": ["basil", "basil"],
    });
    let error = client
        .call("order_pizza", wrong)
        .await
        .expect_error("invalid_arguments");
    for path in ["/address/postcode", "/size", "/count", "/toppings"] {
        error.problem(path);
    }
}

#[tokio::test]
async fn structured_output_has_the_schema_it_promises() {
    let client = Client::connect(structured_output::server()).await;
    let tools = client.request("tools/list", json!({})).await;
    let schema = &tools.result()["tools"][0]["outputSchema"];
    assert_eq!(schema["properties"]["words"]["type"], "integer");
    assert_eq!(schema["required"], json!(["words", "lines"]));

    let reply = client
        .call("measure_text", json!({"text": "one three\ntwo"}))
        .await;
    assert_eq!(reply.json(), json!({"words": 3, "lines": 2, "longest": "three"}));
    let reply = client.call("measure_text", json!({"text": ""})).await;
    assert_eq!(reply.json(), json!({"words": 0, "lines": 0}));
    let wrong = client.call("measure_text", json!({"text": 7})).await;
    wrong.expect_error("invalid_arguments").problem("/text");
}

#[tokio::test]
async fn errors_say_what_to_do_next() {
    let client = Client::connect(errors::server()).await;
    assert_eq!(
        client.call("find_book", json!({"number": 1})).await.text(),
        "Emma"
    );
    let missing = client
        .call("find_book", json!({"number": 3}))
        .await
        .expect_error("not_found");
    assert_eq!(missing.message, "there is no book 3");
    assert_eq!(missing.hint.as_deref(), Some("books have the numbers 1 and 2"));

    let zero = client
        .call("divide", json!({"a": 1, "b": 0}))
        .await
        .expect_error("failed");
    assert_eq!(zero.message, "1 cannot be divided by zero");

    let lent = client
        .call("lend_book", json!({"number": 2}))
        .await
        .expect_error("conflict");
    assert_eq!(lent.message, "the book is with Ada");
}

#[tokio::test]
async fn errors_of_libraries_stay_in_the_log() {
    let client = Client::connect(errors::server()).await;
    let reply = client.call("read_log", json!({})).await;
    reply.expect_error("internal");
    assert!(!reply.raw().to_string().contains("secret-project"), "{reply:?}");
}
