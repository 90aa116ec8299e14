//! What holds whatever happens, in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::trouble::Moody;
use super::{Bench, Order, settle};

const TASKS: usize = 2;
const KEYS: [&str; 3] = ["a", "b", "c"];
const LIFE: Duration = Duration::from_secs(100);
const KEPT: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
enum Event {
    Order(usize, Order),
    /// Answers to these keys, fitting or not.
    Update(usize, Vec<(String, bool)>),
    Cancel(usize),
    Stranger(usize),
    Pass(Duration),
    Break(bool),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let order = prop_oneof![
        4 => prop::sample::select(&KEYS).prop_map(Order::Ask),
        1 => (0..100_u32).prop_map(Order::Progress),
        1 => Just(Order::Succeed),
        1 => Just(Order::Fail),
        1 => Just(Order::Refuse),
        1 => Just(Order::Panic),
    ];
    let key = prop::sample::select(vec!["a", "b", "c", "a_2", "b_2", "none"]).prop_map(str::to_owned);
    let answers = prop::collection::vec((key, any::<bool>()), 0..4);
    let event = prop_oneof![
        6 => (0..TASKS, order).prop_map(|(task, order)| Event::Order(task, order)),
        4 => (0..TASKS, answers).prop_map(|(task, answers)| Event::Update(task, answers)),
        1 => (0..TASKS).prop_map(Event::Cancel),
        1 => (0..TASKS).prop_map(Event::Stranger),
        2 => (1..40_u64).prop_map(|seconds| Event::Pass(Duration::from_secs(seconds))),
        1 => any::<bool>().prop_map(Event::Break),
    ];
    prop::collection::vec(event, 1..40)
}

/// What was seen of one task so far.
struct Seen {
    id: String,
    begun: Instant,
    orders: mpsc::UnboundedSender<Order>,
    last: Option<Value>,
    /// What each key asked.
    asked: BTreeMap<String, Value>,
    /// Keys that are open no more.
    closed: BTreeSet<String>,
}

fn is_over(task: &Value) -> bool {
    ["completed", "failed", "cancelled"]
        .iter()
        .any(|status| task["status"] == *status)
}

impl Seen {
    /// Looks at the task, which has to agree with what was seen before.
    async fn look(&mut self, bench: &Bench, broken: bool) {
        let now = match bench.get(&self.id).await {
            Ok(now) => Some(now),
            // Then nobody can say.
            Err(error) if broken && error.code.0 == -32603 => return,
            Err(error) => {
                assert_eq!(error.code.0, -32602, "{error:?}");
                None
            }
        };
        let before = std::mem::replace(&mut self.last, now.clone());
        match (before, &now) {
            (Some(before), Some(now)) if is_over(&before) => assert_eq!(before, *now, "an end is final"),
            (Some(before), Some(now)) => {
                assert_eq!(before["createdAt"], now["createdAt"]);
                assert!(
                    before["lastUpdatedAt"].as_str() <= now["lastUpdatedAt"].as_str(),
                    "{before} {now}"
                );
                assert!(
                    before["ttlMs"].as_u64() <= now["ttlMs"].as_u64(),
                    "{before} {now}"
                );
            }
            // Unless it ended and was forgotten since the last look.
            (Some(before), None) => assert!(
                is_over(&before) || self.begun.elapsed() >= LIFE + KEPT,
                "what runs is never forgotten: {before}"
            ),
            (None, Some(now)) => panic!("nothing comes back: {now}"),
            (None, None) => {}
        }
        if let Some(now) = now {
            self.agrees(&now);
        }
    }

    /// A task has the fields of its status and no others, and no key means two questions.
    fn agrees(&mut self, task: &Value) {
        for (field, status) in [
            ("inputRequests", "input_required"),
            ("result", "completed"),
            ("error", "failed"),
        ] {
            assert_eq!(task.get(field).is_some(), task["status"] == status, "{task}");
        }
        let nothing = serde_json::Map::new();
        let open = task["inputRequests"].as_object().unwrap_or(&nothing);
        for (key, request) in open {
            assert!(!self.closed.contains(key), "`{key}` is asked again: {task}");
            let first = self.asked.entry(key.clone()).or_insert_with(|| request.clone());
            assert_eq!(first, request, "`{key}` asks something else");
        }
        let closed = self.asked.keys().filter(|key| !open.contains_key(*key)).cloned();
        self.closed.extend(closed.collect::<Vec<_>>());
        if is_over(task) {
            assert!(self.orders.is_closed(), "the function goes on: {task}");
        }
    }

