//! How tasks end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdall::prelude::*;
use holdall::{TaskSupport, ToolFunction};
use serde_json::json;

use super::{
    Signals, begun, client, is_ack, knows_tasks, looked_at_often, result_text, same, server, slow_compute,
};
use crate::wire::Wire;

#[tokio::test(start_paused = true)]
async fn a_tool_that_fails_completes_its_task() {
    let mut client = client(&Signals::default());
    let id = begun(&client.call("failing_job", json!({})).await);
    let task = client.task_when(&id, "completed").await;
    assert_eq!(task["result"]["isError"], true, "{task}");
    assert_eq!(result_text(&task), "failed: the job did not work");
    assert!(task.get("error").is_none(), "{task}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_would_be_answered_with_an_error_fails_its_task() {
    let mut client = client(&Signals::default());
    let id = begun(&client.call("protocol_error_job", json!({})).await);
    let task = client.task_when(&id, "failed").await;
    insta::assert_json_snapshot!(same(&task));
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_result_too_large_are_told_as_in_any_call() {
    #[tool]
    async fn panics() -> String {
        tokio::time::sleep(Duration::from_secs(1)).await;
        panic!("a secret detail")
    }
    #[tool(max_result_bytes = 10)]
    async fn too_much() -> String {
        tokio::time::sleep(Duration::from_secs(1)).await;
        "x".repeat(11)
    }
    let tools = [
        <panics as ToolFunction>::tool(),
        <too_much as ToolFunction>::tool(),
    ];
    let server = Server::new("test").add(tools.map(|tool| tool.task(TaskSupport::Optional)));
    let mut client = Wire::modern(server, knows_tasks());
    for (name, kind) in [("panics", "internal"), ("too_much", "too_large")] {
        let id = begun(&client.call(name, json!({})).await);
        let task = client.task_when(&id, "completed").await;
        assert_eq!(task["result"]["_meta"]["holdall/error"]["kind"], kind, "{task}");
        assert!(!task.to_string().contains("secret"), "{task}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_is_over_and_its_function_dropped() {
    let signals = Signals::default();
    let mut client = client(&signals);
    let id = begun(&client.call("works", json!({})).await);
    signals.begun().await;
    for _ in 0..2 {
        let ack = client.cancel_task(&id).await;
        assert!(is_ack(&ack), "{ack}");
        let task = client.task(&id).await;
        assert_eq!(task["status"], "cancelled", "{task}");
        assert!(
            task.get("result").is_none() && task.get("error").is_none(),
            "{task}"
        );
    }
    signals.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_an_answer_can_be_cancelled() {
    let mut client = client(&Signals::default());
    let id = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    client.task_when(&id, "input_required").await;
    client.cancel_task(&id).await;
    let task = client.task(&id).await;
    assert_eq!(task["status"], "cancelled");
    assert!(task.get("inputRequests").is_none(), "{task}");
}

#[tokio::test(start_paused = true)]
async fn cancelling_what_has_ended_changes_nothing() {
    let mut client = client(&Signals::default());
    let id = begun(
        &client
            .call("slow_compute", json!({"seconds": 1, "label": "pi"}))
            .await,
    );
    let task = client.task_when(&id, "completed").await;
    let ack = client.cancel_task(&id).await;
    assert!(is_ack(&ack), "{ack}");
    assert_eq!(client.task(&id).await, task);
}

#[tokio::test]
async fn a_blocking_function_hears_that_its_task_was_cancelled_and_keeps_its_place_until_then() {
    struct Busy {
        heard: AtomicBool,
        may_return: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
    }
    #[tool]
    fn busy(ctx: &Context, state: State<Arc<Busy>>) -> String {
        ctx.wait(ctx.become_task()).expect("it becomes a task");
        while !ctx.is_cancelled() {
            std::thread::yield_now();
        }
        state.heard.store(true, Ordering::SeqCst);
        state
            .may_return
            .lock()
            .expect("nobody panicked")
            .recv()
            .expect("the test says so");
        "done".into()
    }
    let (let_return, may_return) = std::sync::mpsc::channel();
    let state = Arc::new(Busy {
        heard: AtomicBool::new(false),
        may_return: std::sync::Mutex::new(may_return),
    });
    let mut options = holdall::TaskOptions::default();
    options.running_max = 1;
    let tool = <busy as ToolFunction>::tool().task(TaskSupport::Optional);
    let server = Server::new("test")
        .state(Arc::clone(&state))
        .add(tool)
        .tasks(options);
    let mut client = Wire::modern(server, knows_tasks());
    let id = begun(&client.call("busy", json!({})).await);
    client.cancel_task(&id).await;
    assert_eq!(client.task(&id).await["status"], "cancelled");
    // Its thread is still there, so it still counts.
    let reply = client.call("busy", json!({})).await;
    assert_eq!(
        reply["result"]["_meta"]["holdall/error"]["kind"], "unavailable",
        "{reply}"
    );
    let_return.send(()).expect("the function waits");
    let_return.send(()).expect("the channel is open");
    loop {
        let reply = client.call("busy", json!({})).await;
        if reply["result"]["resultType"] == "task" {
            let id = begun(&reply);
            client.cancel_task(&id).await;
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(state.heard.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_blocking_function_hears_that_the_time_of_its_task_is_over() {
    #[tool]
    fn spins(ctx: &Context, heard: State<std::sync::mpsc::SyncSender<()>>) {
        while !ctx.is_cancelled() {
            std::thread::yield_now();
        }
        heard.send(()).expect("the test listens");
    }
    let (sender, heard) = std::sync::mpsc::sync_channel::<()>(1);
    let tool = <spins as ToolFunction>::tool()
        .task_after(Duration::ZERO)
        .task_timeout(Duration::from_millis(1));
    let server = Server::new("test")
        .state(sender)
        .add(tool)
        .tasks(looked_at_often());
    let mut client = Wire::modern(server, knows_tasks());
    let id = begun(&client.call("spins", json!({})).await);
    let task = client.task_when(&id, "completed").await;
    assert_eq!(
        task["result"]["_meta"]["holdall/error"]["kind"], "timed_out",
        "{task}"
    );
    let heard = tokio::task::spawn_blocking(move || heard.recv_timeout(Duration::from_secs(60)));
    heard.await.expect("no panic").expect("it heard");
}

#[tokio::test(start_paused = true)]
async fn a_task_has_a_timeout_of_its_own() {
    let tool = <slow_compute as ToolFunction>::tool().task_timeout(Duration::from_secs(300));
    let mut client = Wire::modern(Server::new("test").add(tool), knows_tasks());
    let id = begun(
        &client
            .call("slow_compute", json!({"seconds": 299, "label": "pi"}))
            .await,
    );
    assert_eq!(
        result_text(&client.task_when(&id, "completed").await),
        "pi is computed"
    );
    let id = begun(
        &client
            .call("slow_compute", json!({"seconds": 301, "label": "pi"}))
            .await,
    );
    let task = client.task_when(&id, "completed").await;
    assert_eq!(
        task["result"]["_meta"]["holdall/error"]["kind"], "timed_out",
        "{task}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_life_is_over_while_it_waits_fails() {
    let tool = <super::confirm_delete as ToolFunction>::tool()
        .task_timeout(Duration::from_secs(60))
        .task_ttl(Duration::from_secs(600));
    let mut client = Wire::modern(Server::new("test").add(tool), knows_tasks());
    let id = begun(&client.call("confirm_delete", json!({"filename": "a.txt"})).await);
    let started = tokio::time::Instant::now();
    client.task_when(&id, "input_required").await;
    while client.task(&id).await["status"] == "input_required" {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(
        (598..=602).contains(&started.elapsed().as_secs()),
        "{:?}",
        started.elapsed()
    );
    let task = client.task(&id).await;
    assert_eq!(task["status"], "failed", "{task}");
    assert_eq!(
        task["error"]["message"],
        "the task did not finish within the 600s it lives"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_cancelled_in_time_takes_its_call_with_it() {
    let signals = Signals::default();
    let mut options = holdall::TaskOptions::default();
    options.grace = Duration::from_secs(10);
    let mut client = Wire::modern(server(&signals).tasks(options), knows_tasks());
    let call = client
        .start("tools/call", json!({"name": "works", "arguments": {}}))
        .await;
    signals.begun().await;
    let params = json!({"requestId": call, "reason": "changed my mind"});
    client
        .send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        .await;
    signals.gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_does_not_end_its_tasks() {
    let signals = Signals::default();
    let service = server(&signals).build().expect("the server is right");
    let id = {
        let mut client = Wire::modern_to(service.clone(), knows_tasks());
        begun(&client.call("works", json!({})).await)
    };
    signals.begun().await;
    signals.go();
    signals.gone().await;
    let mut client = Wire::modern_to(service, knows_tasks());
    let task = client.task_when(&id, "completed").await;
    assert_eq!(result_text(&task), "done as a task: true");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_shuts_down_fails_what_still_runs() {
    let signals = Signals::default();
    let service = server(&signals).build().expect("the server is right");
    let mut client = Wire::modern_to(service.clone(), knows_tasks());
    let id = begun(&client.call("works", json!({})).await);
    signals.begun().await;
    service.shut_down().await;
    signals.gone().await;
    let task = client.task(&id).await;
    assert_eq!(task["status"], "failed");
    assert_eq!(task["error"]["message"], "the server stopped before it finished");
    let reply = client.call("works", json!({})).await;
    assert_eq!(
        reply["result"]["_meta"]["holdall/error"]["kind"], "unavailable",
        "{reply}"
    );
    // Once more, on another clone, changes nothing, and is no trouble where there are no tasks.
    service.clone().shut_down().await;
    assert_eq!(client.task(&id).await, task);
    Server::new("plain")
        .build()
        .expect("the server is right")
        .shut_down()
        .await;
}

#[tokio::test(start_paused = true)]
async fn tasks_stop_when_nobody_has_the_server_any_more() {
    let signals = Signals::default();
    let mut client = client(&signals);
    begun(&client.call("works", json!({})).await);
    signals.begun().await;
    drop(client);
    signals.gone().await;
}
