//! Whose turn it is, on every transport: calls take places wherever they come from, and give them back while they wait
//! for their user.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holdall::prelude::*;
use holdall_http::HttpConfig;
use holdall_testkit::{HttpReply, HttpRequest, Served, Wire};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// What the functions do, and wait for.
#[derive(Clone)]
struct Watched {
    answered: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
    release: Arc<Semaphore>,
}

/// Greet whoever is there.
#[tool]
async fn ask(ctx: Context, watched: State<Watched>) -> CallResult<String> {
    let Name { name } = ctx.elicit("What is your name?").await?.required()?;
    watched.answered.fetch_add(1, Ordering::SeqCst);
    Ok(format!("Hello, {name}!"))
}

/// Greet whoever is there, from a thread that may block.
#[tool]
fn ask_blocking(ctx: &Context, watched: State<Watched>) -> CallResult<String> {
    let Name { name } = ctx.wait(ctx.elicit("What is your name?"))?.required()?;
    watched.answered.fetch_add(1, Ordering::SeqCst);
    Ok(format!("Hello, {name}!"))
}

/// Wait until somebody says go.
#[tool]
async fn hold(watched: State<Watched>) -> &'static str {
    watched.held.fetch_add(1, Ordering::SeqCst);
    watched
        .release
        .acquire()
        .await
        .expect("it is never closed")
        .forget();
    "released"
}

/// Be done at once.
#[tool]
async fn quick(_ctx: Context) -> &'static str {
    "done"
}

struct Fixture {
    served: Served,
    watched: Watched,
}

impl Fixture {
    /// A server with one place, and little patience.
    async fn start(change: impl FnOnce(&mut HttpConfig)) -> Self {
        let mut config = HttpConfig::default();
        config.limits.calls_max = 1;
        config.limits.wait_max = Duration::from_millis(50);
        change(&mut config);
        let watched = Watched {
            answered: Arc::default(),
            held: Arc::default(),
            release: Arc::new(Semaphore::new(0)),
        };
        let server = Server::new("test")
            .state(watched.clone())
            .add(tools![ask, ask_blocking, hold, quick]);
        let served = Served::start_with(server, config).await;
        Self { served, watched }
    }

