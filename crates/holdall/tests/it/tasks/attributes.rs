//! What `#[tool]` says about tasks.

use std::time::Duration;

use holdall::prelude::*;
use serde_json::json;

use super::{begun, knows_tasks, result_text};
use crate::wire::{Wire, refusal, text};

/// Paint the house.
#[tool(task = "optional", task_after = "2s", task_timeout = "20s", task_ttl = "90s")]
async fn paint(seconds: u64) -> String {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    "painted".into()
}

struct House;

#[toolset]
impl House {
    /// Move in.
    #[tool(task = "required", task_after = "0s")]
    async fn move_in(&self, ctx: Context) -> String {
        format!("a task: {}", ctx.is_task())
    }

    /// Air a room, on a thread.
    #[tool(task_after = "0ms")]
    fn air(&self) -> &'static str {
        "fresh"
    }
}

fn server() -> Server {
    Server::new("house").add(tools![paint]).add(House)
}

#[tokio::test(start_paused = true)]
async fn the_attribute_says_when_a_task_begins_how_long_it_runs_and_lives() {
    let mut client = Wire::modern(server(), knows_tasks());
    let reply = client.call("paint", json!({"seconds": 1})).await;
    assert_eq!(text(&reply), "painted");

    let reply = client.call("paint", json!({"seconds": 10})).await;
    let id = begun(&reply);
    assert_eq!(reply["result"]["ttlMs"], 90_000, "{reply}");
    assert_eq!(result_text(&client.task_when(&id, "completed").await), "painted");

    let id = begun(&client.call("paint", json!({"seconds": 21})).await);
    let task = client.task_when(&id, "completed").await;
    assert_eq!(
        task["result"]["_meta"]["holdall/error"]["kind"], "timed_out",
        "{task}"
    );
}

#[tokio::test(start_paused = true)]
async fn methods_of_toolsets_take_it_as_well() {
    let mut client = Wire::modern(server(), knows_tasks());
    let id = begun(&client.call("move_in", json!({})).await);
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "a task: true"
    );
    begun(&client.call("air", json!({})).await);
}

#[tokio::test(start_paused = true)]
async fn clients_without_tasks_wait_for_what_is_optional_and_cannot_have_what_is_required() {
    let mut client = Wire::modern(server(), json!({}));
    let reply = client.call("paint", json!({"seconds": 10})).await;
    assert_eq!(text(&reply), "painted");
    // A time alone makes it optional.
    assert_eq!(text(&client.call("air", json!({})).await), "fresh");
    let reply = client.call("move_in", json!({})).await;
    assert_eq!(reply["error"]["code"], -32021, "{reply}");
    // The timeout of ordinary calls is another one.
    let reply = client.call("paint", json!({"seconds": 31})).await;
    assert_eq!(refusal(&reply)["kind"], "timed_out");
}

#[test]
fn times_that_the_attribute_cannot_compare_are_told_when_the_server_is_built() {
    /// Sleep through the winter.
    #[tool(task = "required", task_timeout = "169h")]
    async fn hibernate() {}

    let error = Server::new("bear").add(tools![hibernate]).build().err();
    let error = error.expect("a task that lives longer than any may").to_string();
    assert!(
        error.contains("`hibernate`") && error.contains("ttl_max"),
        "{error}"
    );
}
