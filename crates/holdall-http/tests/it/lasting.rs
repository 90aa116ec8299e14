//! What stays open ends with the credential it was opened with; calls under way may finish.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{SinkExt, StreamExt};
use holdall::Secret;
use holdall::prelude::*;
use holdall_http::auth::{Introspection, Issuer, NewToken, OAuthConfig, TokenFile, Tokens};
use holdall_http::{HttpConfig, HttpServer};
use holdall_testkit::HttpRequest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::oauth::PUBLIC_URL;
use crate::oauth::issuer::{TestIssuer, TestKey, now};

/// Longer than anything takes: what never comes fails instead of being waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What calls of `hold` wait for.
struct Release(Arc<Semaphore>);

/// Wait until somebody says go.
#[tool]
async fn hold(ctx: Context, release: State<Release>) -> &'static str {
    ctx.progress(1, 2, "waiting").await;
    release.0.acquire().await.expect("it is never closed").forget();
    "released"
}

struct Fixture {
    address: SocketAddr,
    file: TokenFile,
    tokens: Tokens,
    handle: ServerHandle,
    release: Arc<Semaphore>,
    issuer: TestIssuer,
    key: TestKey,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn start(drain: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::at(folder.path().join("tokens.toml"));
        file.create(NewToken::new("first")).expect("made");
        let tokens = Tokens::open(file.path()).expect("in order");
        let key = TestKey::ed25519("one");
        let issuer = TestIssuer::start(&[&key]).await;
        let mut introspection = Introspection::new("notes-server", Secret::new("s:cret"));
        introspection.ttl = Duration::from_millis(10);
        let mut oauth = OAuthConfig::new([Issuer::new(issuer.url()).introspected(introspection)]);
        oauth.leeway = Duration::ZERO;
        let mut config = HttpConfig::default();
        config.public_url = Some(PUBLIC_URL.parse().expect("a URL"));
        config.drain_timeout = drain;
        config.auth.tokens = Some(tokens.clone());
        config.auth.oauth = Some(oauth);
        let release = Arc::new(Semaphore::new(0));
        let service = Server::new("test")
            .state(Release(Arc::clone(&release)))
            .add(tools![hold])
            .build()
            .expect("right");
        let handle = service.handle();
        let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config).await;
        let server = server.expect("a free port");
        let address = server.local_addr();
        tokio::spawn(server.serve(std::future::pending()));
        Self {
            address,
            file,
            tokens,
            handle,
            release,
            issuer,
            key,
            _folder: folder,
        }
    }

    fn token(&self, new: NewToken) -> String {
        let (token, _) = self.file.create(new).expect("made");
        self.tokens.reload().expect("in order");
        token.expose().to_owned()
    }

    fn revoke(&self, name: &str) {
        self.file.revoke(name).expect("there is one");
        self.tokens.reload().expect("in order");
    }

    /// Everything that can stay open, opened.
    async fn open_all(&self, token: &str) -> Opened {
        let session = self.session(token).await;
        let listen = message(
            "subscriptions/listen",
            json!({"notifications": {"toolsListChanged": true}}),
        );
        let listen = HttpRequest::post(&listen)
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", "subscriptions/listen");
        let mut streams = vec![
            ("listen", self.stream(listen, token, "acknowledged").await),
            (
                "session",
                self.stream(
                    HttpRequest::get("/mcp")
                        .header("Accept", "text/event-stream")
                        .header("Mcp-Session-Id", &session),
                    token,
                    "text/event-stream",
                )
                .await,
            ),
            (
                "sse",
                self.stream(HttpRequest::get("/sse"), token, "sessionId").await,
            ),
        ];
        let sse = &mut streams[2].1;
        self.say_hello(sse.session(), token).await;
        sse.until("serverInfo").await;
        let mut socket = self.socket(token).await;
        socket.send(text(&hello())).await.expect("it reads");
        next(&mut socket).await.expect("it answers");
        Opened { streams, socket }
    }

    async fn stream(&self, request: HttpRequest, token: &str, until: &str) -> Stream {
        let request = request.header("Authorization", &format!("Bearer {token}"));
        let mut stream = Stream {
            stream: TcpStream::connect(self.address).await.expect("it listens"),
            read: String::new(),
        };
        stream
            .stream
            .write_all(&request.to_bytes())
            .await
            .expect("it reads");
        stream.until(until).await;
        stream
    }

    /// A session of Streamable HTTP.
    async fn session(&self, token: &str) -> String {
        let bearer = format!("Bearer {token}");
        let opened = HttpRequest::post(&hello()).header("Authorization", &bearer);
        let opened = opened.send(self.address).await;
        let id = opened.header("mcp-session-id").expect("a session").to_owned();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let ready = HttpRequest::post(&ready)
            .header("Authorization", &bearer)
            .header("Mcp-Session-Id", &id);
        assert_eq!(ready.send(self.address).await.status, 202);
        id
    }

    async fn say_hello(&self, path: String, token: &str) {
        assert_eq!(self.post(&path, token, &hello()).await, 202);
    }

    async fn post(&self, path: &str, token: &str, message: &Value) -> u16 {
        let request = HttpRequest::new("POST", path)
            .header("Content-Type", "application/json")
            .header("Authorization", &format!("Bearer {token}"));
        request.body(message.to_string()).send(self.address).await.status
    }

    async fn socket(&self, token: &str) -> WebSocketStream<TcpStream> {
        let url = format!("ws://{}/ws", self.address);
        let mut request = url.into_client_request().expect("a URL");
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", "mcp".parse().expect("a value"));
        headers.insert(
            "Authorization",
            format!("Bearer {token}").parse().expect("a value"),
        );
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .expect("it is handed over");
        socket
    }
}