    /// One connection of each kind that carries many calls.
    async fn connections(&self) -> [Wire; 3] {
        let [url, sse, websocket] = [
            self.served.url(),
            self.served.sse_url(),
            self.served.websocket_url(),
        ];
        let mut wires = [
            Wire::at(url).await,
            Wire::at(sse).await,
            Wire::at(websocket).await,
        ];
        for wire in &mut wires {
            let client = json!({"name": "t", "version": "0"});
            let params = json!({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": client});
            wire.request(0, "initialize", params).await;
            wire.reply_to(0).await;
            wire.send_json(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
                .await;
        }
        wires
    }

    /// A call without a session.
    async fn stateless(&self, tool: &str) -> HttpReply {
        stateless(tool).send(self.served.address()).await
    }

    async fn until_held(&self, times: usize) {
        let held = async {
            while self.watched.held.load(Ordering::SeqCst) < times {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), held)
            .await
            .expect("it is called");
    }
}

fn stateless(tool: &str) -> HttpRequest {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": tool, "arguments": {}, "_meta": meta});
    HttpRequest::post(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", tool)
}

async fn call(wire: &Wire, id: u32, tool: &str) {
    wire.request(id, "tools/call", json!({"name": tool})).await;
}

/// The id of the question that comes next.
async fn question(wire: &mut Wire) -> Value {
    let question = wire.next().await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    question["id"].clone()
}

async fn answer(wire: &Wire, question: Value) {
    let result = json!({"action": "accept", "content": {"name": "Alice"}});
    wire.send_json(json!({"jsonrpc": "2.0", "id": question, "result": result}))
        .await;
}

fn text(reply: &Value) -> &str {
    reply["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_call_that_waits_for_its_user_makes_room_for_others_and_takes_its_turn_again() {
    let fixture = Fixture::start(|_| ()).await;
    for (n, wire) in fixture.connections().await.iter_mut().enumerate() {
        for (id, tool) in [(1, "ask"), (2, "ask_blocking")] {
            call(wire, id, tool).await;
            let question = question(wire).await;
            assert_eq!(fixture.stateless("quick").await.status, 200, "{n} {tool}");
            // Another is inside when the answer comes.
            let before = fixture.watched.answered.load(Ordering::SeqCst);
            let held = fixture.watched.held.load(Ordering::SeqCst) + 1;
            let address = fixture.served.address();
            let other = tokio::spawn(async move { stateless("hold").send(address).await });
            fixture.until_held(held).await;
            answer(wire, question).await;
            // The answer gets through; what it is for waits for its turn, for longer than others would.
            for _ in 0..20 {
                assert_eq!(fixture.stateless("quick").await.status, 503, "{n} {tool}");
            }
            assert_eq!(
                fixture.watched.answered.load(Ordering::SeqCst),
                before,
                "{n} {tool}"
            );
            fixture.watched.release.add_permits(1);
            assert_eq!(other.await.expect("no panic").status, 200);
            assert_eq!(text(&wire.reply_to(id).await), "Hello, Alice!");
        }
    }
}

#[tokio::test]
async fn calls_that_wait_for_their_users_are_bounded_and_keep_nobody_from_calling() {
    let fixture = Fixture::start(|config| config.limits.asking_per_principal_max = 1).await;
    for wire in &mut fixture.connections().await {
        call(wire, 1, "ask").await;
        let question = question(wire).await;
        call(wire, 2, "ask").await;
        let refused = wire.reply_to(2).await;
        assert!(
            text(&refused).contains("wait for an answer of their user"),
            "{refused}"
        );
        call(wire, 3, "quick").await;
        assert_eq!(text(&wire.reply_to(3).await), "done");
        answer(wire, question).await;
        assert_eq!(text(&wire.reply_to(1).await), "Hello, Alice!");
        // Who has given up does not wait any more.
        call(wire, 4, "ask").await;
        self::question(wire).await;
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4}});
        wire.send_json(cancel).await;
        let mut id = 5;
        loop {
            call(wire, id, "ask").await;
            // What is still to be taken back is not told apart from the next question.
            let mut next = wire.next().await;
            while next["method"] == "notifications/cancelled" {
                next = wire.next().await;
            }
            if next["method"] == "elicitation/create" {
                answer(wire, next["id"].clone()).await;
                assert_eq!(text(&wire.reply_to(id).await), "Hello, Alice!");
                break;
            }
            id += 1;
        }
    }
}

#[tokio::test]
async fn calls_take_turns_whatever_they_come_on() {
    let fixture = Fixture::start(|_| ()).await;
    let mut held = 0;
    for mut wire in fixture.connections().await {
        call(&wire, 1, "hold").await;
        held += 1;
        fixture.until_held(held).await;
        assert_eq!(fixture.stateless("quick").await.status, 503);
        // What is no call needs no turn.
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}});
        wire.send_json(cancel).await;
        fixture.watched.release.add_permits(1);
        assert_eq!(text(&wire.reply_to(1).await), "released");
        assert_eq!(fixture.stateless("quick").await.status, 200);
    }
    // One request has one place, whatever its headers say.
    let odd = stateless("quick").header("Upgrade", "websocket");
    assert_eq!(odd.send(fixture.served.address()).await.status, 200);
    // The other way round.
    let [_, mut sse, mut websocket] = fixture.connections().await;
    let address = fixture.served.address();
    let other = tokio::spawn(async move { stateless("hold").send(address).await });
    fixture.until_held(held + 1).await;
    for wire in [&mut sse, &mut websocket] {
        call(wire, 1, "quick").await;
        let refused = wire.reply_to(1).await;
        assert_eq!(refused["error"]["code"], -32000, "{refused}");
        assert_eq!(
            refused["error"]["data"]["error"]["kind"], "unavailable",
            "{refused}"
        );
        wire.request(2, "ping", Value::Null).await;
        assert_eq!(wire.reply_to(2).await["result"], json!({}));
    }
    fixture.watched.release.add_permits(1);
    assert_eq!(other.await.expect("no panic").status, 200);
}

fn in_session(session: Option<&str>, message: &Value) -> HttpRequest {
    let request = HttpRequest::post(message);
    match session {
        Some(session) => request.header("Mcp-Session-Id", session),
        None => request,
    }
}

