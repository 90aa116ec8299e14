//! Tools that can become tasks, added while the server serves.

use std::time::Duration;

use holdall::prelude::*;
use holdall::{Kind, Service, TaskOptions};
use serde_json::json;

use super::{begun, greet, knows_tasks, result_text};
use crate::wire::{Wire, text};

fn slow(name: &str, support: TaskSupport) -> Tool {
    let text = format!("{name} is done");
    Tool::new(name).task(support).handler(move |call: Call| {
        let text = text.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(format!("{text}, as a task: {}", call.context().is_task()))
        }
    })
}

fn build(server: Server) -> Service {
    server.build().expect("the server is right")
}

async fn declares_tasks(service: &Service) -> bool {
    let mut client = Wire::modern_to(service.clone(), knows_tasks());
    let mut reply = client.request("server/discover", json!({})).await;
    let extensions = reply["result"]["capabilities"]["extensions"].take();
    extensions.get("io.modelcontextprotocol/tasks").is_some()
}

#[tokio::test(start_paused = true)]
async fn what_is_added_to_a_server_that_has_tasks_becomes_one() {
    let empty = Server::new("later").offers_later([Kind::Tool]);
    let service = build(empty.tasks(TaskOptions::default()));
    assert!(declares_tasks(&service).await);
    let mut client = Wire::modern_to(service.clone(), knows_tasks());
    let handle = service.handle();
    handle
        .add([
            slow("wash", TaskSupport::Optional),
            slow("iron", TaskSupport::Required),
        ])
        .expect("the server has tasks");
    for name in ["wash", "iron"] {
        let id = begun(&client.call(name, json!({})).await);
        let task = client.task_when(&id, "completed").await;
        assert_eq!(result_text(&task), format!("{name} is done, as a task: true"));
    }

    let mut without = Wire::modern_to(service.clone(), json!({}));
    let reply = without.call("wash", json!({})).await;
    assert_eq!(text(&reply), "wash is done, as a task: false");
    let reply = without.call("iron", json!({})).await;
    assert_eq!(reply["error"]["code"], -32021, "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_tool_can_be_replaced_by_one_that_can_become_a_task_and_back() {
    let ordinary = || Tool::new("wash").handler(async |_| Ok("washed"));
    let service = build(Server::new("later").add([ordinary(), slow("iron", TaskSupport::Optional)]));
    let mut client = Wire::modern_to(service.clone(), knows_tasks());
    let handle = service.handle();
    handle
        .replace(slow("wash", TaskSupport::Required))
        .expect("another tool has tasks already");
    let id = begun(&client.call("wash", json!({})).await);
    handle.replace(ordinary()).expect("it is right");
    handle.remove_tool("iron").expect("it is there");
    assert_eq!(text(&client.call("wash", json!({})).await), "washed");
    // The task goes on, and the server still has tasks.
    let task = client.task_when(&id, "completed").await;
    assert_eq!(result_text(&task), "wash is done, as a task: true");
    handle
        .add(slow("iron", TaskSupport::Required))
        .expect("clients were told");
}

#[tokio::test(start_paused = true)]
async fn mounted_servers_have_the_tasks_of_the_one_that_contains_them() {
    for (outer, inner) in [(true, false), (false, true)] {
        let with_tasks = |server: Server, yes: bool| match yes {
            true => server.tasks(TaskOptions::default()),
            false => server,
        };
        let rooms = with_tasks(Server::new("rooms").offers_later([Kind::Tool]), inner);
        let service = build(with_tasks(Server::new("house").mount("attic", rooms), outer));
        assert!(declares_tasks(&service).await);
        let attic = service.handle().mounted("attic").expect("it is mounted");
        attic
            .add(slow("sweep", TaskSupport::Required))
            .expect("the house has tasks");
        let mut client = Wire::modern_to(service.clone(), knows_tasks());
        let id = begun(&client.call("attic_sweep", json!({})).await);
        let task = client.task_when(&id, "completed").await;
        assert_eq!(result_text(&task), "sweep is done, as a task: true");
    }
}

#[tokio::test]
async fn a_server_without_tasks_refuses_tools_that_need_them() {
    let attic = Server::new("rooms").add(tools![greet]);
    let service = build(Server::new("house").add(tools![greet]).mount("attic", attic));
    assert!(!declares_tasks(&service).await);
    let handle = service.handle();
    let mounted = handle.mounted("attic").expect("it is mounted");
    for handle in [handle, mounted] {
        for support in [TaskSupport::Optional, TaskSupport::Required] {
            let added = handle.add([slow("wash", support), slow("iron", support)]);
            let error = added.expect_err("nobody was told of tasks").to_string();
            for part in [
                "`wash`",
                "`iron`",
                "clients were told that this server has none",
                ".tasks(",
            ] {
                assert!(error.contains(part), "{part} in {error}");
            }
            let replaced = handle.replace(slow("greet", support));
            replaced.expect_err("nobody was told of tasks");
        }
    }
    // Nothing has changed.
    assert_eq!(service.tool_names(), ["greet", "attic_greet"]);
}

#[tokio::test]
async fn times_that_make_no_sense_are_told_when_the_tool_is_added() {
    let mut options = TaskOptions::default();
    options.ttl_max = Duration::from_secs(60 * 60 * 3);
    let service = build(Server::new("later").add(tools![greet]).tasks(options));
    let day = Duration::from_secs(60 * 60 * 24);
    let long = slow("wash", TaskSupport::Optional).task_ttl(day);
    let short = slow("iron", TaskSupport::Optional).task_ttl(Duration::from_secs(1));
    let error = service.handle().add([long, short]).expect_err("no sense");
    let error = error.to_string();
    assert!(
        error.contains("ttl_max") && error.contains("live only 1s"),
        "{error}"
    );
    assert_eq!(service.tool_names(), ["greet"]);
}
