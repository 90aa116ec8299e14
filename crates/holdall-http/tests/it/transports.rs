//! HTTP+SSE and WebSocket from outside: the handshake, order, sizes, slow readers, the end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use holdall::prelude::*;
use holdall_http::HttpConfig;
use holdall_testkit::{Client, HttpRequest, Served, Wire};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Longer than anything takes: what never comes fails instead of being waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Give a text back.
#[tool]
async fn echo(text: String) -> String {
    text
}

/// A text of so many bytes.
#[tool]
async fn long(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// Count to a number.
#[tool]
async fn count(ctx: Context, to: u32) -> String {
    for n in 1..=to {
        ctx.progress(n, to, "counting").await;
    }
    format!("counted to {to}")
}

/// Never end.
#[tool]
async fn wait(ctx: Context) -> String {
    ctx.progress(1, 2, "waiting").await;
    std::future::pending().await
}

/// Calls of `linger` under way.
static LINGERING: AtomicUsize = AtomicUsize::new(0);

struct Lingering;

impl Drop for Lingering {
    fn drop(&mut self) {
        LINGERING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Never end, and be counted.
#[tool]
async fn linger() -> String {
    LINGERING.fetch_add(1, Ordering::SeqCst);
    let _lingering = Lingering;
    std::future::pending().await
}

fn server() -> Server {
    Server::new("test").add(tools![echo, long, count, wait, linger])
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, met)
        .await
        .expect("it comes to pass");
}

async fn served(change: impl FnOnce(&mut HttpConfig)) -> Served {
    let mut config = HttpConfig::default();
    change(&mut config);
    Served::start_with(server(), config).await
}

fn urls(served: &Served) -> [String; 3] {
    [served.url(), served.sse_url(), served.websocket_url()]
}

#[tokio::test]
async fn every_version_of_the_protocol_is_spoken_on_every_transport() {
    let served = served(|_| ()).await;
    for url in urls(&served) {
        for version in [
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            "2026-07-28",
        ] {
            let client = Client::at(&url).protocol(version).await;
            assert_eq!(client.list_tools().await.len(), 5, "{url} {version}");
            let reply = client.call("echo", json!({"text": "😀 \u{2028}"})).await;
            assert_eq!(reply.text(), "😀 \u{2028}", "{url} {version}");
            let counted = client.call("count", json!({"to": 3})).await;
            assert_eq!(counted.text(), "counted to 3", "{url} {version}");
            assert_eq!(counted.progress().len(), 3, "{url} {version}");
            let big = client.call("long", json!({"bytes": 900_000})).await;
            assert_eq!(big.text().len(), 900_000, "{url} {version}");
            client.close().await;
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn requests_are_answered_on_the_connection_they_came_on() {
    let served = served(|_| ()).await;
    for url in [served.sse_url(), served.websocket_url()] {
        let mut wires = [Wire::at(&url).await, Wire::at(&url).await];
        for wire in &mut wires {
            wire.initialize("2025-11-25").await;
        }
        for n in 0..100 {
            for (which, wire) in wires.iter().enumerate() {
                let arguments = json!({"text": format!("{which}-{n}")});
                wire.request(n, "tools/call", json!({"name": "echo", "arguments": arguments}))
                    .await;
            }
        }
        for (which, wire) in wires.iter_mut().enumerate() {
            for n in 0..100 {
                let reply = wire.reply_to(n).await;
                assert_eq!(
                    reply["result"]["content"][0]["text"],
                    format!("{which}-{n}"),
                    "{url}"
                );
            }
        }
    }
}

#[tokio::test]
async fn requests_under_way_on_one_connection_are_bounded_and_can_be_cancelled() {
    let served = served(|config| config.transports.requests_max = 2).await;
    for url in [served.sse_url(), served.websocket_url()] {
        let mut wire = Wire::at(&url).await;
        wire.initialize("2025-11-25").await;
        for id in [1, 2] {
            let params = json!({"name": "wait", "_meta": {"progressToken": id}});
            wire.request(id, "tools/call", params).await;
            assert_eq!(wire.next().await["method"], "notifications/progress");
        }
        wire.request(3, "ping", Value::Null).await;
        assert_eq!(wire.reply_to(3).await["error"]["code"], -32000);
        let cancel =
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
        wire.send_json(cancel).await;
        wire.request(4, "ping", Value::Null).await;
        assert_eq!(wire.reply_to(4).await["result"], json!({}));
    }
}

#[tokio::test]
async fn calls_end_with_the_client_that_made_them() {
    let served = served(|_| ()).await;
    for url in [served.sse_url(), served.websocket_url()] {
        let mut wire = Wire::at(&url).await;
        wire.initialize("2025-11-25").await;
        wire.request(1, "tools/call", json!({"name": "linger"})).await;
        until(|| LINGERING.load(Ordering::SeqCst) == 1).await;
        wire.close_input().await;
        until(|| LINGERING.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn news_comes_on_the_connection_that_asked_for_it() {
    let service = server().build().expect("the server is right");
    let handle = service.handle();
    let served = Served::start(service).await;
    for url in [served.sse_url(), served.websocket_url()] {
        let mut wire = Wire::at(&url).await;
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({"notifications": {"toolsListChanged": true}, "_meta": meta});
        wire.request(7, "subscriptions/listen", params).await;
        let acknowledged = wire.next().await;
        assert_eq!(
            acknowledged["method"], "notifications/subscriptions/acknowledged",
            "{acknowledged}"
        );
        handle
            .add(Tool::new("new").handler(async |_| Ok("new")))
            .expect("the name is free");
        assert_eq!(
            wire.next().await["method"],
            "notifications/tools/list_changed",
            "{url}"
        );
        wire.close_input().await;
        until(|| handle.listeners().streams == 0).await;
        handle.remove_tool("new").expect("it is there");
    }
}

fn upgrade() -> HttpRequest {
    HttpRequest::get("/ws")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test]
async fn a_connection_is_handed_over_only_to_whom_it_may() {
    let served = served(|_| ()).await;
    let plain = HttpRequest::get("/ws").send(served.address()).await;
    assert_eq!((plain.status, plain.header("upgrade")), (426, Some("websocket")));
    // `HttpRequest` says that the connection closes, so it is written by hand what asks for more.
    for (change, status) in [
        ("", 400),
        ("Sec-WebSocket-Protocol: chat\r\n", 400),
        (
            "Sec-WebSocket-Protocol: mcp\r\nOrigin: https://evil.example\r\n",
            403,
        ),
        ("Sec-WebSocket-Protocol: mcp\r\nHost: evil.example\r\n", 400),
        ("Sec-WebSocket-Protocol: mcp\r\n", 101),
    ] {
        let request = String::from_utf8(upgrade().to_bytes()).expect("text");
        let request = request.replace(
            "Connection: close\r\n",
            &format!("Connection: Upgrade\r\n{change}"),
        );
        let mut stream = TcpStream::connect(served.address()).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).await.expect("it answers");
        assert_eq!(reply, *format!("HTTP/1.1 {status}").as_bytes(), "{change}");
    }
    for path in ["/sse", "/messages/", "/ws"] {
        let foreign = HttpRequest::get(path).header("Origin", "https://evil.example");
        assert_eq!(foreign.send(served.address()).await.status, 403, "{path}");
    }
    assert_eq!(
        HttpRequest::new("POST", "/ws")
            .send(served.address())
            .await
            .status,
        405
    );
    assert_eq!(
        HttpRequest::get("/messages/").send(served.address()).await.status,
        405
    );
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn socket(served: &Served) -> Socket {
    let mut request = served.websocket_url().into_client_request().expect("a URL");
    let protocol = "mcp".parse().expect("a header value");
    request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
    let stream = TcpStream::connect(served.address()).await.expect("it listens");
    let (socket, reply) = tokio_tungstenite::client_async(request, stream)
        .await
        .expect("it is handed over");
    assert_eq!(reply.headers()["sec-websocket-protocol"], "mcp");
    socket
}

/// The code with which the server closes the connection.
async fn closed(mut socket: Socket) -> Option<CloseCode> {
    let closing = async {
        while let Some(message) = socket.next().await {
            match message {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        None
    };
    tokio::time::timeout(PATIENCE, closing).await.expect("it closes")
}

#[tokio::test]
async fn what_is_no_text_of_a_reasonable_size_closes_the_connection_with_its_code() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let served = served(|config| config.body_bytes_max = 1000).await;
    let no_utf8 = Frame::message(vec![b'"', 0xff, b'"'], OpCode::Data(Data::Text), true);
    for (message, code) in [
        (Message::binary("{}"), CloseCode::Unsupported),
        (Message::text("x".repeat(1001)), CloseCode::Size),
        (Message::Frame(no_utf8), CloseCode::Invalid),
    ] {
        let mut socket = socket(&served).await;
        let shown = format!("{message:.40?}");
        socket.send(message).await.expect("it reads");
        assert_eq!(closed(socket).await, Some(code), "{shown}");
    }
    // What is no frame at all.
    let mut broken = socket(&served).await;
    broken.get_mut().write_all(&[0xff; 16]).await.expect("it reads");
    assert_eq!(closed(broken).await, Some(CloseCode::Protocol));
    // The next client is served.
    let mut wire = Wire::at(served.websocket_url()).await;
    wire.initialize("2025-11-25").await;
}

#[tokio::test]
async fn what_comes_behind_a_wrong_frame_is_taken_so_that_the_client_learns_why() {
    let served = served(|_| ()).await;
    let mut socket = socket(&served).await;
    socket.send(Message::binary("{}")).await.expect("it reads");
    let told = tokio::time::timeout(PATIENCE, socket.next()).await;
    assert!(matches!(told, Ok(Some(Ok(Message::Close(Some(_)))))), "{told:?}");
    // A binary frame of 60,000 zeros, masked with nothing.
    let mut frame = vec![0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0];
    frame.resize(frame.len() + 60_000, 0);
    for _ in 0..32 {
        let taken = socket.get_mut().write_all(&frame).await;
        taken.expect("the connection is open until the client closes its end");
    }
}

#[tokio::test]
async fn a_client_that_gives_no_sign_of_life_is_dropped_and_one_that_answers_is_not() {
    let served = served(|config| config.transports.keep_alive = Duration::from_millis(20)).await;
    let mut living = socket(&served).await;
    let mut pings = 0;
    while pings < 5 {
        // Answered by itself when the next message is read.
        match living.next().await {
            Some(Ok(Message::Ping(_))) => pings += 1,
            other => panic!("{other:?}"),
        }
    }
    // The bytes are read, and nobody answers.
    let mut dead = socket(&served).await.into_inner();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, dead.read_to_end(&mut rest)).await;
    // Reset or closed, as it comes.
    let _ = read.expect("it is dropped");
}

#[tokio::test]
async fn a_silent_stream_says_that_it_lives() {
    let served = served(|config| config.transports.keep_alive = Duration::from_millis(20)).await;
    let mut stream = TcpStream::connect(served.address()).await.expect("it listens");
    let request = HttpRequest::get("/sse").to_bytes();
    stream.write_all(&request).await.expect("it reads");
    let mut said = String::new();
    while said.matches("\n:\n\n").count() < 3 {
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await.expect("it is whole");
        assert_ne!(read, 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&bytes[..read]).replace("\r\n", "\n"));
    }
    assert!(
        said.contains("event: endpoint\ndata: /messages/?sessionId="),
        "{said}"
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    let served = served(|config| {
        config.transports.write_timeout = Duration::from_millis(100);
        config.transports.outgoing_bytes_max = 64 * 1024;
    })
    .await;
    let call = |id: u32| {
        let params = json!({"name": "long", "arguments": {"bytes": 900_000}});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string()
    };
    let client = json!({"name": "t", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();

    let mut socket = socket(&served).await;
    socket.send(Message::text(&initialize)).await.expect("it reads");
    let ended = async {
        for id in 1.. {
            // Never reads a reply; what it sends is read until it is dropped.
            match socket.send(Message::text(call(id))).await {
                Ok(()) => tokio::task::yield_now().await,
                Err(Error::Io(_)) => return,
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("it is dropped");

    let mut stream = TcpStream::connect(served.address()).await.expect("it listens");
    stream
        .write_all(&HttpRequest::get("/sse").to_bytes())
        .await
        .expect("it reads");
    let mut said = String::new();
    let path = loop {
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await.expect("it is whole");
        said.push_str(&String::from_utf8_lossy(&bytes[..read]));
        if let Some((_, rest)) = said.split_once("data: ")
            && let Some((path, _)) = rest.split_once('\n')
        {
            break path.to_owned();
        }
    };
    let post = |body: String| {
        let request = HttpRequest::new("POST", &path).header("Content-Type", "application/json");
        let address = served.address();
        async move { request.body(body).send(address).await.status }
    };
    assert_eq!(post(initialize).await, 202);
    let ended = async {
        for id in 1.. {
            match post(call(id)).await {
                202 => {}
                404 => return,
                other => panic!("{other}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("its session ends");
}

#[tokio::test]
async fn stopping_closes_streams_after_what_is_under_way() {
    let served = served(|config| config.drain_timeout = Duration::from_millis(200)).await;
    let socket = socket(&served).await;
    let mut busy = Wire::at(served.websocket_url()).await;
    busy.initialize("2025-11-25").await;
    let params = json!({"name": "wait", "_meta": {"progressToken": 1}});
    busy.request(1, "tools/call", params).await;
    assert_eq!(busy.next().await["method"], "notifications/progress");
    let mut sse = Wire::at(served.sse_url()).await;
    sse.initialize("2025-11-25").await;
    let streamable = Client::at(served.url()).protocol("2025-11-25").await;
    streamable.call("echo", json!({"text": "a"})).await.text();
    served.stop().await;
    assert_eq!(closed(socket).await, Some(CloseCode::Away));
    // The end of the bridge to a stream that has ended: nothing more comes.
    assert_eq!(busy.rest().await, [Value::Null; 0]);
    drop(sse);
}
