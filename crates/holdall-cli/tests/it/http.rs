//! `serve --http`.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};

use holdall_testkit::{Client, HttpRequest};

use crate::program::Home;

/// A server on a port of its own.
pub(crate) struct Served {
    process: Child,
    scheme: &'static str,
    address: SocketAddr,
}

impl Served {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = home.command(&["serve", "--notes", "notes", "--http", "127.0.0.1:0"]);
        let mut process = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(process.stderr.take().unwrap()).lines();
        let (scheme, address) = errors
            .find_map(|line| {
                let line = line.unwrap();
                // Where the log is JSON, this line is, too.
                let line = match serde_json::from_str::<serde_json::Value>(&line) {
                    Ok(json) => json["fields"]["message"].as_str().unwrap_or_default().to_owned(),
                    Err(_) => line,
                };
                let url = line.strip_prefix("Listening on ")?.strip_suffix("/mcp").unwrap();
                let (scheme, address) = match url.strip_prefix("https://") {
                    Some(address) => ("https", address),
                    None => ("http", url.strip_prefix("http://")?),
                };
                Some((scheme, address.parse().unwrap()))
            })
            .expect("it says where it listens");
        Self {
            process,
            scheme,
            address,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/mcp", self.scheme, self.address)
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
    assert_eq!(client.list_tools().await.len(), 15);
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

/// What is under way when the time to finish is over is in the audit log like what its client has cut off.
#[tokio::test]
#[cfg(unix)]
async fn calls_cut_off_at_the_end_are_in_the_audit_log() {
    use tokio::net::TcpListener;

    // Takes a request, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let home = Home::new();
    home.put(
        "holdall.toml",
        &format!(
            "[http]\ndrain_timeout = \"10ms\"\n[fetch]\nrequest_hosts = [\"127.0.0.1:{port}\"]\n\
             [fetch.request_network]\nallowed = [\"127.0.0.1/32\"]\n"
        ),
    );
    let arguments = [
        "--audit-log",
        "audit.jsonl",
        "--config",
        "holdall.toml",
        "notes",
        "fetch",
    ];
    for version in ["2025-11-25", "2026-07-28"] {
        let mut served = Served::start(&home, &arguments);
        let client = Client::at(served.url()).protocol(version).await;
        let url = format!("http://127.0.0.1:{port}/");
        let calling =
            tokio::spawn(async move { client.call("http_request", serde_json::json!({"url": url})).await });
        let accepted = tokio::time::timeout(crate::program::PATIENCE, silent.accept()).await;
        let _asked = accepted.unwrap().unwrap();
        crate::stdio::signalled(&served.process, "TERM");
        assert_eq!(served.process.wait().unwrap().code(), Some(0));
        calling.abort();
        let log = std::fs::read_to_string(home.path("audit.jsonl")).unwrap();
        let mut lines = log.lines().filter(|line| line.contains("http_request"));
        let line = lines.next_back().unwrap_or_default();
        let told: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        assert_eq!(
            (&told["outcome"], &told["error"]),
            (&"error".into(), &"cancelled".into()),
            "{version}: {log}"
        );
        std::fs::remove_file(home.path("audit.jsonl")).unwrap();
    }
}

/// What systemd would do: it has opened a socket, and wants to hear how it goes.
#[test]
#[cfg(target_os = "linux")]
fn sockets_of_systemd_are_served_and_it_hears_how_it_goes() {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;

    let home = Home::new();
    let supervisor = UnixDatagram::bind(home.path("notify.sock")).unwrap();
    supervisor
        .set_read_timeout(Some(crate::program::PATIENCE))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Waits in the socket before there is any server.
    let mut early = TcpStream::connect(address).unwrap();
    early
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let program = home.command(&["serve", "--notes", "notes", "--http"]);
    // The socket comes as standard input, and is moved to where systemd has it.
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg("export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\" 3<&0 </dev/null")
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(program.get_current_dir().unwrap())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("NOTIFY_SOCKET", home.path("notify.sock"))
        .env("WATCHDOG_USEC", "20000")
        .stdin(OwnedFd::from(listener))
        .stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let hear = || {
        let mut message = [0; 100];
        let length = supervisor.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).trim().to_owned()
    };
    let mut reply = String::new();
    early.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let mut heard = vec![hear()];
    while !heard.contains(&"WATCHDOG=1".to_owned()) {
        heard.push(hear());
    }
    assert!(heard.contains(&"READY=1".to_owned()), "{heard:?}");
    crate::stdio::signalled(&process, "TERM");
    while hear() != "STOPPING=1" {}
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
#[cfg(unix)]
async fn a_unix_socket_is_served_and_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let home = Home::new();
    let served = Served::start(
        &home,
        &[
            "--unix-socket",
            "holdall.sock",
            "--public-url",
            "https://notes.example",
        ],
    );
    assert_eq!(served.get("/health", "notes.example").await, 200);
    let mut stream = tokio::net::UnixStream::connect(home.path("holdall.sock"))
        .await
        .unwrap();
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}