struct Opened {
    streams: Vec<(&'static str, Stream)>,
    socket: WebSocketStream<TcpStream>,
}

impl Opened {
    /// Waits for all of it to end, and looks how.
    async fn end(mut self) {
        for (_, stream) in &mut self.streams {
            stream.rest().await;
        }
        assert_eq!(closed(&mut self.socket).await, Some(CloseCode::Policy));
    }
}

struct Stream {
    stream: TcpStream,
    read: String,
}

impl Stream {
    async fn more(&mut self) -> usize {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await;
        let read = read.expect("something comes, or it ends").expect("it is whole");
        self.read
            .push_str(std::str::from_utf8(&bytes[..read]).expect("text"));
        read
    }

    async fn until(&mut self, text: &str) {
        while !self.read.contains(text) {
            assert_ne!(self.more().await, 0, "no {text} in {}", self.read);
        }
    }

    /// Everything until the end, which has to be in good order.
    async fn rest(&mut self) -> &str {
        // Signs of life are no end.
        let ended = async { while self.more().await > 0 {} };
        let ended = tokio::time::timeout(PATIENCE, ended).await;
        ended.expect("it ends");
        assert!(self.read.ends_with("0\r\n\r\n"), "broken off: {}", self.read);
        &self.read
    }

    /// Where the messages of a session of HTTP+SSE are posted.
    fn session(&self) -> String {
        let (_, rest) = self.read.split_once("data: ").expect("an event");
        rest.lines().next().expect("a line").to_owned()
    }
}

/// The next message; the code of the end, if that is what comes.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<Value, Option<CloseCode>> {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        match message.expect("something comes") {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("JSON")),
            Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code)),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(None),
        }
    }
}

