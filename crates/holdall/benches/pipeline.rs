//! What a call costs more than with a plain rmcp server that has the same tool: `cargo bench -p holdall --bench pipeline`.
//!
//! Both servers are called the same way, in one process and one run: by themselves, as transports call them, and over
//! a connection of the process with itself, as lines of JSON. Rounds alternate between the two; figures are the
//! processor time of the process, so they do not depend on what else runs, and the median round counts. The
//! difference is taken in each round, too.
//!
//! `-- --instructions` counts instructions with Valgrind instead, which says the same on the busiest machine.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "pipeline/holdall_tools.rs"]
mod holdall_tools;
#[path = "pipeline/rmcp_tools.rs"]
mod rmcp_tools;

use std::hint::black_box;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdall::protocol::model::{CallToolRequestParams, CallToolResponse, RequestId, RequestMetaObject};
use holdall::protocol::{RequestContext, RoleServer, RunningService, ServerHandler, ServiceExt};
use rmcp::service::{Peer, serve_directly};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::runtime::Runtime;

const ROUNDS: usize = 21;
const CALLS: usize = 5_000;

/// What is called how, the text every reply contains, and the tool as rmcp's server calls it.
struct Case {
    name: &'static str,
    tool: &'static str,
    rmcp_tool: &'static str,
    says: &'static str,
    way: Way,
    blocking: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Handler,
    Connection,
}

const fn case(name: &'static str, tool: &'static str, says: &'static str, way: Way) -> Case {
    Case {
        name,
        tool,
        rmcp_tool: tool,
        says,
        way,
        blocking: false,
    }
}

const fn blocking(name: &'static str, rmcp_tool: &'static str) -> Case {
    Case {
        rmcp_tool,
        blocking: true,
        ..case(name, "greet_blocking", "Hello, Ada!", Way::Handler)
    }
}

const CASES: [Case; 8] = [
    case("one text", "greet", "Hello, Ada!", Way::Handler),
    case("five arguments, checked", "find", "7 newest", Way::Handler),
    case("the same, result by a schema", "tally", "newest", Way::Handler),
    case("a call that fails", "refuse", "out of stock", Way::Handler),
    case("one text, connection", "greet", "Hello, Ada!", Way::Connection),
    case("five arguments, connection", "find", "7 newest", Way::Connection),
    blocking("fn, rmcp: on a thread for it", "greet_blocking"),
    blocking("fn, rmcp: in place", "greet_in_place"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(index) = arguments.iter().position(|argument| argument == "--calls") {
        return call_only(&arguments[index + 1..]);
    }
    let measure = match arguments.iter().any(|argument| argument == "--instructions") {
        true => instructions,
        false => microseconds,
    };
    let unit = match arguments.iter().any(|argument| argument == "--instructions") {
        true => "instructions",
        false => "µs of CPU",
    };
    println!(
        "{:<30} {:>10} {:>10} {:>12}   {unit} a call",
        "", "rmcp", "Holdall", "difference"
    );
    for (index, case) in CASES.iter().enumerate() {
        if let Some([rmcp, holdall, difference]) = measure(index, case) {
            println!(
                "{:<30} {rmcp:>10.2} {holdall:>10.2} {difference:>12.2}",
                case.name
            );
        }
    }
}

/// The medians of all rounds.
fn microseconds(_: usize, case: &Case) -> Option<[f64; 3]> {
    let runtime = runtime(case);
    let [rmcp, holdall] = subjects(case, &runtime);
    let mut rounds: [Vec<f64>; 3] = Default::default();
    for round in 0..=ROUNDS {
        let first = rmcp.round(&runtime, CALLS);
        let second = holdall.round(&runtime, CALLS);
        // The first round fills caches.
        if round > 0 {
            rounds[0].push(first);
            rounds[1].push(second);
            rounds[2].push(second - first);
        }
    }
    Some(rounds.map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    }))
}

/// Instructions are counted in a run with few calls and in one with many more. Threads that wake each other are
/// another matter, so blocking functions are left out.
fn instructions(index: usize, case: &Case) -> Option<[f64; 3]> {
    const MORE: usize = 1_000;
    let count = |subject: usize| {
        let few = collected(index, subject, 200);
        (collected(index, subject, 200 + MORE) - few) / MORE as f64
    };
    let (rmcp, holdall) = (!case.blocking).then(|| (count(0), count(1)))?;
    Some([rmcp, holdall, holdall - rmcp])
}

/// The instructions of a process that makes so many calls of one server.
fn collected(case: usize, subject: usize, calls: usize) -> f64 {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .arg("--calls")
        .args([case, subject, calls].map(|number| number.to_string()))
        .output()
        .expect("valgrind is installed");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let count = text
        .lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.unwrap_or_else(|| panic!("valgrind counted nothing: {text}"))
}

/// Calls one server so many times, and no more: `--calls CASE SUBJECT NUMBER`. For Valgrind and `perf`.
fn call_only(arguments: &[String]) {
    let number = |index: usize| arguments[index].parse::<usize>().expect("a number");
    let case = &CASES[number(0)];
    UNTIMED.store(true, Ordering::Relaxed);
    let runtime = runtime(case);
    let mut subjects = subjects(case, &runtime).into_iter();
    let subject = subjects.nth(number(1)).expect("0 is rmcp, 1 is Holdall");
    subject.round(&runtime, number(2));
}

