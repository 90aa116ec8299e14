//! What listing and calling cost with 10 tools and with 10,000, and what a change costs:
//! `cargo bench -p holdall --bench registry`.
//!
//! The service is called as transports call it, without one, and over a connection of the process with itself, as lines
//! of JSON. Calls are of tools from all over the list, so that of 10,000 none is in a cache, and of 10 all are. Rounds
//! alternate between the sizes; the fastest counts, as nothing makes code faster than it is.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use holdall::prelude::*;
use holdall::protocol::model::{CallToolRequestParams, PaginatedRequestParams, RequestId};
use holdall::protocol::{RequestContext, RoleServer, RunningService, ServerHandler, ServiceExt};
use holdall::{Change, Service};
use rmcp::service::serve_directly;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

const ROUNDS: usize = 15;
const SIZES: [usize; 2] = [10, 10_000];
const CALLS: u32 = 2_000;
/// So many entries are listed in a round, whatever the size.
const LISTED: u32 = 10_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let mut served: Vec<Served> = SIZES.iter().map(|size| Served::new(*size)).collect();
    let mut best = vec![[Duration::MAX; 7]; served.len()];
    for _ in 0..ROUNDS {
        for (served, best) in served.iter_mut().zip(&mut best) {
            let took = [
                served.list().await / LISTED,
                served.call(served.size).await / CALLS,
                served.call(10).await / CALLS,
                served.connection.list().await / LISTED,
                served.connection.call(served.size).await / CALLS,
                served.miss(),
                served.change(),
            ];
            for (best, took) in best.iter_mut().zip(took) {
                *best = took.min(*best);
            }
        }
    }
    println!(
        "{:<8} {:>14} {:>10} {:>16} {:>22} {:>18} {:>16} {:>12}",
        "tools",
        "list, ns/tool",
        "call, ns",
        "of the first ten",
        "by line: list, ns/tool",
        "by line: call, ns",
        "unknown tool, ns",
        "change, µs"
    );
    let mut figures: Vec<[f64; 7]> = best.iter().map(|best| best.map(nanoseconds)).collect();
    for figures in &mut figures {
        figures[6] /= 1000.0;
    }
    for (size, figures) in SIZES.iter().zip(&figures) {
        let [list, call, call_of_ten, list_by_line, call_by_line, miss, change] = figures;
        println!(
            "{size:<8} {list:>14.0} {call:>10.0} {call_of_ten:>16.0} {list_by_line:>22.0} {call_by_line:>18.0} {miss:>16.0} {change:>12.1}"
        );
    }
    let ratio = |index: usize| figures[1][index] / figures[0][index];
    println!(
        "{:<8} {:>14.2} {:>10.2} {:>16.2} {:>22.2} {:>18.2} {:>16.2} {:>12.1}",
        "ratio",
        ratio(0),
        ratio(1),
        ratio(2),
        ratio(3),
        ratio(4),
        ratio(5),
        ratio(6)
    );
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// A server with so many tools, and somebody for its calls to talk to.
struct Served {
    size: usize,
    running: RunningService<RoleServer, Service>,
    _other_end: DuplexStream,
    connection: Connection,
}

impl Served {
    fn new(size: usize) -> Self {
        let tools: Vec<Tool> = (0..size).map(tool).collect();
        let service = Server::new("bench")
            .add(tools)
            .build()
            .expect("the server is right");
        let (end, other_end) = tokio::io::duplex(64);
        Self {
            size,
            connection: Connection::to(service.clone()),
            running: serve_directly(service, end, None),
            _other_end: other_end,
        }
    }

    fn service(&self) -> &Service {
        self.running.service()
    }

    fn context(&self) -> RequestContext<RoleServer> {
        RequestContext::new(RequestId::Number(1), self.running.peer().clone())
    }

    /// Lists page by page, over and over, until enough entries are listed.
    async fn list(&self) -> Duration {
        let begun = Instant::now();
        let mut listed = 0;
        let mut cursor = None;
        while listed < LISTED as usize {
            let page = PaginatedRequestParams::default().with_cursor(cursor.take());
            let page = self.service().list_tools(Some(page), self.context()).await;
            let page = page.expect("tools are listed");
            listed += page.tools.len();
            cursor = page.next_cursor.clone();
            black_box(page);
        }
        begun.elapsed()
    }

    /// Calls so many tools, from all over the list if that is all of them.
    async fn call(&self, tools: usize) -> Duration {
        let names: Vec<String> = called(tools).collect();
        let begun = Instant::now();
        for name in names {
            let request = CallToolRequestParams::new(name);
            let result = self.service().call_tool(request, self.context()).await;
            black_box(result.expect("the tool exists"));
        }
        begun.elapsed()
    }

    /// Looks for a tool that is not there, as every call over HTTP does for its headers.
    fn miss(&self) -> Duration {
        let begun = Instant::now();
        for _ in 0..1000 {
            black_box(self.service().get_tool(black_box("no_such_tool")));
        }
        begun.elapsed() / 1000
    }

    /// Replaces one tool; everything is put together anew.
    fn change(&self) -> Duration {
        let change = Change::new().replace(tool(self.size / 2));
        let begun = Instant::now();
        self.service().handle().apply(change).expect("it is right");
        begun.elapsed()
    }
}

/// A client that speaks with the server line by line.
struct Connection {
    input: BufReader<ReadHalf<DuplexStream>>,
    output: WriteHalf<DuplexStream>,
}

impl Connection {
    fn to(service: Service) -> Self {
        let (near, far) = tokio::io::duplex(1024 * 1024);
        tokio::spawn(async move {
            let running = service.serve(far).await.expect("the client speaks first");
            running.waiting().await.expect("it ends with its client");
        });
        let (input, output) = tokio::io::split(near);
        let input = BufReader::new(input);
        Self { input, output }
    }

    async fn ask(&mut self, line: &str) -> String {
        self.output.write_all(line.as_bytes()).await.expect("it reads");
        let mut reply = String::new();
        self.input.read_line(&mut reply).await.expect("it answers");
        reply
    }

    /// As [`Served::list`].
    async fn list(&mut self) -> Duration {
        let begun = Instant::now();
        let mut listed = 0;
        let mut cursor = None;
        while listed < LISTED as usize {
            let params = match cursor.take() {
                Some(cursor) => json!({ "cursor": cursor }),
                None => json!({}),
            };
            let reply = self.ask(&line("tools/list", params)).await;
            listed += reply.matches("\"inputSchema\"").count();
            cursor = reply
                .split_once("\"nextCursor\":\"")
                .and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
        }
        begun.elapsed()
    }

    /// As [`Served::call`].
    async fn call(&mut self, size: usize) -> Duration {
        let lines: Vec<String> = called(size)
            .map(|name| line("tools/call", json!({ "name": name })))
            .collect();
        let begun = Instant::now();
        for line in lines {
            let reply = self.ask(&line).await;
            assert!(reply.contains("done"), "{reply}");
        }
        begun.elapsed()
    }
}

/// A request of protocol 2026-07-28.
fn line(method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string() + "\n"
}

/// Tools from all over the list.
fn called(size: usize) -> impl Iterator<Item = String> {
    (0..CALLS as usize).map(move |n| name(n * 7919 % size))
}

fn name(n: usize) -> String {
    format!("tool_{n}")
}

fn tool(n: usize) -> Tool {
    Tool::new(name(n))
        .description("Do one of the many things this server does, as well as it can be done.")
        .argument(
            Argument::of::<String>("text")
                .description("What to do it with.")
                .optional(),
        )
        .without_context()
        .handler(async |_| Ok("done"))
}