/// Opens a session of Streamable HTTP; returns its id.
async fn session(fixture: &Fixture, version: &str) -> String {
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let opened = in_session(None, &hello).send(fixture.served.address()).await;
    let session = opened.header("mcp-session-id").expect("a session").to_owned();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let ready = in_session(Some(&session), &ready)
        .send(fixture.served.address())
        .await;
    assert_eq!(ready.status, 202);
    session
}

fn request(id: u32, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool}})
}

#[tokio::test]
async fn a_call_in_a_session_keeps_its_place_when_its_client_hangs_up() {
    let fixture = Fixture::start(|_| ()).await;
    let address = fixture.served.address();
    let session = session(&fixture, "2025-11-25").await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let bytes = in_session(Some(&session), &request(1, "hold")).to_bytes();
    stream.write_all(&bytes).await.expect("it reads");
    fixture.until_held(1).await;
    drop(stream);
    for _ in 0..5 {
        assert_eq!(fixture.stateless("quick").await.status, 503, "it still runs");
    }
    let refused = in_session(Some(&session), &request(2, "quick"))
        .send(address)
        .await;
    assert_eq!(refused.status, 503);
    fixture.watched.release.add_permits(1);
    let free = async { while fixture.stateless("quick").await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(30), free)
        .await
        .expect("it ends");
}

#[tokio::test]
async fn the_calls_of_a_batch_take_turns_too() {
    let fixture = Fixture::start(|config| config.limits.wait_max = Duration::from_secs(30)).await;
    let address = fixture.served.address();
    let session = session(&fixture, "2025-03-26").await;
    let batch = json!([request(1, "hold"), request(2, "hold"), request(3, "quick")]);
    let batch = in_session(Some(&session), &batch);
    let replies = tokio::spawn(async move { batch.send(address).await.events() });
    fixture.until_held(1).await;
    // The second has not begun, although it could if it took no turn.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(HttpRequest::get("/health").send(address).await.status, 200);
    assert_eq!(fixture.watched.held.load(Ordering::SeqCst), 1);
    fixture.watched.release.add_permits(2);
    let replies = replies.await.expect("no panic");
    assert_eq!(replies.len(), 3, "{replies:?}");
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused_at_once_while_the_first_goes_on() {
    let fixture = Fixture::start(|config| config.limits.calls_max = 10).await;
    let address = fixture.served.address();
    let session = session(&fixture, "2025-11-25").await;
    for round in 1..=2 {
        let first = in_session(Some(&session), &request(7, "hold"));
        let first = tokio::spawn(async move { first.send(address).await });
        fixture.until_held(round).await;
        let second = in_session(Some(&session), &request(7, "quick"))
            .send(address)
            .await;
        assert_eq!(second.status, 400);
        let told = second.json();
        assert_eq!(
            (&told["id"], &told["error"]["code"]),
            (&json!(7), &json!(-32600)),
            "{told}"
        );
        let message = told["error"]["message"].as_str().expect("a message");
        assert!(message.contains("`7` is still under way"), "{message}");
        // Another id is free, and so is this one in another session.
        let other = in_session(Some(&session), &request(8, "quick"))
            .send(address)
            .await;
        assert_eq!(text(&other.json()), "done");
        let elsewhere = self::session(&fixture, "2025-11-25").await;
        let other = in_session(Some(&elsewhere), &request(7, "quick"))
            .send(address)
            .await;
        assert_eq!(text(&other.json()), "done");
        fixture.watched.release.add_permits(1);
        assert_eq!(text(&first.await.expect("no panic").json()), "released");
    }
}

#[tokio::test]
async fn an_id_twice_in_a_batch_is_refused_and_the_rest_is_answered() {
    let fixture = Fixture::start(|config| config.limits.calls_max = 10).await;
    let session = session(&fixture, "2025-03-26").await;
    let batch = json!([request(1, "quick"), request(1, "quick"), request(2, "quick")]);
    let reply = in_session(Some(&session), &batch)
        .send(fixture.served.address())
        .await;
    let mut told: Vec<(Value, Value)> = reply
        .events()
        .iter()
        .map(|event| (event["id"].clone(), event["error"]["code"].clone()))
        .collect();
    told.sort_by_key(|(id, code)| (id.as_u64(), code.is_null()));
    assert_eq!(
        told,
        [
            (json!(1), json!(-32600)),
            (json!(1), Value::Null),
            (json!(2), Value::Null)
        ]
    );
}
