//! Clients that call as fast as they are answered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{AUDIT_FILE, CORES, ON, stay_on};

const CONNECTIONS: usize = 64;

/// What a round came to.
#[derive(Clone)]
pub(crate) struct Figures {
    /// Calls a second.
    pub(crate) rate: f64,
    /// Microseconds of the server's processor time for a call.
    pub(crate) cpu: f64,
    /// Microseconds from the first byte of a request to the last of its reply.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// A server in a process of its own, with its clients.
pub(crate) struct Served {
    way: String,
    child: Child,
    folder: TempDir,
    address: SocketAddr,
    request: Vec<u8>,
    token: String,
    calls: usize,
}

impl Served {
    pub(crate) fn start(way: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(program)
            .args(["--serve", way, "--folder"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        output.read_line(&mut line).expect("it says where it listens");
        let (address, token) = line
            .trim_end_matches('\n')
            .split_once(' ')
            .expect("an address and a token");
        Self {
            way: way.to_owned(),
            child,
            folder,
            address: address.parse().expect("an address"),
            request: request(address, token),
            token: token.to_owned(),
            calls: 0,
        }
    }

    /// Whether everything that was on has done its work: each call is counted and in the audit log.
    pub(crate) fn check(&self) {
        let counts = [ON, "metrics"].contains(&self.way.as_str());
        if counts {
            let page = self.page();
            let counted = format!(
                "holdall_calls_total{{kind=\"tool\",name=\"say_hello\",outcome=\"ok\"}} {}",
                self.calls
            );
            assert!(page.contains(&counted), "{} calls: {page}", self.calls);
            assert!(page.contains("holdall_audit_lines_lost_total 0"), "{page}");
        }
        if [ON, "audit"].contains(&self.way.as_str()) {
            let file = std::fs::File::open(self.folder.path().join(AUDIT_FILE)).expect("a file");
            let lines = BufReader::with_capacity(1 << 20, file).split(b'\n').count();
            // The last few may not have been written yet.
            assert!(
                lines.abs_diff(self.calls) <= 1000,
                "{lines} lines, {} calls",
                self.calls
            );
        }
    }

    fn page(&self) -> String {
        let authorization = authorization(&self.token);
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: {}\r\n{authorization}Connection: close\r\n\r\n",
            self.address
        );
        let mut stream = std::net::TcpStream::connect(self.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("it answers");
        page
    }

    pub(crate) fn round(&mut self, length: Duration) -> Figures {
        let cores = std::thread::available_parallelism().map_or(CORES, usize::from);
        // Where there are no other cores, clients and server share them.
        let others: Vec<usize> = match cores > CORES {
            true => (CORES..cores).collect(),
            false => (0..cores).collect(),
        };
        let before = self.cpu_seconds();
        let started = Instant::now();
        let end = started + length;
        let served = &*self;
        let mut times: Vec<f32> = std::thread::scope(|scope| {
            let threads: Vec<_> = others
                .iter()
                .enumerate()
                .map(|(index, core)| {
                    let connections = (index..CONNECTIONS).step_by(others.len()).count();
                    scope.spawn(move || served.call_on(*core, connections, end))
                })
                .collect();
            let times = threads.into_iter();
            times
                .flat_map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        let took = started.elapsed().as_secs_f64();
        let spent = self.cpu_seconds() - before;
        times.sort_by(f32::total_cmp);
        self.calls += times.len();
        let calls = times.len() as f64;
        let at = |share: f64| f64::from(times[((calls - 1.0) * share) as usize]);
        Figures {
            rate: calls / took,
            cpu: spent * 1e6 / calls,
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
        }
    }

    /// Microseconds each call took.
    fn call_on(&self, core: usize, connections: usize, end: Instant) -> Vec<f32> {
        stay_on(std::iter::once(core));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime");
        let calls = (0..connections).map(|_| call_until(self.address, self.request.clone(), end));
        runtime.block_on(async {
            let clients: Vec<_> = calls.map(tokio::spawn).collect();
            let mut times = Vec::new();
            for client in clients {
                times.extend(client.await.expect("no panic"));
            }
            times
        })
    }

    /// Nanoseconds the kernel has seen each thread run, which is finer than the ticks in `stat`.
    fn cpu_seconds(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("Linux");
        tasks
            .map(|task| {
                let path = task.expect("a thread").path().join("schedstat");
                // A thread that has just ended did nothing worth counting.
                let text = std::fs::read_to_string(path).unwrap_or_default();
                let spent = text.split(' ').next().unwrap_or_default();
                spent.parse::<f64>().unwrap_or_default() / 1e9
            })
            .sum()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(address: &str, token: &str) -> Vec<u8> {
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
    let authorization = authorization(token);
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: say_hello\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn authorization(token: &str) -> String {
    match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    }
}

async fn call_until(address: SocketAddr, request: Vec<u8>, end: Instant) -> Vec<f32> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.set_nodelay(true).expect("TCP");
    let mut times = Vec::with_capacity(4096);
    let mut buffer = vec![0; 4096];
    loop {
        let started = Instant::now();
        if started >= end {
            return times;
        }
        stream.write_all(&request).await.expect("it reads");
        read_reply(&mut stream, &mut buffer).await;
        times.push(started.elapsed().as_secs_f32() * 1e6);
    }
}

/// Reads until the reply is whole, as its header says, and checks that it is the greeting.
async fn read_reply(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.expect("it answers");
        assert!(read > 0, "the server hung up");
        filled += read;
        let text = std::str::from_utf8(&buffer[..filled]).expect("text");
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().expect("a number"))
        });
        if body.len() >= length.expect("the reply has a length") {
            assert!(body.contains("Hello, Ada!"), "{text}");
            return;
        }
    }
}
