//! What happens when there are too many tasks.

use std::time::Duration;

use holdall::{Principal, Service, TaskOptions};
use serde_json::{Value, json};

use super::{Signals, begun, knows_tasks, result_text, server};
use crate::wire::{Wire, refusal, text};

fn service(signals: &Signals, change: impl FnOnce(&mut TaskOptions)) -> Service {
    let mut options = TaskOptions::default();
    change(&mut options);
    let built = server(signals).tasks(options).build();
    built.expect("the server is right")
}

fn client_of(service: &Service, name: &'static str) -> Wire {
    let service = service
        .clone()
        .identified_by(move |_| Principal::new(name, ["everything"]));
    Wire::modern_to(service, knows_tasks())
}

fn message(reply: &Value) -> &str {
    let error = refusal(reply);
    assert_eq!(error["kind"], "unavailable", "{reply}");
    error["message"].as_str().expect("a message")
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_a_share_of_what_runs() {
    let signals = Signals::default();
    let service = service(&signals, |options| {
        options.running_per_principal_max = 2;
        options.running_max = 3;
    });
    let (mut ada, mut bo) = (client_of(&service, "ada"), client_of(&service, "bo"));
    let first = begun(&ada.call("works", json!({})).await);
    begun(&ada.call("works", json!({})).await);
    let reply = ada.call("works", json!({})).await;
    assert_eq!(
        message(&reply),
        "2 of your tasks are running, as many as one caller may have"
    );
    // Others have their own share, as long as there is room at all.
    begun(&bo.call("works", json!({})).await);
    let reply = bo.call("works", json!({})).await;
    assert_eq!(
        message(&reply),
        "3 tasks are running, as many as the server takes"
    );
    // Ordinary calls are not concerned.
    assert_eq!(
        text(&ada.call("greet", json!({"name": "Ada"})).await),
        "Hello, Ada!"
    );
    // What ends makes room.
    ada.cancel_task(&first).await;
    signals.gone().await;
    begun(&ada.call("works", json!({})).await);
}

#[tokio::test(start_paused = true)]
async fn calls_take_no_place_before_they_are_tasks() {
    let signals = Signals::default();
    let service = service(&signals, |options| {
        options.running_per_principal_max = 2;
        options.grace = Duration::from_secs(10);
    });
    let mut ada = client_of(&service, "ada");
    let mut calls = Vec::new();
    for _ in 0..5 {
        let params = json!({"name": "works", "arguments": {}});
        calls.push(ada.start("tools/call", params).await);
    }
    for _ in 0..5 {
        signals.begun().await;
    }
    // Three are done in time, two are not.
    for _ in 0..3 {
        signals.go();
    }
    let mut results = 0;
    for call in calls {
        let reply = ada.reply(call).await;
        if reply["result"]["resultType"] == "complete" {
            assert_eq!(text(&reply), "done as a task: false");
            results += 1;
        } else {
            begun(&reply);
        }
    }
    assert_eq!(results, 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_for_which_there_is_no_place_when_it_would_become_a_task_is_stopped() {
    let signals = Signals::default();
    let service = service(&signals, |options| options.running_per_principal_max = 1);
    let mut ada = client_of(&service, "ada");
    let params = json!({"name": "works", "arguments": {}});
    let (first, second) = (
        ada.start("tools/call", params.clone()).await,
        ada.start("tools/call", params).await,
    );
    signals.begun().await;
    signals.begun().await;
    let (first, second) = (ada.reply(first).await, ada.reply(second).await);
    let (task, refused) = match first["result"]["resultType"] == "task" {
        true => (first, second),
        false => (second, first),
    };
    begun(&task);
    assert_eq!(
        message(&refused),
        "1 of your tasks are running, as many as one caller may have"
    );
    signals.gone().await;
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_a_share_of_what_is_stored() {
    let service = service(&Signals::default(), |options| {
        options.stored_per_principal_max = 2;
        options.stored_max = 3;
    });
    let (mut ada, mut bo) = (client_of(&service, "ada"), client_of(&service, "bo"));
    let slow = json!({"seconds": 1, "label": "pi"});
    for _ in 0..2 {
        let id = begun(&ada.call("slow_compute", slow.clone()).await);
        ada.task_when(&id, "completed").await;
    }
    let reply = ada.call("slow_compute", slow.clone()).await;
    assert_eq!(
        message(&reply),
        "2 of your tasks are kept, as many as one caller may have"
    );
    let id = begun(&bo.call("slow_compute", slow.clone()).await);
    bo.task_when(&id, "completed").await;
    let reply = bo.call("slow_compute", slow).await;
    assert_eq!(message(&reply), "3 tasks are kept, as many as the server takes");
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_a_share_of_the_results() {
    let service = service(&Signals::default(), |options| {
        options.result_bytes_per_principal_max = 1_000;
        options.result_bytes_max = 1_500;
    });
    let (mut ada, mut bo) = (client_of(&service, "ada"), client_of(&service, "bo"));
    let large = json!({"seconds": 1, "label": "x".repeat(1_000)});
    let small = json!({"seconds": 1, "label": "x".repeat(600)});
    // The one that goes over the limit is kept, because the work is done.
    let id = begun(&ada.call("slow_compute", large).await);
    let task = ada.task_when(&id, "completed").await;
    assert!(result_text(&task).ends_with("is computed"));
    let reply = ada.call("slow_compute", small.clone()).await;
    assert!(
        message(&reply).starts_with("the results of your tasks have 1"),
        "{reply}"
    );
    let id = begun(&bo.call("slow_compute", small.clone()).await);
    bo.task_when(&id, "completed").await;
    let reply = bo.call("slow_compute", small).await;
    assert!(
        message(&reply).starts_with("the results of all tasks have 1"),
        "{reply}"
    );
}
