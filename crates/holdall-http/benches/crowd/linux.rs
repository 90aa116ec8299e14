//! The measuring.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::client::{self, Connection};
use super::server;

const CALLS: usize = 10_000;
const STREAMS: usize = 1_000;
const ROUNDS: usize = 6;
/// Changes while everybody listens, in each round.
const CHANGES: usize = 3;
/// So many clients connect at once: fewer than wait to be accepted without a retry.
const AT_ONCE: usize = 200;
/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn main() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, all).expect("a limit may be raised to its maximum");
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(index) = arguments.iter().position(|argument| argument == "--serve") {
        return server::serve(&arguments[index + 1]);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    println!("{CALLS} calls in flight: bytes each in the first round, then what the last round left");
    println!(
        "{:<34} {:>10} {:>10} {:>14} {:>12} {:>14} {:>12}",
        "", "connection", "call", "answered in ms", "CPU µs each", "kept MB, 1st", "kept MB, last"
    );
    for (name, tool) in [
        ("HTTP, stateless", "wait"),
        ("HTTP, stateless, with a context", "wait_with_context"),
    ] {
        runtime.block_on(calls(name, tool));
    }
    calls_over_stdio();
    println!("\n{STREAMS} open subscriptions");
    println!(
        "{:<34} {:>10} {:>14} {:>12} {:>12} {:>14} {:>12}",
        "", "bytes each", "all told in ms", "CPU µs each", "descriptors", "kept MB, 1st", "kept MB, last"
    );
    runtime.block_on(subscriptions("subscriptions/listen", false));
    runtime.block_on(subscriptions("sessions with a GET stream", true));
}

/// Calls of one tool, all of them in flight before the first is answered.
async fn calls(name: &str, tool: &str) {
    let server = Served::start();
    let mut rounds = Vec::new();
    let descriptors = server.descriptors();
    for _ in 0..ROUNDS {
        let empty = server.memory();
        let connections = open(server.address, CALLS).await;
        let connected = server.memory();
        let begun = server.cpu_seconds();
        let sent = connections
            .into_iter()
            .enumerate()
            .map(async |(id, mut connection)| {
                connection.send(&client::call(tool, id)).await;
                connection
            });
        let connections = join_all(sent).await;
        server.until("inside", CALLS).await;
        let full = server.memory();
        let opened = Instant::now();
        server.ask("open").await;
        let answered = connections
            .into_iter()
            .enumerate()
            .map(async |(id, mut connection)| {
                let (_, body) = connection.reply().await;
                assert_eq!(client::text(&body), format!("number {id}."));
                connection
            });
        let connections = join_all(answered).await;
        let took = opened.elapsed();
        assert_eq!(connections.len(), CALLS, "every call is answered");
        let spent = server.cpu_seconds() - begun;
        drop(connections);
        server.until_descriptors(descriptors).await;
        rounds.push(Round {
            before: empty,
            connection: connected - empty,
            each: full - connected,
            took,
            spent,
            after: server.memory(),
        });
    }
    print_calls(name, &rounds);
}

struct Round {
    before: i64,
    connection: i64,
    each: i64,
    took: Duration,
    spent: f64,
    after: i64,
}

fn print_calls(name: &str, rounds: &[Round]) {
    let (first, last) = (&rounds[0], &rounds[rounds.len() - 1]);
    println!(
        "{name:<34} {:>10} {:>10} {:>14} {:>12.1} {:>14.1} {:>12.1}",
        first.connection / CALLS as i64,
        first.each / CALLS as i64,
        median(rounds.iter().map(|round| round.took.as_secs_f64() * 1e3)).round(),
        median(rounds.iter().map(|round| round.spent * 1e6 / CALLS as f64)),
        megabytes(first.after - first.before),
        megabytes(last.after - first.before),
    );
}

