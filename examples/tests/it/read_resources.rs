//! `resources`: what is read, what completes, who hears of changes.

use holdall_testkit::Client;
use serde_json::json;

use crate::resources::server;

#[tokio::test]
async fn resources_are_read_by_uri() {
    let client = Client::connect(server()).await;
    assert_eq!(
        client.read("shop://opening-hours").await.text(),
        "Monday to Friday, 9:00 to 18:00"
    );
    assert_eq!(client.read("shop://product/plum").await.text(), "plum costs 0.20");
    client.read("shop://product/car").await.expect_error("not_found");
    client.read("shop://nowhere").await.expect_error("not_found");
}

#[tokio::test]
async fn the_variable_of_a_template_completes() {
    let client = Client::connect(server()).await;
    let complete = async |typed| {
        let reply = client.complete_resource("shop://product/{name}", "name", typed);
        reply.await.values()
    };
    assert_eq!(complete("pe").await, ["pear", "peach"]);
    assert!(complete("x").await.is_empty());
}

#[tokio::test]
async fn subscribers_hear_of_changes() {
    for version in ["2025-11-25", "2026-07-28"] {
        let client = Client::connect(server()).protocol(version).await;
        client.subscribe("shop://basket").await;
        client
            .call("put_into_basket", json!({"name": "plum"}))
            .await
            .text();
        let changed = client.next_notification("notifications/resources/updated").await;
        assert_eq!(changed.params["uri"], "shop://basket", "{version}");
        let basket: Vec<String> = client.read("shop://basket").await.json();
        assert_eq!(basket, ["plum"]);

        let wrong = client.call("put_into_basket", json!({"name": "car"})).await;
        wrong.expect_error("not_found");
    }
}

#[tokio::test]
async fn profiles_are_read_by_the_number_of_the_user() {
    for version in ["2025-11-25", "2026-07-28"] {
        let client = Client::connect(crate::profile::server()).protocol(version).await;
        let ada = client.read("user://1/profile").await;
        assert_eq!(ada.mime_type().as_deref(), Some("application/json"));
        assert_eq!(
            ada.json::<serde_json::Value>(),
            json!({"name": "Ada", "language": "en"})
        );
        let settings: serde_json::Value = client.read("config://app-settings").await.json();
        assert_eq!(settings, json!({"theme": "dark", "items_per_page": 20}));
        client.read("user://3/profile").await.expect_error("not_found");
        for wrong in [
            "user://ada/profile",
            "user://-1/profile",
            "user://../profile",
            "user://1%2F2/profile",
        ] {
            client.read(wrong).await.expect_error("invalid_arguments");
        }
    }
}
