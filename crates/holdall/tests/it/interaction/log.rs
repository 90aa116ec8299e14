//! Log messages go to whoever asked for them.

use holdall::prelude::*;
use serde_json::{Value, json};

use crate::wire::{Wire, text};

/// Log at two levels.
#[tool]
async fn chatty(ctx: Context) -> String {
    ctx.log(LogLevel::Debug, "details").await;
    ctx.log(LogLevel::Warning, json!({"disk": "almost full"})).await;
    "done".into()
}

/// Log nothing.
#[tool]
async fn silent(word: String) -> String {
    word
}

fn server() -> Server {
    Server::new("chatty").add(tools![chatty])
}

/// Levels and data of what was logged during a call.
async fn logged(wire: &mut Wire) -> Vec<Value> {
    assert_eq!(text(&wire.call("chatty", json!({})).await), "done");
    wire.others
        .drain(..)
        .map(|message| {
            assert_eq!(message["method"], "notifications/message");
            json!([message["params"]["level"], message["params"]["data"]])
        })
        .collect()
}

#[tokio::test]
async fn a_session_sets_its_own_level() {
    let service = server().build().expect("the server is right");
    let mut one = Wire::legacy_to(service.clone(), "2025-11-25", json!({})).await;
    let mut other = Wire::legacy_to(service, "2025-11-25", json!({})).await;
    let warning = json!(["warning", {"disk": "almost full"}]);
    assert_eq!(logged(&mut one).await, std::slice::from_ref(&warning));
    let reply = one.request("logging/setLevel", json!({"level": "debug"})).await;
    assert_eq!(reply["result"], json!({}));
    assert_eq!(
        logged(&mut one).await,
        [json!(["debug", "details"]), warning.clone()]
    );
    assert_eq!(logged(&mut other).await, [warning]);
    one.request("logging/setLevel", json!({"level": "error"})).await;
    assert_eq!(logged(&mut one).await, [Value::Null; 0]);
}

#[tokio::test]
async fn from_2026_07_28_on_each_request_asks_for_its_own() {
    let level = "io.modelcontextprotocol/logLevel";
    let mut wire = Wire::modern(server(), json!({}));
    assert_eq!(logged(&mut wire).await, [Value::Null; 0]);
    let mut wire = wire.with_meta(level, json!("debug"));
    assert_eq!(logged(&mut wire).await.len(), 2);
    let mut wire = wire.with_meta(level, json!("loud"));
    let reply = wire.call("chatty", json!({})).await;
    assert_eq!(reply["error"]["code"], -32602, "{reply}");
    let mut wire = wire.with_meta(level, Value::Null);
    let reply = wire.request("logging/setLevel", json!({"level": "debug"})).await;
    assert_eq!(reply["error"]["code"], -32601, "{reply}");
}

#[tokio::test]
async fn only_servers_that_can_log_say_so() {
    for (server, declares) in [
        (server(), true),
        (Server::new("silent").add(tools![silent]), false),
    ] {
        let mut wire = Wire::modern(server.clone(), json!({}));
        let found = wire.request("server/discover", json!({})).await;
        assert_eq!(
            found["result"]["capabilities"].get("logging").is_some(),
            declares,
            "{found}"
        );
        let mut wire = Wire::legacy(server, "2025-11-25", json!({})).await;
        let reply = wire.request("logging/setLevel", json!({"level": "debug"})).await;
        assert_eq!(reply.get("error").is_none(), declares, "{reply}");
    }
}