    fn is_over(&self) -> bool {
        self.last.as_ref().is_none_or(is_over)
    }
}

async fn run(events: Vec<Event>) {
    let store = Arc::new(Moody::default());
    let bench = Bench::new(|options| {
        options.store = Arc::clone(&store) as _;
        options.timeout = LIFE;
        options.ttl = LIFE;
        options.result_ttl = KEPT;
    });
    let mut tasks = Vec::new();
    for n in 0..TASKS {
        let begun = Instant::now();
        let (orders, id) = bench.begin(&n.to_string()).await;
        let (last, asked, closed) = (bench.get(&id).await.ok(), BTreeMap::new(), BTreeSet::new());
        assert_eq!(last.as_ref().unwrap()["status"], "working");
        tasks.push(Seen {
            id,
            begun,
            orders,
            last,
            asked,
            closed,
        });
    }
    let mut broken = false;
    for event in events {
        happens(&event, &bench, &store, &mut tasks, &mut broken).await;
        settle().await;
        for task in &mut tasks {
            task.look(&bench, broken).await;
        }
        expected(&event, &tasks, broken);
    }
    // In the end all of them are forgotten.
    store.set_broken(false);
    tokio::time::sleep(LIFE + KEPT + Duration::from_secs(120)).await;
    for task in &tasks {
        assert!(bench.get(&task.id).await.is_err());
        assert!(task.orders.is_closed(), "the function goes on");
    }
}

async fn happens(event: &Event, bench: &Bench, store: &Moody, tasks: &mut [Seen], broken: &mut bool) {
    match event {
        // Whoever is gone hears nothing.
        Event::Order(n, order) => drop(tasks[*n].orders.send(order.clone())),
        Event::Update(n, answers) => {
            let answers = answers.iter().map(|(key, fits)| {
                let content = if *fits {
                    json!({"name": "Al"})
                } else {
                    json!({"nome": 1})
                };
                (key.clone(), json!({"action": "accept", "content": content}))
            });
            let answers = Value::Object(answers.collect());
            acknowledged(bench.update(&tasks[*n].id, answers).await, &tasks[*n], *broken);
        }
        Event::Cancel(n) => acknowledged(bench.cancel(&tasks[*n].id).await, &tasks[*n], *broken),
        Event::Stranger(n) => {
            for error in bench.stranger(&tasks[*n].id).await {
                let code = error.expect("it is not theirs").code.0;
                assert!(code == -32602 || *broken && code == -32603, "{code}");
            }
        }
        Event::Pass(time) => tokio::time::sleep(*time).await,
        Event::Break(yes) => {
            store.set_broken(*yes);
            *broken = *yes;
        }
    }
}

/// A request about a task that was there a moment ago is acknowledged, whatever became of it.
fn acknowledged(reply: Result<(), rmcp::ErrorData>, task: &Seen, broken: bool) {
    match (reply, &task.last) {
        (Ok(()), last) => assert!(last.is_some(), "nothing is there to acknowledge"),
        (Err(error), last) => {
            let gone = error.code.0 == -32602 && last.as_ref().is_none_or(is_over);
            assert!(gone || broken && error.code.0 == -32603, "{error:?}");
        }
    }
}

/// What an event brings about at once.
fn expected(event: &Event, tasks: &[Seen], broken: bool) {
    if let Event::Cancel(n) | Event::Order(n, Order::Succeed | Order::Fail | Order::Refuse | Order::Panic) =
        event
    {
        assert!(
            tasks[*n].is_over() || broken,
            "{event:?} ends it: {:?}",
            tasks[*n].last
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tasks_keep_their_promises(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(events));
    }
}
