//! A server that changes while it serves: what is offered afterwards, and who is told.

use std::sync::Arc;

use holdall::prelude::*;
use holdall::{Change, Kind};
use serde_json::{Value, json};

use crate::raw::{Raw, column, modern, service, service_for, subscription, until};

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

fn tool(name: &str) -> Tool {
    let text = name.to_owned();
    Tool::new(name).handler(move |_| {
        let text = text.clone();
        async move { Ok(text) }
    })
}

fn resource(uri: &str) -> Resource {
    Resource::new(uri).handler(async |_| Ok("contents"))
}

fn prompt(name: &str) -> Prompt {
    Prompt::new(name).handler(async |_| Ok("text"))
}

fn server() -> Server {
    Server::new("test")
        .add([tool("one"), tool("two")])
        .add([resource("a://one"), resource("a://{name}")])
        .add(prompt("greet"))
}

async fn tools(raw: &mut Raw) -> Vec<String> {
    let listed = raw.ask_modern("tools/list", json!({})).await;
    column(&listed["result"]["tools"], "name")
}

async fn call(raw: &mut Raw, name: &str) -> Value {
    raw.ask_modern("tools/call", json!({"name": name})).await
}

#[tokio::test]
async fn what_is_added_replaced_and_removed_is_listed_and_called_accordingly() {
    let (service, handle) = service(server());
    let mut raw = Raw::connect(&service);
    handle
        .add([tool("three"), tool("four")])
        .expect("the names are free");
    assert_eq!(tools(&mut raw).await, ["one", "two", "three", "four"]);

    let other = Tool::new("two").handler(async |_| Ok("the other two"));
    handle.replace([other, tool("five")]).expect("it is right");
    assert_eq!(tools(&mut raw).await, ["one", "two", "three", "four", "five"]);
    let result = call(&mut raw, "two").await;
    assert_eq!(result["result"]["content"][0]["text"], "the other two");

    handle.remove_tool("one").expect("it is there");
    handle.remove_resource("a://{name}").expect("it is there");
    handle.remove_prompt("greet").expect("it is there");
    assert_eq!(tools(&mut raw).await, ["two", "three", "four", "five"]);
    let error = call(&mut raw, "one").await;
    assert_eq!(error["error"]["code"], -32602, "{error}");
    let error = raw.ask_modern("resources/read", json!({"uri": "a://x"})).await;
    assert_eq!(error["error"]["data"]["error"]["kind"], "not_found", "{error}");
    let listed = raw.ask_modern("prompts/list", json!({})).await;
    assert_eq!(listed["result"]["prompts"], json!([]));
}

#[tokio::test]
async fn a_change_that_is_wrong_changes_nothing_and_names_every_mistake() {
    let (service, handle) = service(server());
    let change = Change::new()
        .remove_tool("tow")
        .add([tool("one"), tool("three"), tool("not a name")])
        .add(Tool::new("four"))
        .add(Tool::new("five").requires::<String>().handler(async |_| Ok("5")))
        .add([prompt("dance"), prompt("dance")])
        .replace(resource("no uri"));
    let error = handle.apply(change).expect_err("there are mistakes");
    insta::assert_snapshot!(error);
    let mut raw = Raw::connect(&service);
    assert_eq!(tools(&mut raw).await, ["one", "two"]);
}

#[tokio::test]
async fn a_handle_outlives_its_server_without_harm() {
    let (service, handle) = service(server());
    drop(service);
    handle.resource_updated("a://one");
    handle.listing_changed("a://{name}");
    assert!(handle.mounted("x").is_none());
    let error = handle.add(tool("late")).expect_err("nobody is there");
    assert!(error.to_string().contains("the server has stopped"), "{error}");
}

#[tokio::test]
async fn a_call_under_way_finishes_though_its_tool_is_removed() {
    let (started, go) = (
        Arc::new(tokio::sync::Notify::new()),
        Arc::new(tokio::sync::Notify::new()),
    );
    let slow = {
        let (started, go) = (Arc::clone(&started), Arc::clone(&go));
        Tool::new("slow").handler(move |_| {
            let (started, go) = (Arc::clone(&started), Arc::clone(&go));
            async move {
                started.notify_one();
                go.notified().await;
                Ok("finished")
            }
        })
    };
    let (service, handle) = service(Server::new("test").add(slow));
    let mut raw = Raw::connect(&service);
    let id = raw.request("tools/call", modern(json!({"name": "slow"}))).await;
    started.notified().await;
    handle.remove_tool("slow").expect("it is there");
    go.notify_one();
    let result = raw.next().await;
    assert_eq!(
        (&result["id"], &result["result"]["content"][0]["text"]),
        (&json!(id), &json!("finished"))
    );
}

#[tokio::test]
async fn sessions_of_every_older_version_are_told_of_each_list() {
    for version in LEGACY {
        let (service, handle) = service(server());
        let (mut raw, info) = Raw::session(&service, version).await;
        assert_eq!(
            info["capabilities"],
            json!({
                "logging": {},
                "prompts": {"listChanged": true},
                "resources": {"subscribe": true, "listChanged": true},
                "tools": {"listChanged": true},
            })
        );
        handle.add(tool("three")).expect("the name is free");
        assert_eq!(raw.news().await, "notifications/tools/list_changed");
        handle.remove_prompt("greet").expect("it is there");
        assert_eq!(raw.news().await, "notifications/prompts/list_changed");
        handle.replace(resource("a://one")).expect("it is right");
        assert_eq!(raw.news().await, "notifications/resources/list_changed");
        handle.listing_changed("a://{name}");
        assert_eq!(raw.news().await, "notifications/resources/list_changed");
        handle
            .apply(Change::new().remove_tool("three").add(prompt("wave")))
            .expect("it is right");
        let news = [raw.news().await, raw.news().await];
        assert_eq!(
            news,
            [
                "notifications/tools/list_changed",
                "notifications/prompts/list_changed"
            ]
        );
    }
}

