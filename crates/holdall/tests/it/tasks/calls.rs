//! Which calls become tasks, when, and what their clients see of them.

use std::time::Duration;

use holdall::prelude::*;
use holdall::{TaskOptions, TaskSupport, ToolFunction};
use serde_json::json;

use super::{Signals, begun, client, greet, knows_tasks, result_text, same, server, slow_compute};
use crate::wire::{Wire, refusal, text};

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_long_becomes_a_task() {
    let mut client = client(&Signals::default());
    let arguments = json!({"seconds": 4, "label": "pi"});
    let reply = client.call("slow_compute", arguments).await;
    let id = begun(&reply);
    insta::assert_json_snapshot!(same(&reply["result"]));
    for time in ["createdAt", "lastUpdatedAt"] {
        let time = reply["result"][time].as_str().expect("a time");
        assert!(
            time.ends_with('Z') && time.len() == "2026-07-28T10:30:01.042Z".len(),
            "{time}"
        );
    }
    // It is there at once.
    let task = client.task(&id).await;
    assert_eq!(
        (&task["taskId"], &task["status"]),
        (&json!(id), &json!("working"))
    );
    assert_eq!(task["statusMessage"], "pi (1 of 2)");

    let task = client.task_when(&id, "completed").await;
    insta::assert_json_snapshot!(same(&task));
    // And it stays.
    assert_eq!(client.task(&id).await, task);
}

