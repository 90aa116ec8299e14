//! Redis over TLS: replicas count together, and keep sessions, on a server whose certificate is looked at.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use holdall_http::{HttpConfig, Rate, RedisSessions, SessionStore, SharedLimits};
use holdall_testkit::HttpRequest;

use crate::start;

/// A Redis server of this test's own, which speaks TLS alone.
struct Redis {
    process: Child,
    port: u16,
    authority: String,
    _folder: tempfile::TempDir,
}

impl Redis {
    /// `None` where Redis is not installed, or was built without TLS.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut about = rcgen::CertificateParams::new(Vec::new()).expect("right");
        about.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = about.self_signed(&key).expect("a certificate");
        let issuer = rcgen::Issuer::new(about, key);
        let key = rcgen::KeyPair::generate().expect("a key");
        let about = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("right");
        let certificate = about.signed_by(&key, &issuer).expect("a certificate");
        for (file, text) in [
            ("ca.pem", authority.pem()),
            ("cert.pem", certificate.pem()),
            ("key.pem", key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(file), text).expect("written");
        }
        // Redis cannot be asked for any free port, so one is looked for, which another may be faster to take.
        for _ in 0..10 {
            let free = TcpListener::bind("localhost:0").expect("a free port");
            let port = free.local_addr().expect("it listens").port();
            drop(free);
            if let Some(process) = run(&folder, port)? {
                return Some(Self {
                    process,
                    port,
                    authority: authority.pem(),
                    _folder: folder,
                });
            }
        }
        panic!("redis-server found no port");
    }

    fn url(&self) -> String {
        format!("rediss://localhost:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns once it takes connections; `None` if it cannot do this at all, `Some(None)` if the port is taken.
fn run(folder: &tempfile::TempDir, port: u16) -> Option<Option<Child>> {
    let process = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--tls-port", &port.to_string()])
        .args(["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"])
        .args(["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut process) = process else {
        eprintln!("skipped: needs redis-server");
        return None;
    };
    let output = BufReader::new(process.stdout.as_mut().expect("it is piped"));
    let mut said = String::new();
    for line in output.lines().map_while(Result::ok) {
        if line.contains("eady to accept connections") {
            return Some(Some(process));
        }
        said.push_str(&line);
    }
    process.wait().expect("it ended");
    if said.contains("bind: Address already in use") {
        return Some(None);
    }
    eprintln!("skipped: needs a redis-server that speaks TLS: {said}");
    None
}

#[tokio::test]
async fn replicas_count_together_over_tls() {
    let Some(redis) = Redis::start() else { return };
    let limits = SharedLimits::redis_trusting(&redis.url(), redis.authority.as_bytes()).expect("a URL");
    // Machines that run tests may be slow; whether they are is not the question here.
    let limits = limits.patience(Duration::from_secs(20));
    let mut config = HttpConfig::default();
    config.limits.requests_per_address = Some(Rate::every(Duration::from_secs(86_400), 3));
    config.limits.shared = Some(limits);
    let replicas = [start(config.clone()).await, start(config).await];
    let mut statuses = Vec::new();
    for replica in replicas.into_iter().cycle().take(6) {
        statuses.push(HttpRequest::get("/health").send(replica).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429]);
}

#[tokio::test]
async fn sessions_are_kept_by_a_server_that_is_trusted_and_by_no_other() {
    let Some(redis) = Redis::start() else { return };
    let sessions = RedisSessions::connect_trusting(&redis.url(), redis.authority.as_bytes()).await;
    let sessions = sessions.expect("it answers");
    assert!(sessions.load("nobody's").await.expect("it answers").is_none());
    // No system trusts the authority that was made for this test.
    let refused = RedisSessions::connect(&redis.url()).await;
    assert!(refused.is_err());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let refused = RedisSessions::connect_trusting(&redis.url(), other.cert.pem().as_bytes()).await;
    assert!(refused.is_err());
    // Without encryption nobody answers.
    let plain = redis.url().replace("rediss", "redis");
    assert!(RedisSessions::connect(&plain).await.is_err());
}
