//! Every call is told of once, however it ends.

use std::sync::{Arc, Mutex};

use holdall::observe::{Arrival, CallRecord, ObservedCall, Observer, Outcome, Wants};
use holdall::prelude::*;
use holdall::{Completer, Principal, TaskSupport};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::raw::{Raw, modern, until};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Notes {
    lines: Arc<Mutex<Vec<String>>>,
    wants: Wants,
}

impl Notes {
    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("nobody panicked").clone()
    }

    fn note(&self, line: String) {
        self.lines.lock().expect("nobody panicked").push(line);
    }

    /// Waits for so many lines and takes them.
    async fn take(&self, count: usize) -> Vec<String> {
        until(|| self.lines().len() >= count).await;
        std::mem::take(&mut *self.lines.lock().expect("nobody panicked"))
    }
}

fn name_of(call: &ObservedCall) -> String {
    format!("{} {}", call.kind().as_str(), call.name().unwrap_or("?"))
}

impl Observer for Notes {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn call_begun(&self, call: &ObservedCall, _: &tracing::Span) {
        self.note(format!("begun {}", name_of(call)));
    }

    fn call_ended(&self, record: &CallRecord<'_>) {
        let outcome = match record.outcome {
            Outcome::Failed(kind) => kind.as_str(),
            outcome => outcome.as_str(),
        };
        let task = if record.became_task { ", a task" } else { "" };
        let panicked = if record.panicked() { ", a panic" } else { "" };
        self.note(format!("{}: {outcome}{task}{panicked}", name_of(record.call)));
    }

    fn session_opened(&self) {
        self.note("session opened".into());
    }

    fn session_closed(&self) {
        self.note("session closed".into());
    }

    fn stream_opened(&self) {
        self.note("stream opened".into());
    }

    fn stream_closed(&self) {
        self.note("stream closed".into());
    }
}

/// Greet.
#[tool]
fn greet(#[arg(length = 1..=20)] name: String) -> String {
    format!("Hello, {name}!")
}

/// Fail.
#[tool]
fn fail() -> CallResult<String> {
    Err(CallError::not_found("there is no such thing"))
}

/// Break.
#[tool]
fn break_down() -> CallResult<String> {
    Err(std::io::Error::other("out of paper"))?
}

/// Panic.
#[tool]
fn panic_blocking() -> String {
    panic!("blocking")
}

/// Panic.
#[tool]
async fn panic_async() -> String {
    panic!("async")
}

/// Never end.
#[tool]
async fn hang() -> String {
    std::future::pending().await
}

/// Never end.
#[tool(timeout = "10ms")]
async fn dawdle() -> String {
    std::future::pending().await
}

/// Say too much.
#[tool(max_result_bytes = 10)]
fn ramble() -> String {
    "more than ten bytes".into()
}

/// Ask first.
#[tool]
async fn ask(ctx: Context) -> CallResult<String> {
    Ok(format!("{}", ctx.confirm("Sure?").await?))
}

/// Need a scope.
#[tool(scopes("admin"))]
fn guarded() -> String {
    "secret".into()
}

#[resource("note://{path}")]
fn note(path: String) -> String {
    path
}

#[prompt]
fn review(text: String) -> String {
    text
}

fn server() -> Server {
    Server::new("watched")
        .add(tools![
            greet,
            fail,
            break_down,
            panic_blocking,
            panic_async,
            hang,
            dawdle,
            ramble,
            ask,
            guarded
        ])
        .add(resources![note])
        .add(prompts![review])
        .add(
            Prompt::new("greeting")
                .argument(Argument::of::<String>("name"))
                .complete(
                    "name",
                    Completer::new(|typed, _| vec![typed.to_owned(), "Ada".to_owned()]),
                )
                .handler(async |_| Ok("Hello!".to_owned())),
        )
}

/// A server of which `notes` are taken.
fn watched(server: Server, notes: &Notes) -> holdall::Service {
    let service = server
        .observe(notes.clone())
        .build()
        .expect("the server is right");
    let ada = Principal::new("ada", ["notes"]);
    service.identified_by(move |_| ada.clone())
}

fn tool(name: &str, arguments: Value) -> (&'static str, Value) {
    ("tools/call", json!({"name": name, "arguments": arguments}))
}