/// The same over standard input and output: one connection, so there is nothing to measure of it.
fn calls_over_stdio() {
    let mut server = Spoken::start();
    let mut rounds = Vec::new();
    server.ask("inside");
    for _ in 0..ROUNDS {
        let (before, begun) = (server.process.memory(), server.process.cpu_seconds());
        // Nothing is answered yet, so nothing has to be read meanwhile.
        for id in 0..CALLS {
            server.send("wait", id);
        }
        let sent = Instant::now();
        while server.ask("inside") != CALLS.to_string() {
            assert!(sent.elapsed() < PATIENCE, "not all calls have come in");
        }
        let full = server.process.memory();
        let opened = Instant::now();
        server.send("open", CALLS);
        let mut answered = vec![false; CALLS + 1];
        for _ in 0..=CALLS {
            let reply: Value = server.reply();
            let id = reply["id"].as_u64().expect("the id of a call") as usize;
            let text = reply["result"]["content"][0]["text"].as_str();
            assert!(
                !std::mem::replace(&mut answered[id], true),
                "{id} is answered twice"
            );
            assert!(id == CALLS || text == Some(&*format!("number {id}.")), "{reply}");
        }
        rounds.push(Round {
            before,
            connection: 0,
            each: full - before,
            took: opened.elapsed(),
            spent: server.process.cpu_seconds() - begun,
            after: server.process.memory(),
        });
    }
    print_calls("standard input and output", &rounds);
}

/// Streams of protocol 2026-07-28, or sessions of 2025-11-25 with the stream on which they hear.
async fn subscriptions(name: &str, in_sessions: bool) {
    let server = Served::start();
    let descriptors = server.descriptors();
    server.ask("inside").await;
    let first = server.memory();
    let mut each = 0;
    let mut held = 0;
    let mut kept = Vec::new();
    let mut told = Vec::new();
    let mut spent = Vec::new();
    for round in 0..ROUNDS {
        let before = server.memory();
        let connections = open(server.address, STREAMS).await;
        let listening = connections.into_iter().map(async |connection| match in_sessions {
            true => Listening::session(server.address, connection).await,
            false => Listening::stream(connection).await,
        });
        let mut listening = join_all(listening).await;
        server.until("listening", STREAMS).await;
        if round == 0 {
            each = (server.memory() - before) / STREAMS as i64;
            held = server.descriptors() - descriptors;
        }
        for _ in 0..CHANGES {
            let (begun, asked) = (server.cpu_seconds(), Instant::now());
            server.ask("change").await;
            // Whoever were told nothing would be waited for in vain.
            let news = join_all(listening.iter_mut().map(Listening::hear));
            let news = tokio::time::timeout(PATIENCE, news).await;
            assert_eq!(news.expect("all are told").len(), STREAMS);
            told.push(asked.elapsed().as_secs_f64() * 1e3);
            spent.push((server.cpu_seconds() - begun) * 1e6 / STREAMS as f64);
        }
        join_all(
            listening
                .into_iter()
                .map(|listening| listening.end(server.address)),
        )
        .await;
        server.until("listening", 0).await;
        server.until_descriptors(descriptors).await;
        kept.push(megabytes(server.memory() - first));
    }
    println!(
        "{name:<34} {each:>10} {:>14} {:>12.1} {held:>12} {:>14.1} {:>12.1}",
        median(told.into_iter()).round(),
        median(spent.into_iter()),
        kept[0],
        kept[kept.len() - 1],
    );
}

/// Somebody who hears of changes.
struct Listening {
    connection: Connection,
    session: Option<String>,
}

impl Listening {
    async fn stream(mut connection: Connection) -> Self {
        let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": ["note://one"]});
        let params = json!({"notifications": wanted});
        connection
            .send(&client::request("subscriptions/listen", None, 1, params))
            .await;
        connection.head().await;
        let acknowledged = connection.event().await;
        assert_eq!(acknowledged["params"]["notifications"], wanted, "{acknowledged}");
        Self {
            connection,
            session: None,
        }
    }

    async fn session(address: SocketAddr, mut connection: Connection) -> Self {
        let mut other = Connection::open(address).await;
        other
            .send(&client::in_session("POST", None, &client::initialize()))
            .await;
        let (head, _) = other.reply().await;
        let session = client::header(&head, "mcp-session-id").map(str::to_owned);
        for message in [
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": "note://one"}}),
        ] {
            let request = client::in_session("POST", session.as_deref(), &message.to_string());
            other.send(&request).await;
            other.reply().await;
        }
        connection
            .send(&client::in_session("GET", session.as_deref(), ""))
            .await;
        let head = connection.head().await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        Self { connection, session }
    }