#[tokio::test]
async fn streams_hear_what_they_asked_for_and_say_which_they_are() {
    let (service, handle) = service(server());
    let mut raw = Raw::connect(&service);
    let discovered = raw.ask_modern("server/discover", json!({})).await;
    assert_eq!(discovered["result"]["capabilities"]["tools"]["listChanged"], true);
    let (prompts, accepted) = raw
        .listen(json!({"promptsListChanged": true, "toolsListChanged": false}))
        .await;
    assert_eq!(accepted, json!({"promptsListChanged": true}));
    let (both, accepted) = raw
        .listen(json!({"toolsListChanged": true, "resourcesListChanged": true}))
        .await;
    assert_eq!(
        accepted,
        json!({"toolsListChanged": true, "resourcesListChanged": true})
    );

    handle.add(tool("three")).expect("the name is free");
    let heard = raw.next().await;
    assert_eq!(heard["method"], "notifications/tools/list_changed");
    assert_eq!(subscription(&heard), both);
    handle.add(prompt("wave")).expect("the name is free");
    let heard = raw.next().await;
    assert_eq!(heard["method"], "notifications/prompts/list_changed");
    assert_eq!(subscription(&heard), prompts);

    raw.cancel(both).await;
    let gone = handle.clone();
    until(move || gone.listeners().streams == 1).await;
    handle.add(tool("four")).expect("the name is free");
    handle.remove_prompt("wave").expect("it is there");
    assert_eq!(raw.news().await, "notifications/prompts/list_changed");
}

#[tokio::test]
async fn what_happens_between_acknowledgment_and_the_first_look_is_heard() {
    let (service, handle) = service(server());
    let mut raw = Raw::connect(&service);
    for n in 0..200 {
        let (id, _) = raw.listen(json!({"toolsListChanged": true})).await;
        // The server has not been polled since it wrote the acknowledgment.
        handle.add(tool(&format!("tool{n}"))).expect("the name is free");
        assert_eq!(raw.news().await, "notifications/tools/list_changed");
        raw.cancel(id).await;
        let gone = handle.clone();
        until(move || gone.listeners().streams == 0).await;
    }
}

/// A tool that changes its own server.
#[tool]
fn learn(ctx: Context, trick: String) -> CallResult<String> {
    let learnt = Tool::new(&trick).handler(async |_| Ok("ta-da"));
    ctx.server()
        .add(learnt)
        .map_err(|error| CallError::failed(error.to_string()))?;
    Ok(format!("learnt {trick}"))
}

#[tokio::test]
async fn a_function_changes_its_own_server() {
    let (service, _) = service(Server::new("dog").add(tools![learn]));
    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    let params = json!({"name": "learn", "arguments": {"trick": "roll"}});
    let id = raw.request("tools/call", params.clone()).await;
    let messages = [raw.next().await, raw.next().await];
    assert!(
        messages
            .iter()
            .any(|message| message["method"] == "notifications/tools/list_changed")
            && messages.iter().any(|message| message["id"] == id),
        "{messages:?}"
    );
    let result = raw.ask("tools/call", json!({"name": "roll"})).await;
    assert_eq!(result["result"]["content"][0]["text"], "ta-da");
    let again = raw.ask("tools/call", params).await;
    let text = again["result"]["content"][0]["text"].as_str().expect("a text");
    assert!(text.contains("there is a tool `roll` already"), "{text}");
}

#[tokio::test]
async fn who_may_not_see_a_component_does_not_hear_of_it() {
    let ada = Principal::new("ada", ["notes"]);
    let service = service_for(server(), ada);
    let handle = service.handle();
    let (mut session, _) = Raw::session(&service, "2025-11-25").await;
    let mut stream = Raw::connect(&service);
    let wanted = json!({"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true});
    stream.listen(wanted).await;
    let secret = || tool("secret").scopes(["notes", "admin"]);
    handle.add(secret()).expect("the name is free");
    handle
        .add(resource("secret://{x}").scopes(["admin"]))
        .expect("the URI is free");
    handle.listing_changed("secret://{x}");
    handle.replace(secret()).expect("it is right");
    handle.remove_tool("secret").expect("it is there");
    handle
        .add(prompt("wave").scopes(["notes"]))
        .expect("the name is free");
    for raw in [&mut session, &mut stream] {
        // What was marked first is told first: had the tool been told of, it would come before.
        assert_eq!(raw.news().await, "notifications/prompts/list_changed");
    }
    // From allowed to forbidden and back is a change, too.
    handle
        .replace(tool("one").scopes(["admin"]))
        .expect("it is right");
    assert_eq!(session.news().await, "notifications/tools/list_changed");
    handle.replace(tool("one")).expect("it is right");
    assert_eq!(session.news().await, "notifications/tools/list_changed");
}

#[tokio::test]
async fn a_server_may_start_with_nothing_and_say_what_will_come() {
    let (service, handle) = service(Server::new("empty").offers_later([Kind::Tool]));
    let (mut raw, info) = Raw::session(&service, "2025-11-25").await;
    assert_eq!(info["capabilities"], json!({"tools": {"listChanged": true}}));
    handle.add(prompt("unannounced")).expect("the name is free");
    handle.add(tool("first")).expect("the name is free");
    assert_eq!(raw.news().await, "notifications/tools/list_changed");
    let (_, info) = Raw::session(&service, "2025-11-25").await;
    assert_eq!(
        info["capabilities"],
        json!({"logging": {}, "prompts": {"listChanged": true}, "tools": {"listChanged": true}})
    );
}
