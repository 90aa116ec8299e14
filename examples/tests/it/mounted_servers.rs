//! `mounting`: names, tags, scopes.

use holdall::prelude::*;
use holdall_testkit::Client;
use serde_json::json;

use crate::mounting::server;

#[tokio::test]
async fn both_servers_are_offered_under_their_prefix() {
    let client = Client::connect(server()).await;
    assert_eq!(
        client.tool_names().await,
        ["books_search", "books_discard", "weather_forecast"]
    );
    let reply = client.call("weather_forecast", json!({"city": "Bath"})).await;
    assert_eq!(reply.text(), "it will rain in Bath");
    assert_eq!(client.read("books+library://hours").await.text(), "9:00 to 18:00");
}

#[tokio::test]
async fn what_has_an_unwanted_tag_is_not_there() {
    let client = Client::connect(server()).await;
    client
        .call("books_inspect", json!({}))
        .await
        .expect_error("not_found");
}

#[tokio::test]
async fn scopes_decide_who_sees_what() {
    let reader = Client::connect(server())
        .principal(Principal::new("reader", ["books:read"]))
        .await;
    assert_eq!(reader.tool_names().await, ["books_search", "weather_forecast"]);
    assert!(
        reader
            .call("books_discard", json!({"title": "Emma"}))
            .await
            .is_error()
    );

    let writer = Client::connect(server())
        .principal(Principal::new("writer", ["books:write"]))
        .await;
    let reply = writer.call("books_discard", json!({"title": "Emma"})).await;
    assert_eq!(reply.text(), "Emma is gone");
}
