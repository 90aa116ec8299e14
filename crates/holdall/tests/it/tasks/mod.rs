//! Calls that become tasks.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `calls` | which calls become tasks, when, and what their clients see of them |
//! | `asking` | how tasks ask, and calls before they are tasks |
//! | `ends` | how tasks end: results, errors, cancellation, timeouts, the end of the server |
//! | `owners` | who sees which task |
//! | `attributes` | what `#[tool]` says about tasks |
//! | `later` | tools that can become tasks, added while the server serves |
//! | `followed` | tasks a client is told of, without asking |
//! | `bounds` | what happens when there are too many |
//! | `stores` | what every store of tasks does |
//! | `restart` | what is left of tasks when their process is gone |

mod asking;
mod attributes;
mod bounds;
mod calls;
mod ends;
mod followed;
mod later;
mod owners;
mod restart;
mod stores;

use std::sync::Arc;
use std::time::Duration;

use holdall::prelude::*;
use holdall::{TaskOptions, TaskSupport, ToolFunction};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};

use crate::wire::Wire;

/// What the functions of these tests and the tests tell each other.
#[derive(Clone, Default)]
struct Signals(Arc<Inner>);

struct Inner {
    /// Gets a permit whenever a function begins.
    begun: Semaphore,
    /// Lets one function after the other go on.
    go: Semaphore,
    /// Notified when a function is dropped or returns.
    gone: Notify,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            begun: Semaphore::new(0),
            go: Semaphore::new(0),
            gone: Notify::new(),
        }
    }
}

impl Signals {
    async fn begun(&self) {
        self.0.begun.acquire().await.expect("it is never closed").forget();
    }

    async fn gone(&self) {
        self.0.gone.notified().await;
    }

    fn go(&self) {
        self.0.go.add_permits(1);
    }
}

struct Gone(Signals);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.0.gone.notify_one();
    }
}

/// Compute something, slowly.
#[tool]
async fn slow_compute(ctx: Context, seconds: f64, label: String) -> String {
    for step in [1, 2] {
        ctx.progress(step, 2, label.as_str()).await;
        tokio::time::sleep(Duration::from_secs_f64(seconds / 2.0)).await;
    }
    format!("{label} is computed")
}

/// Fail after a second.
#[tool]
async fn failing_job() -> CallResult<String> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Err(CallError::failed("the job did not work"))
}

/// Need something the client does not have.
#[tool]
async fn protocol_error_job(ctx: Context) -> CallResult<String> {
    ctx.become_task().await?;
    Ok(format!("{} folders", ctx.roots().await?.len()))
}

#[derive(Deserialize, JsonSchema)]
struct Sure {
    confirm: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Delete a file, if somebody agrees.
#[tool]
async fn confirm_delete(ctx: Context, filename: String) -> CallResult<String> {
    ctx.become_task().await?;
    let sure: Answer<Sure> = ctx.elicit(format!("Delete {filename}?")).key("sure").await?;
    Ok(match sure {
        Answer::Accepted(Sure { confirm: true }) => format!("{filename} is deleted"),
        _ => format!("{filename} is still there"),
    })
}

/// Ask two things at once.
#[tool]
async fn multi_input(ctx: Context) -> CallResult<String> {
    ctx.become_task().await?;
    let (first, second) = tokio::join!(
        ctx.elicit::<Name>("Who is first?").key("first"),
        ctx.elicit::<Name>("Who is second?").key("second"),
    );
    let (first, second) = (first?.required()?, second?.required()?);
    Ok(format!("{} before {}", first.name, second.name))
}

/// Ask first, work then.
#[tool]
async fn test_tool_with_task(ctx: Context) -> CallResult<String> {
    let Name { name } = ctx
        .elicit("What is your name?")
        .key("user_name")
        .await?
        .required()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(format!("done, {name}"))
}

/// Work until told to end.
#[tool]
async fn works(ctx: Context, signals: State<Signals>) -> String {
    let _gone = Gone(Signals(Arc::clone(&signals.0)));
    signals.0.begun.add_permits(1);
    signals.0.go.acquire().await.expect("it is never closed").forget();
    format!("done as a task: {}", ctx.is_task())
}

/// Greet a person by name.
#[tool]
fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

fn server(signals: &Signals) -> Server {
    let optional = [
        <slow_compute as ToolFunction>::tool(),
        <protocol_error_job as ToolFunction>::tool(),
        <confirm_delete as ToolFunction>::tool(),
        <multi_input as ToolFunction>::tool(),
        <works as ToolFunction>::tool(),
    ];
    let required = [
        <failing_job as ToolFunction>::tool(),
        <test_tool_with_task as ToolFunction>::tool(),
    ];
    Server::new("tasks")
        .state(signals.clone())
        .add(tools![greet])
        .add(optional.map(|tool| tool.task(TaskSupport::Optional)))
        .add(required.map(|tool| tool.task(TaskSupport::Required)))
}

/// For tests whose time is real: clients may look at their tasks all the time.
fn looked_at_often() -> TaskOptions {
    let mut options = TaskOptions::default();
    options.poll_interval = Duration::from_millis(1);
    options
}

/// What clients that know tasks declare.
fn knows_tasks() -> Value {
    json!({"elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}})
}

/// A client that knows tasks.
fn client(signals: &Signals) -> Wire {
    Wire::modern(server(signals), knows_tasks())
}

/// The id of the task a reply begins.
fn begun(reply: &Value) -> String {
    assert_eq!(reply["result"]["resultType"], "task", "{reply}");
    reply["result"]["taskId"].as_str().expect("an id").to_owned()
}

impl Wire {
    /// `tasks/get`: the task.
    async fn task(&mut self, id: &str) -> Value {
        let mut reply = self.request("tasks/get", json!({"taskId": id})).await;
        assert_eq!(reply["result"]["resultType"], "complete", "{reply}");
        reply["result"].take()
    }

    /// Asks for a task, as often as it suggests, until it has this status.
    async fn task_when(&mut self, id: &str, status: &str) -> Value {
        loop {
            let task = self.task(id).await;
            if task["status"] == status {
                return task;
            }
            let over = ["completed", "failed", "cancelled"]
                .iter()
                .any(|end| task["status"] == *end);
            assert!(!over, "never {status}, but {task}");
            let poll = task["pollIntervalMs"].as_u64().expect("a suggestion");
            tokio::time::sleep(Duration::from_millis(poll)).await;
        }
    }

    /// `tasks/update`: the reply.
    async fn update(&mut self, id: &str, answers: Value) -> Value {
        self.request("tasks/update", json!({"taskId": id, "inputResponses": answers}))
            .await
    }

    /// `tasks/cancel`: the reply.
    async fn cancel_task(&mut self, id: &str) -> Value {
        self.request("tasks/cancel", json!({"taskId": id})).await
    }
}

/// Whether a reply is the empty one.
fn is_ack(reply: &Value) -> bool {
    let fields = reply["result"].as_object().expect("a result");
    fields["resultType"] == "complete" && fields.keys().all(|key| key == "resultType" || key == "_meta")
}

/// The text of a task's result.
fn result_text(task: &Value) -> &str {
    task["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{task}"))
}

/// A task without what differs each time.
fn same(task: &Value) -> Value {
    let mut task = task.clone();
    for (field, stands_for) in [
        ("taskId", "[id]"),
        ("createdAt", "[time]"),
        ("lastUpdatedAt", "[time]"),
    ] {
        task[field] = stands_for.into();
    }
    task
}