/// One worker, but as many as a server has where work is handed from one to another.
fn runtime(case: &Case) -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if !case.blocking {
        builder.worker_threads(1);
    }
    builder.enable_all().build().expect("a runtime")
}

/// A plain rmcp server and Holdall.
fn subjects(case: &Case, runtime: &Runtime) -> [Subject; 2] {
    let _inside = runtime.enter();
    [
        Subject::new(rmcp_tools::Tools::new(), case, case.rmcp_tool),
        Subject::new(holdall_tools::service(), case, case.tool),
    ]
}

/// A server, and how its calls are made: those of a round, which resolve to the processor time of one.
struct Subject {
    calls: Arc<dyn Fn(usize) -> Round + Send + Sync>,
}

type Round = Pin<Box<dyn Future<Output = f64> + Send>>;

impl Subject {
    fn new<S: ServerHandler + Clone>(server: S, case: &Case, tool: &'static str) -> Self {
        let arguments = match case.tool {
            "find" | "tally" => json!({
                "query": "holidays in the north", "limit": 7, "order": "newest",
                "since": "2026-01-31", "tags": ["travel", "family"],
            }),
            _ => json!({"name": "Ada"}),
        };
        let says = case.says;
        match case.way {
            Way::Handler => {
                let (end, other_end) = tokio::io::duplex(64);
                let running = serve_directly(server, end, None);
                let called = Arc::new(Called {
                    running,
                    _other_end: other_end,
                    request: request(tool, &arguments),
                    says,
                });
                Self {
                    calls: Arc::new(move |calls| {
                        let called = Arc::clone(&called);
                        Box::pin(async move { called.calls(calls).await })
                    }),
                }
            }
            Way::Connection => Self {
                calls: Arc::new(move |calls| {
                    let (server, arguments) = (server.clone(), arguments.clone());
                    Box::pin(async move { over_connection(server, tool, arguments, says, calls).await })
                }),
            },
        }
    }

    /// Calls from a task, as transports do.
    fn round(&self, runtime: &Runtime, calls: usize) -> f64 {
        let calls = runtime.spawn((self.calls)(calls));
        runtime.block_on(calls).expect("no call panics")
    }
}

fn request(tool: &'static str, arguments: &Value) -> CallToolRequestParams {
    let arguments = arguments.as_object().expect("they are an object").clone();
    CallToolRequestParams::new(tool).with_arguments(arguments)
}

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A server that is called by itself.
struct Called<S: ServerHandler> {
    running: RunningService<RoleServer, S>,
    _other_end: DuplexStream,
    request: CallToolRequestParams,
    says: &'static str,
}

impl<S: ServerHandler> Called<S> {
    async fn calls(&self, calls: usize) -> f64 {
        let server = self.running.service();
        let reply = server
            .call_tool(self.request.clone(), context(self.running.peer()))
            .await;
        let reply = reply.expect("the tool is there");
        assert!(format!("{reply:?}").contains(self.says), "{reply:?}");
        let first = context(self.running.peer());
        let prepared: Vec<_> = (0..calls)
            .map(|_| {
                let mut context = RequestContext::new(RequestId::Number(1), self.running.peer().clone());
                context.meta = first.meta.clone();
                (self.request.clone(), context)
            })
            .collect();
        let before = processor_time();
        for (request, context) in prepared {
            let reply: Result<CallToolResponse, _> = server.call_tool(request, context).await;
            black_box(reply.expect("the tool is there"));
        }
        per_call(before, calls)
    }
}

/// What came with a request of protocol 2026-07-28.
fn context(peer: &Peer<RoleServer>) -> RequestContext<RoleServer> {
    let mut context = RequestContext::new(RequestId::Number(1), peer.clone());
    let meta: RequestMetaObject = serde_json::from_value(meta()).expect("it is an object");
    context.meta = meta;
    context
}

/// Calls line by line; the other side is another task of the process.
async fn over_connection<S: ServerHandler>(
    server: S,
    tool: &str,
    arguments: Value,
    says: &str,
    calls: usize,
) -> f64 {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let served = tokio::spawn(async move {
        let running = server.serve(far).await.expect("the client speaks first");
        running.waiting().await.expect("it ends with its client");
    });
    let (input, mut output) = tokio::io::split(near);
    let mut input = BufReader::new(input);
    let params = json!({"name": tool, "arguments": arguments, "_meta": meta()});
    let line =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string() + "\n";
    let mut reply = String::new();
    let mut before = Duration::ZERO;
    for call in 0..=calls {
        reply.clear();
        output.write_all(line.as_bytes()).await.expect("it reads");
        input.read_line(&mut reply).await.expect("it answers");
        if call == 0 {
            assert!(reply.contains(says), "{reply}");
            before = processor_time();
        }
    }
    let spent = per_call(before, calls);
    drop((input, output));
    served.await.expect("no panic");
    spent
}

fn per_call(before: Duration, calls: usize) -> f64 {
    (processor_time() - before).as_secs_f64() * 1e6 / calls as f64
}

/// Whether the time is left alone: reading it ends the process under Valgrind.
static UNTIMED: AtomicBool = AtomicBool::new(false);

/// The processor time of all threads of this process.
#[cfg(unix)]
fn processor_time() -> Duration {
    if UNTIMED.load(Ordering::Relaxed) {
        return Duration::ZERO;
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The time on the clock: where there is no other, the machine must have nothing else to do.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    static BEGUN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed()
}
