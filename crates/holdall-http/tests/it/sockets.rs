//! Connections: their bounds, their times, TLS, Unix sockets, reloading, and the end.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdall::prelude::*;
use holdall_http::{Address, HttpConfig, HttpError, HttpServer, Listen, Rate, Reloader, TlsConfig};
use holdall_testkit::HttpRequest;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::{raw, start, stateless};

/// A server that can be stopped, with what it has.
struct Running {
    address: SocketAddr,
    reloader: Reloader,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

async fn run(server: Server, config: HttpConfig) -> Running {
    let service = server.build().expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
        .await
        .expect("a free port");
    let (address, reloader) = (server.local_addr(), server.reloader());
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(server.serve(async move {
        let _ = stopped.await;
    }));
    Running {
        address,
        reloader,
        stop,
        serving,
    }
}

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Asks on an open connection, and returns the status; `None` if it has been closed.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> Option<u16> {
    stream.write_all(request).await.ok()?;
    let mut reply = Vec::new();
    while !reply.ends_with(b"}") {
        match stream.read_u8().await {
            Ok(byte) => reply.push(byte),
            Err(_) => return None,
        }
    }
    let head = String::from_utf8(reply).expect("text");
    head.split(' ').nth(1)?.parse().ok()
}

/// Whether the server closes the connection without a word.
async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest));
    read.await.is_ok_and(|_| rest.is_empty())
}

#[tokio::test]
async fn headers_are_bounded_in_size_and_number() {
    let mut config = HttpConfig::default();
    config.connections.header_bytes_max = 4096;
    config.connections.headers_max = 20;
    let address = start(config).await;
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    for (headers, status) in [
        (many(10), "200"),
        (many(30), "431"),
        (format!("X-Long: {}\r\n", "y".repeat(3000)), "200"),
        (format!("X-Long: {}\r\n", "y".repeat(5000)), "431"),
        (format!("X-Endless: {}\r\n", "y".repeat(1_000_000)), "431"),
    ] {
        let request =
            format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // It may have had enough before it has everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).await.expect("it answers");
        assert_eq!(reply, *format!("HTTP/1.1 {status}").as_bytes(), "{headers:.40}");
    }
}

#[tokio::test]
async fn more_connections_than_places_wait_and_get_theirs() {
    let mut config = HttpConfig::default();
    config.connections_max = 1;
    let address = start(config).await;
    let mut first = TcpStream::connect(address).await.expect("it listens");
    assert_eq!(ask(&mut first, HEALTH).await, Some(200));
    let mut second = TcpStream::connect(address).await.expect("it listens");
    let mut answer = Box::pin(ask(&mut second, HEALTH));
    // A third question on the first connection has time to be answered; the second still waits.
    for _ in 0..20 {
        assert_eq!(ask(&mut first, HEALTH).await, Some(200));
        assert!(futures_util::poll!(&mut answer).is_pending());
    }
    drop(first);
    assert_eq!(answer.await, Some(200));
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let mut config = HttpConfig::default();
    config.connections.per_address_max = Some(1);
    let address = start(config).await;
    let mut first = TcpStream::connect(address).await.expect("it listens");
    assert_eq!(ask(&mut first, HEALTH).await, Some(200));
    let mut second = TcpStream::connect(address).await.expect("it listens");
    assert!(is_closed(&mut second).await);
    assert_eq!(ask(&mut first, HEALTH).await, Some(200));
}

#[tokio::test]
async fn idle_connections_are_closed_and_old_ones_after_their_answer() {
    let mut config = HttpConfig::default();
    config.connections.idle_timeout = Duration::from_millis(20);
    let address = start(config).await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    assert_eq!(ask(&mut stream, HEALTH).await, Some(200));
    assert!(is_closed(&mut stream).await);
    let mut config = HttpConfig::default();
    config.connections.age_max = Some(Duration::ZERO);
    let address = start(config).await;
    assert!(
        raw(address, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .contains("200 OK")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_serves_beside_tcp() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("holdall.sock");
    let service = Server::new("test").build().expect("the server is right");
    let places = [
        Listen::Unix {
            path: path.clone(),
            mode: 0o600,
        },
        Listen::Tcp(([127, 0, 0, 1], 0).into()),
        Listen::Tcp(([127, 0, 0, 1], 0).into()),
    ];
    let server = HttpServer::bind_all(places, service.clone(), HttpConfig::default())
        .await
        .expect("they are free");
    let addresses = server.addresses();
    assert_eq!(addresses[0], Address::Unix(path.clone()));
    let second = Listen::Unix {
        path: path.clone(),
        mode: 0o600,
    };
    let taken = HttpServer::bind_all([second], service, HttpConfig::default()).await;
    assert!(matches!(taken, Err(HttpError::Unix { .. })));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async move {
        let _ = stopped.await;
    }));
    let mut stream = UnixStream::connect(&path).await.expect("it listens");
    assert_eq!(ask(&mut stream, HEALTH).await, Some(200));
    let foreign = b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(ask(&mut stream, foreign).await, Some(403));
    for address in &addresses[1..] {
        let Address::Tcp(address) = address else {
            panic!("{address} is no TCP")
        };
        assert_eq!(HttpRequest::get("/health").send(*address).await.status, 200);
    }
    stop.send(()).expect("it serves");
    serving.await.expect("it ends");
    assert!(!path.exists(), "the file goes with the server");
}

