//! What listing and calling cost with 10 tools and with 10,000, and what a change costs:
//! `cargo bench -p holdall --bench registry`.
//!
//! The service is called as transports call it, without one. Rounds alternate between the sizes; the fastest counts, as
//! nothing makes code faster than it is.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use holdall::prelude::*;
use holdall::protocol::model::{CallToolRequestParams, PaginatedRequestParams, RequestId};
use holdall::protocol::{RequestContext, RoleServer, RunningService, ServerHandler};
use holdall::{Change, Service};
use rmcp::service::serve_directly;
use tokio::io::DuplexStream;

const ROUNDS: usize = 15;
const SIZES: [usize; 2] = [10, 10_000];
const CALLS: usize = 2_000;
/// So many entries are listed in a round, whatever the size.
const LISTED: usize = 10_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let served: Vec<Served> = SIZES.iter().map(|size| Served::new(*size)).collect();
    let mut best = vec![[Duration::MAX; 4]; served.len()];
    for _ in 0..ROUNDS {
        for (served, best) in served.iter().zip(&mut best) {
            let took = [
                served.list().await,
                served.call().await,
                served.miss(),
                served.change(),
            ];
            for (best, took) in best.iter_mut().zip(took) {
                *best = took.min(*best);
            }
        }
    }
    println!(
        "{:<8} {:>16} {:>10} {:>16} {:>12}",
        "tools", "list, ns/tool", "call, ns", "unknown tool, ns", "change, µs"
    );
    for (size, [list, call, miss, change]) in SIZES.iter().zip(&best) {
        println!(
            "{size:<8} {:>16.0} {:>10.0} {:>16.0} {:>12.1}",
            nanoseconds(*list) / LISTED as f64,
            nanoseconds(*call) / CALLS as f64,
            nanoseconds(*miss),
            nanoseconds(*change) / 1000.0
        );
    }
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// A server with so many tools, and somebody for its calls to talk to.
struct Served {
    size: usize,
    running: RunningService<RoleServer, Service>,
    _other_end: DuplexStream,
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
        while listed < LISTED {
            let page = PaginatedRequestParams::default().with_cursor(cursor.take());
            let page = self.service().list_tools(Some(page), self.context()).await;
            let page = page.expect("tools are listed");
            listed += page.tools.len();
            cursor = page.next_cursor.clone();
            black_box(page);
        }
        begun.elapsed()
    }

    /// Calls tools from all over the list.
    async fn call(&self) -> Duration {
        let names: Vec<String> = (0..CALLS).map(|n| name(n * 7919 % self.size)).collect();
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