async fn closed(socket: &mut WebSocketStream<TcpStream>) -> Option<CloseCode> {
    let closed = async {
        loop {
            if let Err(code) = next(socket).await {
                return code;
            }
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.expect("it closes")
}

fn text(message: &Value) -> Message {
    Message::text(message.to_string())
}

fn hello() -> Value {
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

fn message(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn call() -> Value {
    let params = json!({"name": "hold", "arguments": {}, "_meta": {"progressToken": "p"}});
    json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})
}

#[tokio::test]
async fn what_was_opened_with_a_token_ends_when_it_is_revoked_and_nothing_else() {
    let fixture = Fixture::start(PATIENCE).await;
    let (ada, bob) = (
        fixture.token(NewToken::new("ada")),
        fixture.token(NewToken::new("bob")),
    );
    let of_ada = fixture.open_all(&ada).await;
    let mut of_bob = fixture.open_all(&bob).await;
    fixture.revoke("ada");
    of_ada.end().await;
    let tool = Tool::new("new").handler(async |_| Ok("new"));
    fixture.handle.add(tool).expect("the name is free");
    for (name, stream) in &mut of_bob.streams {
        assert!(!stream.read.contains("list_changed"), "{name}");
        stream.until("list_changed").await;
    }
    let heard = next(&mut of_bob.socket).await.expect("it is open");
    assert_eq!(heard["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn what_was_opened_with_a_token_ends_when_that_expires() {
    let fixture = Fixture::start(PATIENCE).await;
    // Long enough to open everything, also on a busy machine.
    let soon = Duration::from_secs(6);
    let kept = fixture.token(NewToken::new("ada").expires(SystemTime::now() + soon));
    let mut claims = fixture.issuer.claims();
    claims["exp"] = json!(now() + soon.as_secs());
    let signed = fixture.key.sign(&claims);
    let both = (fixture.open_all(&kept).await, fixture.open_all(&signed).await);
    tokio::join!(both.0.end(), both.1.end());
}

#[tokio::test]
async fn what_was_opened_with_a_token_ends_when_its_server_takes_it_back() {
    let fixture = Fixture::start(PATIENCE).await;
    let mut answer = fixture.issuer.claims();
    answer["active"] = json!(true);
    fixture.issuer.answer("opaque", answer);
    let opened = fixture.open_all("opaque").await;
    fixture.issuer.answer("opaque", json!({"active": false}));
    opened.end().await;
}

#[tokio::test]
async fn what_is_open_outlasts_a_server_that_cannot_be_asked_and_ends_if_the_token_is_anothers() {
    let fixture = Fixture::start(PATIENCE).await;
    let mut answer = fixture.issuer.claims();
    answer["active"] = json!(true);
    fixture.issuer.answer("opaque", answer.clone());
    let mut opened = fixture.open_all("opaque").await;
    // What is no answer says nothing of the token.
    fixture.issuer.answer("opaque", json!({"active": "perhaps"}));
    let before = fixture.issuer.asked();
    let asked = async {
        while fixture.issuer.asked() < before + 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("it is asked");
    let tool = Tool::new("new").handler(async |_| Ok("new"));
    fixture.handle.add(tool).expect("the name is free");
    for (_, stream) in &mut opened.streams {
        stream.until("list_changed").await;
    }
    let heard = next(&mut opened.socket).await.expect("it is open");
    assert_eq!(heard["method"], "notifications/tools/list_changed");
    answer["sub"] = "bob".into();
    fixture.issuer.answer("opaque", answer);
    opened.end().await;
}

#[tokio::test]
async fn a_token_with_other_scopes_is_another() {
    let fixture = Fixture::start(PATIENCE).await;
    let token = fixture.token(NewToken::new("ada").scopes(["notes:read"]));
    let opened = fixture.open_all(&token).await;
    let text = std::fs::read_to_string(fixture.file.path()).expect("a file");
    let changed = text.replace("notes:read", "notes:write");
    assert_ne!(text, changed);
    std::fs::write(fixture.file.path(), changed).expect("written");
    fixture.tokens.reload().expect("in order");
    opened.end().await;
}

#[tokio::test]
async fn calls_under_way_may_finish_and_none_begins() {
    let fixture = Fixture::start(PATIENCE).await;
    let ada = fixture.token(NewToken::new("ada"));
    let session = fixture.session(&ada).await;
    let post = HttpRequest::post(&call()).header("Mcp-Session-Id", &session);
    let mut posted = fixture.stream(post, &ada, "notifications/progress").await;
    let Opened {
        mut streams,
        mut socket,
    } = fixture.open_all(&ada).await;
    let mut sse = streams.pop().expect("there is one").1;
    assert_eq!(fixture.post(&sse.session(), &ada, &call()).await, 202);
    sse.until("notifications/progress").await;
    socket.send(text(&call())).await.expect("it reads");
    let progress = next(&mut socket).await.expect("it answers");
    assert_eq!(progress["method"], "notifications/progress");

    fixture.revoke("ada");
    // These have nothing under way.
    for (_, stream) in &mut streams {
        stream.rest().await;
    }
    assert_eq!(fixture.post(&sse.session(), &ada, &hello()).await, 401);
    let ping = json!({"jsonrpc": "2.0", "id": 3, "method": "ping"});
    socket.send(text(&ping)).await.expect("it takes");
    fixture.release.add_permits(3);
    for stream in [&mut posted, &mut sse] {
        assert!(stream.rest().await.contains("released"), "{}", stream.read);
    }
    let reply = next(&mut socket).await.expect("it is answered");
    assert_eq!(
        (&reply["id"], &reply["result"]["content"][0]["text"]),
        (&json!(2), &json!("released"))
    );
    assert_eq!(next(&mut socket).await, Err(Some(CloseCode::Policy)));
}

#[tokio::test]
async fn calls_that_take_too_long_end_with_their_credential_too() {
    let fixture = Fixture::start(Duration::from_millis(200)).await;
    let ada = fixture.token(NewToken::new("ada"));
    let session = fixture.session(&ada).await;
    let post = HttpRequest::post(&call()).header("Mcp-Session-Id", &session);
    let mut posted = fixture.stream(post, &ada, "notifications/progress").await;
    let mut opened = fixture.open_all(&ada).await;
    opened.socket.send(text(&call())).await.expect("it reads");
    let progress = next(&mut opened.socket).await.expect("it answers");
    assert_eq!(progress["method"], "notifications/progress");
    fixture.revoke("ada");
    assert!(!posted.rest().await.contains("released"));
    opened.end().await;
}
