//! Bare connections.

use std::time::Duration;

use holdall_testkit::{Client, Wire};
use serde_json::{Value, json};

use crate::fixture::server;
use crate::program;

#[tokio::test]
async fn messages_come_as_they_are_and_can_be_picked() {
    for mut wire in [Wire::connect(server()), Wire::spawn(program())] {
        let opened = wire.initialize("2025-11-25").await;
        assert_eq!(opened["result"]["serverInfo"]["name"], "fixture");
        wire.request(
            1,
            "tools/call",
            json!({"name": "echo", "arguments": {"text": "a"}}),
        )
        .await;
        wire.request("two", "ping", Value::Null).await;
        wire.send_bytes("{\"half\":").await;
        wire.send("").await;
        assert_eq!(wire.reply_to("two").await["result"], json!({}));
        assert_eq!(wire.reply_to(1).await["result"]["content"][0]["text"], "a");
        assert_eq!(wire.reply_to(Value::Null).await["error"]["code"], -32700);
        wire.request(3, "ping", Value::Null).await;
        wire.close_input().await;
        let rest = wire.rest().await;
        assert_eq!((rest.len(), &rest[0]["id"]), (1, &json!(3)));
    }
}

#[tokio::test]
async fn a_client_can_send_bytes_of_its_own() {
    let client = Client::connect(server()).await;
    client.send_bytes("nonsense\n").await;
    let reply = client.call("find", json!({"name": "x"})).await;
    let shown = std::panic::catch_unwind(|| reply.text()).expect_err("the tool fails");
    let shown = shown.downcast_ref::<String>().expect("it says why");
    assert!(shown.contains("-32700"), "{shown}");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "nothing came within 2s")]
async fn silence_ends() {
    let mut wire = Wire::connect(server()).patience(Duration::from_secs(2));
    wire.send_json(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        .await;
    wire.next().await;
}

#[tokio::test]
async fn a_server_in_this_process_says_how_it_ended() {
    let mut wire = Wire::connect(server());
    wire.initialize("2025-11-25").await;
    wire.close_input().await;
    assert_eq!(wire.ended().await, Some(Ok(())));
    let mut wire = Wire::connect(server());
    wire.close_input().await;
    assert!(matches!(wire.ended().await, Some(Err(_))), "nothing was said");
}