#[tokio::test]
async fn nowhere_and_what_is_no_origin_are_errors() {
    let service = || Server::new("test").build().expect("the server is right");
    let nowhere = HttpServer::bind_all([], service(), HttpConfig::default()).await;
    assert!(matches!(nowhere, Err(HttpError::NoAddress)));
    let mut config = HttpConfig::default();
    config.allowed_origins = vec!["*".to_owned()];
    let everybody = HttpServer::bind(([127, 0, 0, 1], 0).into(), service(), config).await;
    assert!(matches!(everybody, Err(HttpError::Origin(_))));
}

#[tokio::test]
async fn settings_are_exchanged_while_connections_stay() {
    let mut config = HttpConfig::default();
    config.allowed_hosts = vec!["old.example".to_owned()];
    let running = run(Server::new("test"), config.clone()).await;
    let mut stream = TcpStream::connect(running.address).await.expect("it listens");
    let old = b"GET /health HTTP/1.1\r\nHost: old.example\r\n\r\n";
    let new = b"GET /health HTTP/1.1\r\nHost: new.example\r\n\r\n";
    assert_eq!(
        (ask(&mut stream, old).await, ask(&mut stream, new).await),
        (Some(200), Some(403))
    );
    config.allowed_hosts = vec!["new.example".to_owned()];
    running.reloader.reload(&config).expect("it is right");
    assert_eq!(
        (ask(&mut stream, old).await, ask(&mut stream, new).await),
        (Some(403), Some(200))
    );
    config.allowed_hosts.clear();
    config.allowed_origins = vec!["nonsense".to_owned()];
    assert!(running.reloader.reload(&config).is_err());
    assert_eq!(
        ask(&mut stream, new).await,
        Some(200),
        "what is wrong changes nothing"
    );
}

#[tokio::test]
async fn messages_on_a_connection_handed_over_are_counted_too() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;

    let mut config = HttpConfig::default();
    // The request that opens the connection, and one message.
    config.limits.requests_per_principal = Some(Rate::per_minute(1).burst(2));
    let running = run(Server::new("test"), config.clone()).await;
    let url = format!("ws://{}/ws", running.address);
    let mut request = url.into_client_request().expect("a URL");
    let protocol = "mcp".parse().expect("a header value");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let stream = TcpStream::connect(running.address).await.expect("it listens");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .expect("it is handed over");
    // No message of the protocol: answered with an error, at once.
    socket.send(Message::text("nonsense")).await.expect("it reads");
    assert!(socket.next().await.expect("it answers").is_ok());
    socket.send(Message::text("nonsense")).await.expect("it reads");
    let mut answer = Box::pin(socket.next());
    for _ in 0..20 {
        let health = HttpRequest::get("/health").send(running.address).await;
        assert_eq!(health.status, 200);
        assert!(
            futures_util::poll!(&mut answer).is_pending(),
            "it is read too early"
        );
    }
    config.limits.requests_per_principal = None;
    running.reloader.reload(&config).expect("it is right");
    let answer = tokio::time::timeout(Duration::from_secs(20), answer).await;
    assert!(
        answer
            .expect("it is read in the end")
            .is_some_and(|answer| answer.is_ok())
    );
}

/// Writes a new certificate for `localhost` and its key, and returns the certificate.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("it is written");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("it is written");
    made.cert.der().clone()
}

fn encrypted(folder: &Path) -> HttpConfig {
    let mut config = HttpConfig::default();
    config.tls = Some(TlsConfig::new(folder.join("cert.pem"), folder.join("key.pem")));
    config
}

/// Connects as a client that trusts this certificate alone.
async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn connections_are_encrypted_and_certificates_exchanged_without_closing_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = certify(folder.path());
    let running = run(Server::new("test"), encrypted(folder.path())).await;
    let mut before = connect(running.address, &first).await.expect("it is trusted");
    assert_eq!(before.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(ask(&mut before, HEALTH).await, Some(200));
    let second = certify(folder.path());
    assert!(
        connect(running.address, &second).await.is_err(),
        "nobody has looked yet"
    );
    running.reloader.reload_certificates().expect("they fit");
    let mut after = connect(running.address, &second).await.expect("it is trusted");
    assert!(
        connect(running.address, &first).await.is_err(),
        "the old one is gone"
    );
    assert_eq!(ask(&mut after, HEALTH).await, Some(200));
    assert_eq!(ask(&mut before, HEALTH).await, Some(200), "connections stay");
    // Half of a pair, and no pair at all.
    let third = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    for (file, text) in [
        ("key.pem", third.signing_key.serialize_pem()),
        ("cert.pem", "nonsense".to_owned()),
    ] {
        std::fs::write(folder.path().join(file), text).expect("it is written");
        let error = running
            .reloader
            .reload_certificates()
            .expect_err("they do not fit");
        assert!(error.to_string().contains(".pem"), "{error}");
        assert!(
            connect(running.address, &second).await.is_ok(),
            "the last good one is kept"
        );
    }
}

