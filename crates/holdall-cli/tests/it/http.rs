//! `serve --http`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use rmcp::ServiceExt;
use rmcp::transport::StreamableHttpClientTransport;

use crate::program::Home;

/// A server on a port of its own.
struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.command(&["serve", "--notes", "notes", "--http", "127.0.0.1:0"]);
        let mut process = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = errors
            .find_map(|line| {
                let url = line.unwrap().strip_prefix("Listening on http://")?.to_owned();
                Some(url.strip_suffix("/mcp").unwrap().to_owned())
            })
            .expect("it says where it listens");
        Self { process, address }
    }

    fn get(&self, path: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_official_client_connects_and_health_is_told() {
    let home = Home::new();
    let served = Served::start(&home, &[]);
    assert!(served.get("/health", "localhost").starts_with("HTTP/1.1 200"));
    let transport = StreamableHttpClientTransport::from_uri(format!("http://{}/mcp", served.address));
    let client = ().serve(transport).await.unwrap();
    assert_eq!(client.list_all_tools().await.unwrap().len(), 9);
    client.cancel().await.unwrap();
}

#[test]
fn strange_hosts_are_refused_unless_allowed() {
    // Nobody reads standard error any more when the refusal is logged there; that must not matter.
    let home = Home::new();
    let served = Served::start(&home, &["--allow-host", "notes.example"]);
    assert!(
        served.get("/mcp", "evil.example").starts_with("HTTP/1.1 403"),
        "{}",
        served.get("/mcp", "evil.example")
    );
    assert!(!served.get("/mcp", "notes.example").starts_with("HTTP/1.1 403"));
}

#[test]
#[cfg(unix)]
fn asked_to_end_it_ends_well() {
    let home = Home::new();
    let mut served = Served::start(&home, &[]);
    crate::stdio::signalled(&served.process, "TERM");
    assert_eq!(served.process.wait().unwrap().code(), Some(0));
    // The port is free again.
    assert!(TcpStream::connect(&served.address).is_err());
}
