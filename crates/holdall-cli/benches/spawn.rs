//! From starting the program to its first list of tools, over standard input and output, as a host does it:
//! `cargo bench -p holdall-cli --bench spawn`.
//!
//! The program is `holdall serve` on the example notes, indexed and embedded before. Beside it, in the same run and
//! by turns, the smallest server rmcp allows: this program itself, with one tool. Numbers and bar:
//! `docs/benchmarks.md`.

#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use holdall_notes::eval::Latency;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{ServerHandler, ServiceExt};
use serde_json::{Value, json};

const HOLDALL: &str = env!("CARGO_BIN_EXE_holdall");
const STARTS: usize = 50;
const SERVE: &str = "--serve-smallest";

fn main() {
    if std::env::args().any(|argument| argument == SERVE) {
        return serve_smallest();
    }
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/notes");
    let data = tempfile::tempdir().expect("a folder for the index");
    let holdall = |command: &str| {
        let mut holdall = Command::new(HOLDALL);
        holdall
            .arg(command)
            .arg("--notes")
            .arg(&notes)
            .arg("--data-dir")
            .arg(data.path());
        holdall
    };
    let indexed = holdall("index")
        .stdout(Stdio::null())
        .status()
        .expect("it starts");
    assert!(indexed.success());
    let smallest = || {
        let mut smallest = Command::new(std::env::current_exe().expect("this program has a path"));
        smallest.arg(SERVE);
        smallest
    };

    let (mut of_holdall, mut of_smallest) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        of_holdall.push(start(holdall("serve"), "search_notes"));
        of_smallest.push(start(smallest(), "say_hello"));
    }
    println!(
        "load average {}",
        fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    println!(
        "{:<28} {:>8} {:>8}",
        "start to first tools/list", "p50 ms", "p95 ms"
    );
    for (name, times) in [
        ("holdall serve", of_holdall),
        ("smallest rmcp server", of_smallest),
    ] {
        let latency = Latency::of(times);
        println!("{name:<28} {:>8.1} {:>8.1}", latency.p50_ms, latency.p95_ms);
    }
}

/// Starts a server, says hello, asks for its tools, of which `tool` must be one; then ends it.
fn start(mut command: Command, tool: &str) -> Duration {
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "0"},
    }});
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});

    let started = Instant::now();
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.expect("it starts");
    let mut input = child.stdin.take().expect("its input is piped");
    let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let mut answer = |question: String| {
        input.write_all(question.as_bytes()).expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("it answers");
        line
    };
    let hello = answer(format!("{initialize}\n"));
    let tools = answer(format!("{initialized}\n{list}\n"));
    let took = started.elapsed();

    assert!(hello.contains("serverInfo"), "{hello}");
    let tools: Value = serde_json::from_str(&tools).expect("it speaks JSON");
    let names = tools["result"]["tools"].as_array().into_iter().flatten();
    assert!(names.into_iter().any(|known| known["name"] == tool), "{tools}");
    drop(input);
    child.wait().expect("it ends");
    took
}

fn serve_smallest() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let hello = Hello {
            tool_router: Hello::tool_router(),
        };
        let running = hello
            .serve(rmcp::transport::stdio())
            .await
            .expect("it is spoken to");
        running.waiting().await.expect("it ends in order");
    });
}

#[derive(Clone)]
struct Hello {
    tool_router: ToolRouter<Self>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct HelloArguments {
    name: String,
}

#[rmcp::tool_router]
impl Hello {
    #[rmcp::tool(description = "Greet a person by name.")]
    async fn say_hello(&self, Parameters(HelloArguments { name }): Parameters<HelloArguments>) -> String {
        format!("Hello, {name}!")
    }
}

#[rmcp::tool_handler(router = self.tool_router)]
impl ServerHandler for Hello {}