#[tokio::test(start_paused = true)]
async fn a_quick_call_is_answered_with_its_result() {
    let mut client = client(&Signals::default());
    let reply = client
        .call("slow_compute", json!({"seconds": 0, "label": "nothing"}))
        .await;
    assert_eq!(text(&reply), "nothing is computed");
    // So is one whose arguments are wrong, whatever it would have been.
    let reply = client.call("slow_compute", json!({"seconds": "many"})).await;
    assert_eq!(refusal(&reply)["kind"], "invalid_arguments");
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_knows_no_tasks_never_becomes_one() {
    let mut client = client(&Signals::default());
    let params = json!({"name": "greet", "arguments": {"name": "Ada"}, "task": {"ttl": 60000}});
    let reply = client.request("tools/call", params).await;
    assert_eq!(text(&reply), "Hello, Ada!");
    assert!(reply["result"].get("taskId").is_none(), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn without_the_extension_calls_are_ordinary_or_refused() {
    let mut client = Wire::modern(server(&Signals::default()), json!({}));
    let reply = client
        .call("slow_compute", json!({"seconds": 4, "label": "pi"}))
        .await;
    assert_eq!(text(&reply), "pi is computed");

    let reply = client.call("failing_job", json!({})).await;
    insta::assert_json_snapshot!(reply["error"]);
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_an_ordinary_call_holds_for_ordinary_calls_only() {
    let mut client = Wire::modern(server(&Signals::default()), json!({}));
    let long = json!({"seconds": 60, "label": "pi"});
    let reply = client.call("slow_compute", long.clone()).await;
    assert_eq!(refusal(&reply)["kind"], "timed_out");

    let mut client = super::client(&Signals::default());
    let id = begun(&client.call("slow_compute", long).await);
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "pi is computed"
    );
}

#[tokio::test(start_paused = true)]
async fn older_clients_know_no_tasks_whatever_they_declare() {
    let mut client = Wire::legacy(server(&Signals::default()), "2025-11-25", knows_tasks()).await;
    let reply = client
        .call("slow_compute", json!({"seconds": 4, "label": "pi"}))
        .await;
    assert_eq!(text(&reply), "pi is computed");
    // They do not know the error for it, either.
    let reply = client.call("failing_job", json!({})).await;
    assert_eq!(refusal(&reply)["kind"], "unsupported_by_client");
    for method in ["tasks/get", "tasks/cancel", "tasks/result", "tasks/list"] {
        let reply = client.request(method, json!({"taskId": "x"})).await;
        assert_eq!(reply["error"]["code"], -32601, "{method}: {reply}");
    }
}

#[tokio::test]
async fn requests_about_tasks_need_the_extension() {
    let signals = Signals::default();
    let mut without = Wire::modern(server(&signals), json!({"elicitation": {}}));
    let mut with = client(&signals);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({"taskId": "no-such-task", "inputResponses": {}});
        let reply = without.request(method, params.clone()).await;
        assert_eq!(reply["error"]["code"], -32021, "{method}: {reply}");
        let required = &reply["error"]["data"]["requiredCapabilities"]["extensions"];
        assert_eq!(
            *required,
            json!({"io.modelcontextprotocol/tasks": {}}),
            "{method}"
        );
        let reply = with.request(method, params).await;
        assert_eq!(reply["error"]["code"], -32602, "{method}: {reply}");
    }
    for method in ["tasks/result", "tasks/list"] {
        let reply = with.request(method, json!({"taskId": "no-such-task"})).await;
        assert_eq!(reply["error"]["code"], -32601, "{method}: {reply}");
    }
}

#[tokio::test]
async fn the_extension_is_declared_if_some_tool_has_tasks() {
    let mut with = client(&Signals::default());
    let capabilities = with.request("server/discover", json!({})).await["result"]["capabilities"].take();
    assert_eq!(
        capabilities["extensions"],
        json!({"io.modelcontextprotocol/tasks": {}})
    );
    assert!(capabilities.get("tasks").is_none(), "{capabilities}");

    let mut without = Wire::modern(Server::new("plain").add(tools![greet]), knows_tasks());
    let capabilities = without.request("server/discover", json!({})).await["result"]["capabilities"].take();
    assert!(capabilities.get("extensions").is_none(), "{capabilities}");
    let reply = without.request("tasks/get", json!({"taskId": "x"})).await;
    assert_eq!(reply["error"]["code"], -32601, "{reply}");
}

#[tokio::test(start_paused = true)]
async fn progress_is_the_status_of_a_task_and_notified_only_before() {
    let mut client = client(&Signals::default()).with_meta("progressToken", json!("p"));
    let id = begun(
        &client
            .call("slow_compute", json!({"seconds": 4, "label": "pi"}))
            .await,
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(client.task(&id).await["statusMessage"], "pi (2 of 2)");
    client.task_when(&id, "completed").await;
    let notified: Vec<_> = client.others.iter().map(|message| &message["method"]).collect();
    assert_eq!(
        notified,
        ["notifications/progress"],
        "the report before it was a task"
    );
}

#[tokio::test(start_paused = true)]
async fn without_grace_every_call_is_a_task_before_its_function_runs() {
    #[tool]
    async fn knows(ctx: Context) -> String {
        format!("a task: {}", ctx.is_task())
    }
    let tool = <knows as ToolFunction>::tool().task_after(Duration::ZERO);
    let mut client = Wire::modern(Server::new("test").add(tool), knows_tasks());
    let id = begun(&client.call("knows", json!({})).await);
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "a task: true"
    );
    // Wrong arguments are told at once all the same.
    let reply = client.call("knows", json!({"more": 1})).await;
    assert_eq!(refusal(&reply)["kind"], "invalid_arguments");
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_the_server_and_the_life_of_a_tools_tasks_can_be_chosen() {
    let mut options = TaskOptions::default();
    options.grace = Duration::from_secs(10);
    options.poll_interval = Duration::from_secs(7);
    let tool = <slow_compute as ToolFunction>::tool()
        .task(TaskSupport::Optional)
        .task_timeout(Duration::from_secs(60))
        .task_ttl(Duration::from_secs(90));
    let mut client = Wire::modern(Server::new("test").add(tool).tasks(options), knows_tasks());
    let reply = client
        .call("slow_compute", json!({"seconds": 9, "label": "pi"}))
        .await;
    assert_eq!(text(&reply), "pi is computed");
    let reply = client
        .call("slow_compute", json!({"seconds": 11, "label": "pi"}))
        .await;
    begun(&reply);
    assert_eq!(reply["result"]["ttlMs"], 90_000);
    assert_eq!(reply["result"]["pollIntervalMs"], 7_000);
}

#[tokio::test]
async fn times_and_bounds_that_make_no_sense_are_told_at_the_start() {
    let mut options = TaskOptions::default();
    options.running_max = 0;
    let short = <slow_compute as ToolFunction>::tool()
        .task_timeout(Duration::from_secs(60))
        .task_ttl(Duration::from_secs(30));
    let long = Tool::new("long")
        .task_ttl(Duration::from_secs(8 * 24 * 3600))
        .handler(async |_: Call| Ok("done"));
    let server = Server::new("test").add([short, long]).tasks(options);
    insta::assert_snapshot!(server.build().err().expect("it does not start").to_string());
}