#[tokio::test]
async fn new_certificates_are_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let mut config = encrypted(folder.path());
    config.tls.as_mut().expect("it is set").check_interval = Duration::from_millis(5);
    let running = run(Server::new("test"), config).await;
    let second = certify(folder.path());
    let noticed = async { while connect(running.address, &second).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), noticed)
        .await
        .expect("it looks");
}

#[tokio::test]
async fn who_does_not_speak_tls_is_cut_off_and_others_are_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = certify(folder.path());
    let mut config = encrypted(folder.path());
    config.tls.as_mut().expect("it is set").handshake_timeout = Duration::from_millis(50);
    let running = run(Server::new("test"), config).await;
    for garbage in [HEALTH, &[0; 5000], &[0x16, 3, 1, 0xff, 0xff], b""] {
        let mut stream = TcpStream::connect(running.address).await.expect("it listens");
        stream.write_all(garbage).await.expect("it reads");
        let mut answer = Vec::new();
        // At most an alert of TLS, and then the end, by whichever way.
        match tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            Err(_) => panic!("it waits for ever: {garbage:?}"),
        }
        assert!(!answer.starts_with(b"HTTP"), "{garbage:?}");
    }
    let mut stream = connect(running.address, &trusted).await.expect("it is trusted");
    assert_eq!(ask(&mut stream, HEALTH).await, Some(200));
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    for (cert, key, file) in [
        (None, Some("x"), "cert.pem"),
        (Some(""), Some("x"), "cert.pem"),
        (Some("good"), Some("nonsense"), "key.pem"),
        (Some("good"), None, "key.pem"),
    ] {
        certify(folder.path());
        for (name, text) in [("cert.pem", cert), ("key.pem", key)] {
            match text {
                Some("good") => {}
                Some(text) => std::fs::write(folder.path().join(name), text).expect("it is written"),
                None => std::fs::remove_file(folder.path().join(name)).expect("it is there"),
            }
        }
        let service = Server::new("test").build().expect("the server is right");
        let refused = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, encrypted(folder.path())).await;
        let error = refused.err().expect("they are of no use").to_string();
        assert!(error.contains(file) && error.contains("PEM"), "{error}");
    }
}

/// A tool that says when it has begun, and ends when it is told to.
struct Waiter {
    begun: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

#[toolset]
impl Waiter {
    /// Wait until told.
    #[tool]
    async fn wait(&self) -> String {
        let (end, ended) = oneshot::channel();
        self.begun.send(end).expect("the test listens");
        let _ = ended.await;
        "done".to_owned()
    }
}

/// A server with a call under way: the server, the connection it came by, and what ends the call.
async fn busy(config: HttpConfig) -> (Running, TcpStream, oneshot::Sender<()>) {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let running = run(Server::new("test").add(Waiter { begun }), config).await;
    let call = stateless("tools/call", "wait", json!({"name": "wait", "arguments": {}}));
    let mut stream = TcpStream::connect(running.address).await.expect("it listens");
    stream.write_all(call.as_bytes()).await.expect("it reads");
    let end = begins.recv().await.expect("it begins");
    (running, stream, end)
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_takes_nothing_new() {
    let (running, mut stream, end) = busy(HttpConfig::default()).await;
    let mut idle = TcpStream::connect(running.address).await.expect("it listens");
    assert_eq!(ask(&mut idle, HEALTH).await, Some(200));
    let mut fresh = TcpStream::connect(running.address).await.expect("it listens");
    running.stop.send(()).expect("it serves");
    assert!(is_closed(&mut idle).await);
    assert!(is_closed(&mut fresh).await);
    assert!(TcpStream::connect(running.address).await.is_err());
    assert!(!running.serving.is_finished());
    end.send(()).expect("the call is under way");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("it answers");
    assert!(
        reply.starts_with("HTTP/1.1 200") && reply.contains("done"),
        "{reply}"
    );
    running.serving.await.expect("it ends");
}

#[tokio::test]
async fn what_is_not_finished_in_time_is_dropped() {
    let mut config = HttpConfig::default();
    config.drain_timeout = Duration::from_millis(50);
    let (running, mut stream, mut end) = busy(config).await;
    running.stop.send(()).expect("it serves");
    running.serving.await.expect("it ends");
    assert!(is_closed(&mut stream).await);
    tokio::time::timeout(Duration::from_secs(20), end.closed())
        .await
        .expect("the call is cancelled with its connection");
}