    /// Hears that the list and the resource have changed, once each.
    async fn hear(&mut self) {
        let mut heard = [self.connection.event().await, self.connection.event().await]
            .map(|event| event["method"].as_str().unwrap_or_default().to_owned());
        heard.sort();
        assert_eq!(
            heard,
            [
                "notifications/resources/updated",
                "notifications/tools/list_changed"
            ]
        );
    }

    /// A stream ends with its connection, a session when it is said.
    async fn end(self, address: SocketAddr) {
        if let Some(session) = self.session {
            let mut other = Connection::open(address).await;
            other
                .send(&client::in_session("DELETE", Some(&session), ""))
                .await;
            let head = other.head().await;
            assert!(head.starts_with("HTTP/1.1 204"), "{head}");
        }
    }
}

/// So many connections, each of which has been used once.
async fn open(address: SocketAddr, number: usize) -> Vec<Connection> {
    let turn = Arc::new(Semaphore::new(AT_ONCE));
    let opened = (0..number).map(async |_| {
        let _turn = turn.acquire().await.expect("it is never closed");
        let mut connection = Connection::open(address).await;
        connection
            .send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        connection.reply().await;
        connection
    });
    join_all(opened).await
}

/// A server that listens.
struct Served {
    process: Process,
    address: SocketAddr,
}

impl std::ops::Deref for Served {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Served {
    fn start() -> Self {
        let mut process = Process::start("http");
        let mut line = String::new();
        let mut output = BufReader::new(process.0.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("it says where it listens");
        let address = line.trim().parse().expect("an address");
        Self { process, address }
    }

    /// What a tool says.
    async fn ask(&self, tool: &str) -> String {
        let mut connection = Connection::open(self.address).await;
        connection.send(&client::call(tool, 0)).await;
        client::text(&connection.reply().await.1)
    }

    async fn until(&self, tool: &str, number: usize) {
        let begun = Instant::now();
        loop {
            let found = self.ask(tool).await;
            if found == number.to_string() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{tool}: {found} instead of {number}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until connections that have ended are given up.
    async fn until_descriptors(&self, number: usize) {
        let begun = Instant::now();
        while self.descriptors() > number {
            let open = self.descriptors();
            assert!(
                begun.elapsed() < PATIENCE,
                "{open} descriptors instead of {number}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A server that is spoken to over standard input and output.
struct Spoken {
    process: Process,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Spoken {
    fn start() -> Self {
        let mut process = Process::start("stdio");
        let input = process.0.stdin.take().expect("it is piped");
        let output = BufReader::new(process.0.stdout.take().expect("it is piped")).lines();
        Self {
            process,
            input,
            output,
        }
    }

    fn send(&mut self, tool: &str, id: usize) {
        let arguments = match tool {
            "wait" => json!({"number": id}),
            _ => json!({}),
        };
        let params = json!({"name": tool, "arguments": arguments});
        let line = client::message(id, "tools/call", params) + "\n";
        self.input.write_all(line.as_bytes()).expect("it reads");
    }

    fn reply(&mut self) -> Value {
        let line = self.output.next().expect("it answers").expect("text");
        serde_json::from_str(&line).expect("a reply is JSON")
    }

    fn ask(&mut self, tool: &str) -> String {
        self.send(tool, CALLS);
        client::text(&self.reply().to_string())
    }
}

/// A server's process, which ends with this value.
struct Process(Child);

impl Process {
    fn start(transport: &str) -> Self {
        let child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--serve", transport])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("the server starts"))
    }

    /// Bytes of memory.
    fn memory(&self) -> i64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok());
        kilobytes.expect("a process has memory") * 1024
    }

    fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.0.id());
        std::fs::read_dir(folder).expect("it runs").count()
    }

    fn cpu_seconds(&self) -> f64 {
        let stat = self.read("stat");
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / 100.0
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).expect("it runs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn megabytes(bytes: i64) -> f64 {
    bytes as f64 / 1e6
}
