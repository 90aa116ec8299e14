//! Tasks over HTTP: their headers, their states of HTTP, and that they outlive the connections that began them.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use holdall::prelude::*;
use holdall::{Service, TaskOptions, TaskSupport, ToolFunction};
use holdall_http::{HttpConfig, HttpServer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use crate::raw;

/// What the functions of these tests and the tests tell each other.
struct Signals {
    begun: Semaphore,
    go: Semaphore,
    gone: Notify,
}

struct Gone(Arc<Signals>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.gone.notify_one();
    }
}

/// Work until told to end.
#[tool]
async fn works(ctx: Context, signals: State<Arc<Signals>>) -> String {
    let _gone = Gone(Arc::clone(&signals));
    ctx.progress(1, 2, "working").await;
    signals.begun.add_permits(1);
    signals.go.acquire().await.expect("it is never closed").forget();
    "done".into()
}

/// Ask for a name.
#[tool]
async fn asks(ctx: Context) -> CallResult<String> {
    ctx.become_task().await?;
    let sure = ctx.confirm("Sure?").key("sure").await?;
    Ok(format!("sure: {sure}"))
}

/// The end of a channel that says when the function may return.
struct Released(std::sync::Mutex<mpsc::Receiver<()>>);

/// Work until told to end, never looking at the context.
#[tool]
fn plain(released: State<Released>) -> String {
    let released = released.0.lock().expect("nobody panicked");
    released.recv().expect("the test says so");
    "done".into()
}

struct Fixture {
    address: SocketAddr,
    service: Service,
    signals: Arc<Signals>,
    release: mpsc::Sender<()>,
}

async fn start(options: TaskOptions) -> Fixture {
    let signals = Arc::new(Signals {
        begun: Semaphore::new(0),
        go: Semaphore::new(0),
        gone: Notify::new(),
    });
    let (release, released) = mpsc::channel();
    let tools = [
        <works as ToolFunction>::tool().task(TaskSupport::Required),
        <asks as ToolFunction>::tool().task(TaskSupport::Optional),
        <plain as ToolFunction>::tool().task(TaskSupport::Optional),
    ];
    let service = Server::new("tasks")
        .state(Arc::clone(&signals))
        .state(Released(std::sync::Mutex::new(released)))
        .add(tools)
        .tasks(options)
        .build()
        .expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service.clone(), HttpConfig::default())
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    Fixture {
        address,
        service,
        signals,
        release,
    }
}