/// Each ending a request can have, with what is told of it.
fn endings() -> Vec<((&'static str, Value), &'static str)> {
    let ended = |name, outcome: &'static str| (tool(name, json!({})), outcome);
    vec![
        (tool("greet", json!({"name": "Ada"})), "tool greet: ok"),
        (
            tool("greet", json!({"name": ""})),
            "tool greet: invalid_arguments",
        ),
        (tool("greet", json!({"nme": 1})), "tool greet: invalid_arguments"),
        ended("fail", "tool fail: not_found"),
        ended("break_down", "tool break_down: internal"),
        ended("panic_blocking", "tool panic_blocking: internal, a panic"),
        ended("panic_async", "tool panic_async: internal, a panic"),
        ended("dawdle", "tool dawdle: timed_out"),
        ended("ramble", "tool ramble: too_large"),
        ended("guarded", "tool guarded: insufficient_scope"),
        ended("no_such_tool", "tool ?: not_found"),
        (
            ("resources/read", json!({"uri": "note://a"})),
            "resource note://{path}: ok",
        ),
        (
            ("resources/read", json!({"uri": "other://a"})),
            "resource ?: not_found",
        ),
        (
            (
                "prompts/get",
                json!({"name": "review", "arguments": {"text": "x"}}),
            ),
            "prompt review: ok",
        ),
        (
            ("prompts/get", json!({"name": "review", "arguments": {}})),
            "prompt review: invalid_arguments",
        ),
        (("prompts/get", json!({"name": "rview"})), "prompt ?: not_found"),
        (completion("greeting", "name"), "completion greeting: ok"),
        (completion("greeting", "nothing"), "completion greeting: ok"),
        (completion("greetings", "name"), "completion ?: not_found"),
    ]
}

fn completion(prompt: &str, argument: &str) -> (&'static str, Value) {
    let reference = json!({"type": "ref/prompt", "name": prompt});
    let params = json!({"ref": reference, "argument": {"name": argument, "value": "A"}});
    ("completion/complete", params)
}

#[tokio::test]
async fn every_ending_is_told_once_in_both_eras() {
    let notes = Notes::default();
    let service = watched(server(), &notes);
    let (mut older, _) = Raw::session(&service, "2025-06-18").await;
    assert_eq!(notes.take(1).await, ["session opened"]);
    let mut newer = Raw::connect(&service);
    for ((method, params), expected) in endings() {
        for modern in [false, true] {
            if modern {
                newer.ask_modern(method, params.clone()).await;
            } else {
                older.ask(method, params.clone()).await;
            }
            let begun = expected.rsplit_once(": ").expect("name and outcome").0;
            let told = notes.take(2).await;
            assert_eq!(
                told,
                [format!("begun {begun}"), expected.to_owned()],
                "{method} {params}"
            );
        }
    }
    drop(older);
    assert_eq!(notes.take(1).await, ["session closed"]);
}

#[tokio::test]
async fn a_question_in_the_reply_is_an_end_of_its_own() {
    let notes = Notes::default();
    let service = watched(server(), &notes);
    let mut raw = Raw::connect(&service);
    let mut params = modern(json!({"name": "ask"}));
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({"elicitation": {"form": {}}});
    raw.ask("tools/call", params).await;
    assert_eq!(notes.take(2).await, ["begun tool ask", "tool ask: asked"]);
}

#[tokio::test]
async fn calls_that_are_given_up_are_told_of() {
    let notes = Notes::default();
    let service = watched(server(), &notes);
    // By a message.
    let (mut raw, _) = Raw::session(&service, "2025-11-25").await;
    let id = raw.request("tools/call", json!({"name": "hang"})).await;
    assert_eq!(notes.take(2).await, ["session opened", "begun tool hang"]);
    raw.cancel(id).await;
    assert_eq!(notes.take(1).await, ["tool hang: cancelled"]);
    // By leaving.
    raw.request("tools/call", json!({"name": "hang"})).await;
    assert_eq!(notes.take(1).await, ["begun tool hang"]);
    drop(raw);
    let mut told = notes.take(2).await;
    told.sort();
    assert_eq!(told, ["session closed", "tool hang: cancelled"]);
}

#[tokio::test]
async fn streams_are_told_of() {
    let notes = Notes::default();
    let service = watched(server(), &notes);
    let mut raw = Raw::connect(&service);
    let (id, _) = raw.listen(json!({"toolsListChanged": true})).await;
    assert_eq!(notes.take(1).await, ["stream opened"]);
    raw.cancel(id).await;
    assert_eq!(notes.take(1).await, ["stream closed"]);
}

fn task(params: Value) -> Value {
    let mut params = modern(params);
    let extension = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = extension;
    params
}

#[tokio::test]
async fn a_task_is_told_of_when_it_has_ended() {
    let go = Arc::new(Notify::new());
    let waiting = Arc::clone(&go);
    let work = Tool::new("work")
        .task(TaskSupport::Required)
        .task_after(std::time::Duration::ZERO)
        .handler(move |_: Call| {
            let go = Arc::clone(&waiting);
            async move {
                go.notified().await;
                Ok("done".to_owned())
            }
        });
    let notes = Notes::default();
    let service = watched(Server::new("worker").add(work), &notes);
    let mut raw = Raw::connect(&service);

    let created = raw.ask("tools/call", task(json!({"name": "work"}))).await;
    assert!(created["result"]["taskId"].is_string(), "{created}");
    assert_eq!(notes.take(1).await, ["begun tool work"]);
    go.notify_one();
    assert_eq!(notes.take(1).await, ["tool work: ok, a task"]);

    let created = raw.ask("tools/call", task(json!({"name": "work"}))).await;
    assert_eq!(notes.take(1).await, ["begun tool work"]);
    let id = created["result"]["taskId"].clone();
    raw.ask("tasks/cancel", task(json!({"taskId": id}))).await;
    assert_eq!(notes.take(1).await, ["tool work: cancelled, a task"]);

    raw.ask_modern("tools/call", json!({"name": "work"})).await;
    assert_eq!(
        notes.take(2).await,
        ["begun tool work", "tool work: unsupported_by_client"]
    );

    let wrong = json!({"name": "work", "arguments": {"unknown": 1}});
    raw.ask("tools/call", task(wrong)).await;
    assert_eq!(
        notes.take(2).await,
        ["begun tool work", "tool work: invalid_arguments"]
    );
}

/// Keeps what it was told of the last call.
#[derive(Default)]
struct Last(Mutex<Option<Told>>, Wants);

#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    requested: String,
    principal: String,
    request_id: String,
    arrival: Arrival,
    version: Option<String>,
    argument_bytes: Option<usize>,
    result_bytes: Option<usize>,
    arguments: Option<Value>,
    trace: Option<String>,
}

