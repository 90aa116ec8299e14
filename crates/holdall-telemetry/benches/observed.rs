//! What a call costs with nobody watching, with metrics, with metrics and the audit log:
//! `cargo bench -p holdall-telemetry --bench observed`.
//!
//! The calls come over HTTP from clients in the same process, so the figures are for comparison: what one way needs more
//! than another is what watching costs. Rounds alternate; the median counts. It is the processor time of the whole
//! process, the writing of the audit log included.

#![allow(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use holdall::prelude::*;
use holdall_http::{HttpConfig, HttpServer};
use holdall_telemetry::{
    AuditConfig, MetricsConfig, Telemetry, TelemetryConfig, TelemetryGuard, TelemetryObserver,
};
use serde_json::json;

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(1000);
const CONNECTIONS: usize = 8;

/// Greet a person by name.
#[tool]
async fn say_hello(name: String) -> String {
    format!("Hello, {name}!")
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let ways: Vec<Way> = [(false, false), (true, false), (true, true)]
        .into_iter()
        .map(|(metrics, audit)| Way::start(&runtime, folder.path(), metrics, audit))
        .collect();
    let mut figures = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (way, figures) in ways.iter().zip(&mut figures) {
            figures.push(way.round());
        }
    }
    println!(
        "{:<28} {:>14} {:>8} {:>9}",
        "", "CPU µs a call", "p50 µs", "calls/s"
    );
    for (way, figures) in ways.iter().zip(&mut figures) {
        figures.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (cpu, p50, rate) = figures[ROUNDS / 2];
        println!("{:<28} {cpu:>14.2} {p50:>8.0} {rate:>9.0}", way.name);
    }
}

struct Way {
    name: &'static str,
    address: SocketAddr,
    _telemetry: TelemetryGuard,
}

fn telemetry(folder: &Path, metrics: bool, audit: bool) -> (TelemetryGuard, TelemetryObserver) {
    let mut config = TelemetryConfig::default();
    config.log = None;
    config.metrics = metrics.then(MetricsConfig::default);
    config.audit = audit.then(|| {
        let mut audit = AuditConfig::default();
        audit.file = Some(folder.join("audit.jsonl"));
        audit
    });
    Telemetry::new(config).start().expect("it starts")
}

impl Way {
    fn start(runtime: &tokio::runtime::Runtime, folder: &Path, metrics: bool, audit: bool) -> Self {
        let (telemetry, observer) = telemetry(folder, metrics, audit);
        let mut server = Server::new("hello").add(tools![say_hello]);
        let mut config = HttpConfig::default();
        if metrics || audit {
            server = server.observe(observer.clone());
            config.observers = config.observers.with(observer);
        }
        let service = server.build().expect("the server is right");
        let address = runtime.block_on(async {
            let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
            let server = server.expect("a free port");
            let address = server.local_addr();
            tokio::spawn(server.serve(std::future::pending()));
            address
        });
        Self {
            name: match (metrics, audit) {
                (false, _) => "nobody watches",
                (true, false) => "metrics",
                (true, true) => "metrics and audit log",
            },
            address,
            _telemetry: telemetry,
        }
    }

    /// Microseconds of processor time a call took, client and server together, the median time of a call, and calls per
    /// second.
    fn round(&self) -> (f64, f64, f64) {
        let before = cpu_seconds();
        let end = Instant::now() + ROUND;
        let address = self.address;
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| std::thread::spawn(move || call_until(address, end)))
            .collect();
        let mut times: Vec<f64> = clients
            .into_iter()
            .flat_map(|client| client.join().expect("no panic"))
            .collect();
        let spent = cpu_seconds() - before;
        times.sort_by(f64::total_cmp);
        let calls = times.len() as f64;
        (
            spent * 1e6 / calls,
            times[times.len() / 2],
            calls / ROUND.as_secs_f64(),
        )
    }
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

fn call_until(address: SocketAddr, end: Instant) -> Vec<f64> {
    let params = json!({
        "name": "say_hello",
        "arguments": {"name": "Ada"},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: say_hello\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("TCP");
    let mut times = Vec::new();
    let mut buffer = vec![0; 4096];
    while Instant::now() < end {
        let started = Instant::now();
        stream.write_all(request.as_bytes()).expect("it reads");
        // The reply is small and comes in one piece.
        let read = stream.read(&mut buffer).expect("it answers");
        assert!(buffer[..read].windows(11).any(|window| window == b"Hello, Ada!"));
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times
}