/// A request with these headers of its own; `capabilities` are the client's.
fn request(headers: &str, method: &str, mut params: Value, capabilities: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn knows_tasks() -> Value {
    json!({"elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}})
}

fn named(method: &str, name: &str) -> String {
    format!("Mcp-Method: {method}\r\nMcp-Name: {name}\r\n")
}

/// Status and body of a reply in JSON.
fn parsed(reply: &str) -> (&str, Value) {
    let (head, body) = reply.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    (
        status,
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{reply}")),
    )
}

impl Fixture {
    async fn send(&self, headers: &str, method: &str, params: Value, capabilities: Value) -> (String, Value) {
        let reply = raw(self.address, &request(headers, method, params, capabilities)).await;
        let (status, body) = parsed(&reply);
        (status.to_owned(), body)
    }

    /// Calls a tool as a client that knows tasks: the id of the task.
    async fn begin(&self, tool: &str) -> String {
        let params = json!({"name": tool, "arguments": {}});
        let (status, body) = self
            .send(&named("tools/call", tool), "tools/call", params, knows_tasks())
            .await;
        assert_eq!(
            (status.as_str(), &body["result"]["resultType"]),
            ("200", &json!("task")),
            "{body}"
        );
        body["result"]["taskId"].as_str().expect("an id").to_owned()
    }

    async fn about(&self, method: &str, id: &str, more: Value) -> (String, Value) {
        let mut params = more;
        params["taskId"] = id.into();
        self.send(&named(method, id), method, params, knows_tasks()).await
    }

    async fn get(&self, id: &str) -> Value {
        let (status, mut body) = self.about("tasks/get", id, json!({})).await;
        assert_eq!(status, "200", "{body}");
        body["result"].take()
    }

    /// Asks again and again until the task has this status.
    async fn get_when(&self, id: &str, wanted: &str) -> Value {
        loop {
            let task = self.get(id).await;
            if task["status"] == wanted {
                return task;
            }
            let underway = task["status"] == "working" || task["status"] == "input_required";
            assert!(underway, "never {wanted}, but {task}");
        }
    }
}

#[tokio::test]
async fn a_task_outlives_the_connection_that_began_it() {
    let fixture = start(TaskOptions::default()).await;
    let id = fixture.begin("works").await;
    let task = fixture.get(&id).await;
    assert_eq!(
        (&task["status"], &task["statusMessage"]),
        (&json!("working"), &json!("working (1 of 2)"))
    );
    fixture.signals.go.add_permits(1);
    let task = fixture.get_when(&id, "completed").await;
    assert_eq!(task["result"]["content"][0]["text"], "done");
}

#[tokio::test]
async fn a_task_is_asked_answered_and_cancelled_over_connections_of_their_own() {
    let fixture = start(TaskOptions::default()).await;
    let id = fixture.begin("asks").await;
    let task = fixture.get_when(&id, "input_required").await;
    assert_eq!(task["inputRequests"]["sure"]["method"], "elicitation/create");
    let answers = json!({"inputResponses": {"sure": {"action": "accept", "content": {}}}});
    let (status, body) = fixture.about("tasks/update", &id, answers).await;
    assert_eq!(
        (status.as_str(), &body["result"]["resultType"]),
        ("200", &json!("complete"))
    );
    let task = fixture.get_when(&id, "completed").await;
    assert_eq!(task["result"]["content"][0]["text"], "sure: true");

    let id = fixture.begin("works").await;
    let (status, body) = fixture.about("tasks/cancel", &id, json!({})).await;
    assert_eq!(
        (status.as_str(), &body["result"]["resultType"]),
        ("200", &json!("complete"))
    );
    assert_eq!(fixture.get(&id).await["status"], "cancelled");
    fixture.signals.gone.notified().await;
}

#[tokio::test]
async fn headers_and_body_have_to_name_the_same_task() {
    let fixture = start(TaskOptions::default()).await;
    let id = fixture.begin("works").await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = json!({"taskId": id, "inputResponses": {}});
        let headers = [
            named(method, "another"),
            format!("Mcp-Method: {method}\r\n"),
            named("tools/call", &id),
            format!("Mcp-Name: {id}\r\n"),
        ];
        for headers in headers {
            let (status, body) = fixture
                .send(&headers, method, params.clone(), knows_tasks())
                .await;
            assert_eq!(
                (status.as_str(), &body["error"]["code"]),
                ("400", &json!(-32020)),
                "{headers}{body}"
            );
        }
    }
    let call = json!({"name": "works", "arguments": {}});
    let (status, body) = fixture
        .send(&named("tasks/get", "works"), "tools/call", call, knows_tasks())
        .await;
    assert_eq!(
        (status.as_str(), &body["error"]["code"]),
        ("400", &json!(-32020)),
        "{body}"
    );
    assert_eq!(
        fixture.get(&id).await["status"],
        "working",
        "nothing of it had any effect"
    );
}

#[tokio::test]
async fn refusals_have_the_states_of_http_the_protocol_gives_them() {
    let fixture = start(TaskOptions::default()).await;
    let required = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let cases = [
        ("tools/call", "works", json!({"name": "works", "arguments": {}})),
        ("tasks/get", "x", json!({"taskId": "x"})),
        ("tasks/update", "x", json!({"taskId": "x", "inputResponses": {}})),
        ("tasks/cancel", "x", json!({"taskId": "x"})),
    ];
    for (method, name, params) in cases {
        let (status, body) = fixture
            .send(&named(method, name), method, params, json!({}))
            .await;
        assert_eq!(
            (status.as_str(), &body["error"]["code"]),
            ("400", &json!(-32021)),
            "{method}: {body}"
        );
        assert_eq!(
            body["error"]["data"]["requiredCapabilities"], required,
            "{method}"
        );
    }
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let (_, body) = fixture.about(method, "x", json!({"inputResponses": {}})).await;
        assert_eq!(body["error"]["code"], -32602, "{method}: {body}");
    }
    for method in ["tasks/list", "tasks/result"] {
        let (status, body) = fixture.about(method, "x", json!({})).await;
        assert_eq!(
            (status.as_str(), &body["error"]["code"]),
            ("404", &json!(-32601)),
            "{method}: {body}"
        );
    }
}

#[tokio::test]
async fn a_tool_that_can_be_a_task_is_never_answered_directly() {
    let fixture = start(TaskOptions::default()).await;
    assert!(
        !fixture
            .service
            .answers_without_context("plain", &holdall::Principal::local())
    );
    let id = fixture.begin("plain").await;
    fixture.release.send(()).expect("the function waits");
    let task = fixture.get_when(&id, "completed").await;
    assert_eq!(task["result"]["content"][0]["text"], "done");
    // And is an ordinary call for others.
    fixture.release.send(()).expect("the channel is open");
    let call = json!({"name": "plain", "arguments": {}});
    let (_, body) = fixture
        .send(&named("tools/call", "plain"), "tools/call", call, json!({}))
        .await;
    assert_eq!(body["result"]["content"][0]["text"], "done", "{body}");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_time_takes_its_call_with_it() {
    let mut options = TaskOptions::default();
    options.grace = Duration::from_secs(3600);
    let fixture = start(options).await;
    let params = json!({"name": "works", "arguments": {}});
    let call = request(&named("tools/call", "works"), "tools/call", params, knows_tasks());
    let mut stream = TcpStream::connect(fixture.address).await.expect("it listens");
    stream.write_all(call.as_bytes()).await.expect("it reads");
    fixture
        .signals
        .begun
        .acquire()
        .await
        .expect("it is never closed")
        .forget();
    drop(stream);
    fixture.signals.gone.notified().await;
}

#[tokio::test]
async fn progress_before_the_task_and_the_task_come_on_one_stream_that_ends() {
    let fixture = start(TaskOptions::default()).await;
    let params = json!({"name": "works", "arguments": {}});
    let call = request(&named("tools/call", "works"), "tools/call", params, knows_tasks());
    let (head, body) = call.split_once("\r\n\r\n").expect("a head and a body");
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    body["params"]["_meta"]["progressToken"] = "p".into();
    let body = body.to_string();
    let length = format!("Content-Length: {}", body.len());
    let head: Vec<_> = head
        .lines()
        .map(|line| {
            if line.starts_with("Content-Length") {
                length.as_str()
            } else {
                line
            }
        })
        .collect();
    let reply = raw(fixture.address, &format!("{}\r\n\r\n{body}", head.join("\r\n"))).await;
    let events: Vec<Value> = reply
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok())
        .collect();
    let [progress, task] = &events[..] else {
        panic!("{reply}")
    };
    assert_eq!(progress["method"], "notifications/progress");
    assert_eq!(task["result"]["resultType"], "task");
}

/// The next event of a stream.
async fn event(stream: &mut BufReader<TcpStream>) -> Value {
    loop {
        let mut line = String::new();
        let bytes = stream
            .read_line(&mut line)
            .await
            .expect("the connection is whole");
        assert_ne!(bytes, 0, "the server closed the connection");
        if let Some(data) = line.strip_prefix("data:") {
            return serde_json::from_str(data).expect("an event is JSON");
        }
    }
}

#[tokio::test]
async fn a_stream_tells_what_becomes_of_a_task() {
    const LISTEN: &str = "Mcp-Method: subscriptions/listen\r\n";
    let fixture = start(TaskOptions::default()).await;
    let id = fixture.begin("works").await;
    let wanted = json!({"toolsListChanged": true, "taskIds": [id, "never"]});
    let params = json!({"notifications": wanted});
    let listen = request(LISTEN, "subscriptions/listen", params, knows_tasks());
    let mut stream = TcpStream::connect(fixture.address).await.expect("it listens");
    stream.write_all(listen.as_bytes()).await.expect("it reads");
    let mut stream = BufReader::new(stream);
    let acknowledged = event(&mut stream).await;
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({"toolsListChanged": true, "taskIds": [id]}),
        "{acknowledged}"
    );
    let news = event(&mut stream).await;
    assert_eq!(
        (&news["method"], &news["params"]["status"]),
        (&json!("notifications/tasks"), &json!("working")),
        "{news}"
    );
    fixture.signals.go.add_permits(1);
    let news = event(&mut stream).await;
    assert_eq!(news["params"]["status"], "completed", "{news}");
    assert_eq!(news["params"]["result"]["content"][0]["text"], "done");
    let stream_id = &news["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
    assert_eq!(*stream_id, json!(1), "{news}");

    for (capabilities, wanted, code) in [
        (json!({}), json!({"taskIds": [id]}), -32021),
        (knows_tasks(), json!({"taskIds": ["never"]}), -32602),
        (knows_tasks(), json!({"taskIds": 7}), -32602),
        (knows_tasks(), json!([{"taskIds": [id]}]), -32602),
    ] {
        let params = json!({"notifications": wanted});
        let sent = fixture.send(LISTEN, "subscriptions/listen", params, capabilities);
        let (_, body) = sent.await;
        assert_eq!(body["error"]["code"], code, "{wanted}: {body}");
    }
}

#[tokio::test]
async fn the_body_of_a_request_for_a_stream_is_bounded_like_any_other() {
    const LISTEN: &str = "Mcp-Method: subscriptions/listen\r\n";
    let service = Server::new("test")
        .tasks(TaskOptions::default())
        .build()
        .expect("the server is right");
    let mut config = HttpConfig::default();
    config.body_bytes_max = 2000;
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, config)
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    for (bytes, state) in [(1, "400 "), (2000, "413 ")] {
        let params = json!({"notifications": {"taskIds": ["x".repeat(bytes)]}});
        let listen = request(LISTEN, "subscriptions/listen", params, json!({}));
        let reply = raw(address, &listen).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {state}")), "{reply}");
    }
    // Nor is it JSON because it names tasks.
    let listen = request(LISTEN, "subscriptions/listen", json!({"a": "taskIds"}), json!({}));
    let broken = listen.replace("\"taskIds\"", "\"taskIds\\ ");
    let reply = raw(address, &broken).await;
    assert!(!reply.starts_with("HTTP/1.1 200"), "{reply}");
}