impl Observer for Last {
    fn wants(&self) -> Wants {
        self.1
    }

    fn call_ended(&self, record: &CallRecord<'_>) {
        let call = record.call;
        *self.0.lock().expect("nobody panicked") = Some(Told {
            requested: call.requested().into(),
            principal: call.principal().name().into(),
            request_id: call.request_id(),
            arrival: call.arrival().clone(),
            version: call.protocol_version().map(ToString::to_string),
            argument_bytes: call.argument_bytes(),
            result_bytes: record.result_bytes,
            arguments: call.arguments().cloned().map(Value::Object),
            trace: call.traceparent().map(str::to_owned),
        });
    }
}

async fn last_of(wants: Wants) -> Told {
    let last = Arc::new(Last(Mutex::default(), wants));
    let service = server().build().expect("the server is right");
    let service = service.observed_by(Arc::clone(&last)).arriving_by(|_| {
        Arrival::by("pigeon")
            .with_request_id("r-7")
            .within_trace("from-the-proxy", None)
    });
    let mut raw = Raw::connect(&service);
    let mut params = modern(json!({"name": "greet", "arguments": {"name": "Ada"}}));
    params["_meta"]["traceparent"] = "from-the-message".into();
    raw.ask("tools/call", params).await;
    last.0
        .lock()
        .expect("nobody panicked")
        .clone()
        .expect("it was told")
}

#[tokio::test]
async fn only_what_is_wanted_is_gathered() {
    let plain = Told {
        requested: "greet".into(),
        principal: "local".into(),
        request_id: "1".into(),
        arrival: Arrival::by("pigeon")
            .with_request_id("r-7")
            .within_trace("from-the-proxy", None),
        version: Some("2026-07-28".into()),
        ..Told::default()
    };
    assert_eq!(last_of(Wants::default()).await, plain);

    let mut wants = Wants::default();
    (wants.sizes, wants.arguments, wants.trace) = (true, true, true);
    let all = Told {
        argument_bytes: Some(r#"{"name":"Ada"}"#.len()),
        result_bytes: Some("Hello, Ada!".len()),
        arguments: Some(json!({"name": "Ada"})),
        trace: Some("from-the-message".into()),
        ..plain
    };
    let told = last_of(wants).await;
    assert!(
        told.argument_bytes.is_some_and(|bytes| bytes.abs_diff(14) <= 3),
        "{told:?}"
    );
    assert_eq!(
        Told {
            argument_bytes: all.argument_bytes,
            ..told
        },
        all
    );
}

/// Panics whenever it is told something.
struct Clumsy;

impl Observer for Clumsy {
    fn call_begun(&self, _: &ObservedCall, _: &tracing::Span) {
        panic!("dropped it")
    }

    fn call_ended(&self, _: &CallRecord<'_>) {
        panic!("dropped it again")
    }
}

#[tokio::test]
async fn an_observer_that_panics_harms_neither_call_nor_other_observers() {
    let notes = Notes::default();
    let service = watched(server().observe(Clumsy), &notes);
    let mut raw = Raw::connect(&service);
    let (method, params) = tool("greet", json!({"name": "Ada"}));
    let reply = raw.ask_modern(method, params).await;
    assert_eq!(reply["result"]["content"][0]["text"], "Hello, Ada!", "{reply}");
    assert_eq!(notes.take(2).await, ["begun tool greet", "tool greet: ok"]);
}
