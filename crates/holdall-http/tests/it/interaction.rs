//! Functions that ask, over HTTP: the official SDK's client answers, in sessions and without.

use holdall::prelude::*;
use holdall_http::{HttpConfig, HttpServer};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
    ElicitationAction, ProtocolVersion,
};
use rmcp::service::RequestContext;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{raw, stateless};

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Greet whoever is there.
#[tool]
async fn greet_user(ctx: Context) -> CallResult<String> {
    let Name { name } = ctx.elicit("What is your name?").await?.required()?;
    Ok(format!("Hello, {name}!"))
}

/// Greet whoever is there, from a thread that may block.
#[tool]
fn greet_user_blocking(ctx: &Context) -> CallResult<String> {
    let Name { name } = ctx.wait(ctx.elicit("What is your name?"))?.required()?;
    Ok(format!("Hello, {name}!"))
}

/// A person who answers every form with their name.
struct Alice;

impl ClientHandler for Alice {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.capabilities = ClientCapabilities::builder().enable_elicitation().build();
        config
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        assert!(matches!(
            request,
            ElicitRequestParams::FormElicitationParams { .. }
        ));
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"name": "Alice"})))
    }
}

async fn start() -> std::net::SocketAddr {
    let server = Server::new("asking").add(tools![greet_user, greet_user_blocking]);
    let service = server.build().expect("the server is right");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into(), service, HttpConfig::default())
        .await
        .expect("a free port");
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

#[tokio::test]
async fn people_are_asked_in_sessions_and_without() {
    let address = start().await;
    let stateless = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    for lifecycle in [ClientLifecycleMode::Initialize, stateless] {
        let transport = StreamableHttpClientTransport::from_uri(format!("http://{address}/mcp"));
        let client = Alice.serve_with_lifecycle(transport, lifecycle).await;
        let client = client.expect("the handshake succeeds");
        for tool in ["greet_user", "greet_user_blocking"] {
            let result = client.call_tool(CallToolRequestParams::new(tool)).await;
            let result = serde_json::to_value(result.expect("the tool exists")).expect("JSON");
            assert_eq!(result["content"][0]["text"], "Hello, Alice!", "{result}");
        }
        client.cancel().await.expect("it ends");
    }
}

fn in_session(session: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n{session}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Reads until `text` has come.
async fn read_to(stream: &mut TcpStream, text: &str) -> String {
    let (mut read, mut buffer) = (String::new(), [0; 4096]);
    while !read.contains(text) {
        let bytes = stream.read(&mut buffer).await.expect("it writes");
        assert!(bytes > 0, "no {text} in {read}");
        read.push_str(std::str::from_utf8(&buffer[..bytes]).expect("UTF-8"));
    }
    read
}

#[tokio::test]
async fn a_question_comes_on_the_stream_of_its_call() {
    let address = start().await;
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "t", "version": "0"},
    }});
    let reply = raw(address, &in_session("", &hello)).await;
    let session = reply
        .lines()
        .find(|line| line.to_lowercase().starts_with("mcp-session-id:"));
    let session = format!("{}\r\n", session.expect("a session"));
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    raw(address, &in_session(&session, &ready)).await;
    // Nobody listens on any other stream.
    for (id, tool) in [(2, "greet_user"), (3, "greet_user_blocking")] {
        let params = json!({"name": tool, "arguments": {}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = in_session(&session, &call);
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let asked = read_to(&mut stream, "requestedSchema").await;
        let event = asked.lines().find(|line| line.contains("elicitation/create"));
        let event = event
            .and_then(|line| line.strip_prefix("data:"))
            .expect("an event");
        let question: Value = serde_json::from_str(event.trim()).expect("JSON");
        let result = json!({"action": "accept", "content": {"name": "Alice"}});
        let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": result});
        raw(address, &in_session(&session, &answer)).await;
        read_to(&mut stream, "Hello, Alice!").await;
    }
}

/// Status and body of a reply.
fn parsed(reply: &str) -> (&str, Value) {
    let (head, body) = reply.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    (status, serde_json::from_str(body).expect("a JSON body"))
}

#[tokio::test]
async fn what_the_client_lacks_is_an_error_of_the_protocol() {
    let address = start().await;
    let call = json!({"name": "greet_user", "arguments": {}});
    let reply = raw(address, &stateless("tools/call", "greet_user", call)).await;
    let (status, body) = parsed(&reply);
    assert_eq!(status, "400");
    assert_eq!(body["error"]["code"], -32021);
    assert_eq!(
        body["error"]["data"]["requiredCapabilities"],
        json!({"elicitation": {}})
    );
}

#[tokio::test]
async fn a_state_that_is_not_ours_gets_no_result_even_where_nothing_is_asked() {
    let address = crate::start(HttpConfig::default()).await;
    let call = json!({"name": "greet", "arguments": {"name": "Ada"}, "requestState": "made up"});
    let reply = raw(address, &stateless("tools/call", "greet", call)).await;
    let (_, body) = parsed(&reply);
    assert_eq!(body["error"]["code"], -32602, "{body}");
}
