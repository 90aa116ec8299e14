//! `serve --http`.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};

use holdall_testkit::{Client, HttpRequest};

use crate::program::Home;

/// A server on a port of its own.
pub(crate) struct Served {
    process: Child,
    address: SocketAddr,
}

impl Served {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.command(&["serve", "--notes", "notes", "--http", "127.0.0.1:0"]);
        let mut process = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = errors
            .find_map(|line| {
                let url = line.unwrap().strip_prefix("Listening on http://")?.to_owned();
                Some(url.strip_suffix("/mcp").unwrap().parse().unwrap())
            })
            .expect("it says where it listens");
        Self { process, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// The status of a `GET` with this `Host`.
    async fn get(&self, path: &str, host: &str) -> u16 {
        HttpRequest::get(path).host(host).send(self.address).await.status
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
    assert_eq!(served.get("/health", "localhost").await, 200);
    let client = Client::at(served.url()).await;
    assert_eq!(client.list_tools().await.len(), 9);
    client.close().await;
}

#[tokio::test]
async fn strange_hosts_are_refused_unless_allowed() {
    // Nobody reads standard error any more when the refusal is logged there; that must not matter.
    let home = Home::new();
    let served = Served::start(&home, &["--allow-host", "notes.example"]);
    assert_eq!(served.get("/mcp", "evil.example").await, 403);
    assert_ne!(served.get("/mcp", "notes.example").await, 403);
}

#[test]
#[cfg(unix)]
fn asked_to_end_it_ends_well() {
    let home = Home::new();
    let mut served = Served::start(&home, &[]);
    crate::stdio::signalled(&served.process, "TERM");
    assert_eq!(served.process.wait().unwrap().code(), Some(0));
    // The port is free again.
    assert!(TcpStream::connect(served.address).is_err());
}
