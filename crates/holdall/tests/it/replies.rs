//! Replies: what becomes of every type a function may return, and of every error.

use std::borrow::Cow;

use holdall::prelude::*;
use holdall::protocol::{CallToolResult, ContentBlock, PromptMessage, ServiceExt};
use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{Client, connect};

#[derive(Serialize, JsonSchema)]
struct Weather {
    /// Degrees.
    temperature: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    wind: Option<u8>,
}

fn weather() -> Weather {
    Weather {
        temperature: 21.5,
        warnings: Vec::new(),
        wind: None,
    }
}

#[tool]
fn text() -> String {
    "text".into()
}
#[tool]
fn borrowed() -> &'static str {
    "text"
}
#[tool]
fn cow() -> Cow<'static, str> {
    "text".into()
}
#[tool]
fn number() -> f64 {
    1.5
}
#[tool]
fn truth() -> bool {
    true
}
#[tool]
fn nothing() {}
#[tool]
fn none() -> Option<String> {
    None
}
#[tool]
fn some() -> Option<u8> {
    Some(1)
}
#[tool]
fn data() -> Json<Weather> {
    Json(weather())
}
#[tool]
fn data_with_text() -> holdall::JsonWithText<Weather> {
    Json(weather()).with_text("mild")
}
#[tool]
fn list() -> Json<Vec<u8>> {
    Json(vec![1, 2])
}
#[tool]
fn no_data() -> Option<Json<Weather>> {
    None
}
#[tool]
fn some_data() -> CallResult<Option<Json<u8>>> {
    Ok(Some(Json(1)))
}
#[tool]
fn image() -> Image {
    Image::png(*b"png")
}
#[tool]
fn audio() -> Audio {
    Audio::wav(*b"wav")
}
#[tool]
fn embedded() -> Embedded {
    Embedded::text("file:///a.md", "# A").mime_type("text/markdown")
}
#[tool]
fn link() -> Link {
    Link::new("file:///b.md", "b")
        .title("B")
        .mime_type("text/markdown")
        .size(3)
}
#[tool]
fn mixed() -> (&'static str, Image, Embedded) {
    ("look", Image::jpeg(*b"jpg"), Embedded::blob("file:///c", b"\0"))
}
#[tool]
fn several() -> Vec<Content> {
    vec![
        Content::new("for you").for_user().priority(7.0),
        Content::new(Link::new("a://b", "b"))
            .for_assistant()
            .for_user()
            .last_modified("2026-01-31T12:30:00Z")
            .meta("com.example/a", 1),
    ]
}
#[tool]
fn as_it_is() -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text("made by hand")])
}

fn tools() -> Server {
    Server::new("test").add(tools![
        text,
        borrowed,
        cow,
        number,
        truth,
        nothing,
        none,
        some,
        data,
        data_with_text,
        list,
        no_data,
        some_data,
        image,
        audio,
        embedded,
        link,
        mixed,
        several,
        as_it_is,
    ])
}

#[tokio::test]
async fn every_return_type_has_its_reply() {
    let client = connect(tools()).await;
    let mut replies = serde_json::Map::new();
    for tool in client.0.list_all_tools().await.expect("tools are listed") {
        let result = client
            .try_call(&tool.name, json!({}))
            .await
            .expect("the tool exists");
        let schema = serde_json::to_value(&tool.output_schema).expect("schemas are JSON");
        let mut reply = serde_json::to_value(result).expect("results are JSON");
        if schema != Value::Null {
            reply["its schema"] = schema;
        }
        replies.insert(tool.name.to_string(), reply);
    }
    insta::assert_json_snapshot!(replies);
}

#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error("cannot open /var/secret/db")]
    Open(#[source] std::io::Error),
}

struct Shown(&'static str);

impl From<Shown> for CallError {
    fn from(shown: Shown) -> Self {
        Self::new(ErrorKind::Conflict, shown.0).hint("try again")
    }
}

#[tool]
fn fails_with_call_error() -> CallResult<()> {
    Err(CallError::not_found("no such book"))
}
#[tool]
fn fails_with_text() -> Result<(), String> {
    Err("the moon is wrong".into())
}
#[tool]
fn fails_with_str() -> Result<Json<u8>, &'static str> {
    Err("the moon is wrong")
}
#[tool]
fn fails_with_conversion() -> Result<(), Shown> {
    Err(Shown("taken"))
}
#[tool]
fn fails_with_thiserror() -> Result<(), StoreError> {
    Err(StoreError::Open(std::io::Error::other("secret")))
}
#[tool]
fn fails_with_anyhow() -> anyhow::Result<String> {
    Err(anyhow::anyhow!("secret").context("cannot read /var/secret/db"))
}
#[tool]
fn fails_with_box() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Err("secret".into())
}
#[tool]
fn fails_on_the_way() -> CallResult<u8> {
    Ok("secret".parse::<u8>()?)
}
#[tool]
fn fails_with_a_cause() -> CallResult<()> {
    let error = std::io::Error::other("secret");
    Err(CallError::failed("the disk is full")
        .caused_by(error)
        .hint("delete something"))
}

fn failing() -> Server {
    Server::new("test").add(tools![
        fails_with_call_error,
        fails_with_text,
        fails_with_str,
        fails_with_conversion,
        fails_with_thiserror,
        fails_with_anyhow,
        fails_with_box,
        fails_on_the_way,
        fails_with_a_cause,
    ])
}

#[tokio::test]
async fn internals_of_errors_never_cross_the_wire() {
    let client = connect(failing()).await;
    let mut replies = Vec::new();
    for tool in client.0.list_all_tools().await.expect("tools are listed") {
        let result = client
            .try_call(&tool.name, json!({}))
            .await
            .expect("the tool exists");
        let whole = serde_json::to_string(&result).expect("results are JSON");
        assert!(!whole.contains("secret"), "{whole}");
        assert_eq!(result.is_error, Some(true), "{}", tool.name);
        let text = result.content[0].as_text().expect("errors are text").text.clone();
        replies.push(format!("{}: {text}", tool.name));
    }
    insta::assert_snapshot!(replies.join("\n"));
}

/// Says that it returns an integer, and does not.
#[derive(Serialize, JsonSchema)]
struct Liar {
    #[schemars(with = "u8")]
    count: &'static str,
}

#[tool]
async fn lies() -> Json<Liar> {
    Json(Liar { count: "a secret" })
}

#[tool]
fn lies_blocking() -> Json<Liar> {
    Json(Liar { count: "a secret" })
}

#[tokio::test]
async fn a_result_that_breaks_its_own_schema_is_a_fault_of_the_server() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]});
    let schema = schema.as_object().cloned().expect("an object");
    let without = Tool::new("without")
        .output_schema(schema.clone())
        .blocking_handler(|_| Ok("only text"));
    let failing = Tool::new("failing")
        .output_schema(schema)
        .blocking_handler(|_| Err::<String, _>(CallError::not_found("nothing there")));
    let server = Server::new("test")
        .add(tools![lies, lies_blocking])
        .add([without, failing]);
    let client = connect(server).await;
    for name in ["lies", "lies_blocking", "without"] {
        let error = client.call(name, json!({})).await.unwrap_err();
        assert_eq!(
            error, "internal: the server failed; its log has the details",
            "{name}"
        );
    }
    // An error needs no structured content.
    let error = client.call("failing", json!({})).await.unwrap_err();
    assert_eq!(error, "not_found: nothing there");
}

/// Counts.
#[tool]
async fn counts(ctx: Context, to: u8) -> u8 {
    for n in 1..=to {
        ctx.progress(n, to, format!("{n} of {to}")).await;
    }
    to
}

/// Hears of progress.
struct Listener(tokio::sync::mpsc::UnboundedSender<String>);

impl rmcp::ClientHandler for Listener {
    async fn on_progress(
        &self,
        progress: rmcp::model::ProgressNotificationParam,
        _: rmcp::service::NotificationContext<rmcp::RoleClient>,
    ) {
        let message = progress.message.unwrap_or_default();
        self.0
            .send(format!("{} {message}", progress.progress))
            .expect("the test listens");
    }
}

#[tokio::test]
async fn progress_is_told_before_the_reply() {
    let service = Server::new("test")
        .add(tools![counts])
        .build()
        .expect("the server is right");
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let running = service.serve(far).await.expect("the handshake succeeds");
        running.waiting().await.expect("the server ends with its client");
    });
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let client = Listener(told).serve(near).await.expect("the handshake succeeds");
    let arguments = json!({"to": 3}).as_object().cloned().expect("an object");
    let request = rmcp::model::CallToolRequestParams::new("counts").with_arguments(arguments);
    let result = client.call_tool(request).await.expect("the tool exists");
    assert_eq!(
        result.content[0].as_text().map(|text| text.text.as_str()),
        Some("3")
    );
    for expected in ["1 1 of 3", "2 2 of 3", "3 3 of 3"] {
        assert_eq!(heard.recv().await.as_deref(), Some(expected));
    }
}

#[prompt]
fn one() -> &'static str {
    "one"
}
#[prompt]
fn message() -> PromptMessage {
    user(Image::png(*b"png"))
}
#[prompt]
fn turns() -> [PromptMessage; 2] {
    [user("ask"), assistant("answer")]
}
/// What it is about.
#[prompt]
fn conversation(topic: &str) -> Result<Conversation, String> {
    if topic.is_empty() {
        return Err("there is nothing to talk about".into());
    }
    Ok(Conversation::new()
        .description(format!("About {topic}"))
        .user(Embedded::text("file:///a", "A"))
        .user(Link::new("file:///b", "b"))
        .assistant(Audio::mp3(*b"mp3"))
        .assistant(Content::new("fine").for_user()))
}

#[tokio::test]
async fn prompts_speak_in_turns_and_show_things() {
    let client = connect(Server::new("test").add(prompts![one, message, turns, conversation])).await;
    let get = async |name: &str, arguments: Value| {
        let arguments = arguments.as_object().cloned().expect("an object");
        let request = GetPromptRequestParams::new(name).with_arguments(arguments);
        client.0.get_prompt(request).await
    };
    let mut replies = Vec::new();
    for (name, arguments) in [
        ("one", json!({})),
        ("message", json!({})),
        ("turns", json!({})),
        ("conversation", json!({"topic": "Rust"})),
    ] {
        replies.push(get(name, arguments).await.expect("it exists"));
    }
    insta::assert_json_snapshot!(replies);
    let error = get("conversation", json!({"topic": ""}))
        .await
        .expect_err("it fails");
    assert!(
        error
            .to_string()
            .contains("failed: there is nothing to talk about"),
        "{error}"
    );
}

#[resource("r://text")]
fn r_text() -> String {
    "text".into()
}
#[resource("r://json")]
fn r_json() -> Json<Vec<u8>> {
    Json(vec![1])
}
#[resource("r://bytes", mime_type = "application/zip")]
fn r_bytes() -> Vec<u8> {
    vec![1, 2]
}
#[resource("r://static")]
fn r_static() -> &'static [u8] {
    b"static"
}
#[resource("r://array")]
fn r_array() -> &'static [u8; 3] {
    b"abc"
}
#[resource("r://image", mime_type = "image/png")]
fn r_image() -> Image {
    Image::jpeg(*b"jpg")
}
#[resource("r://several")]
fn r_several() -> Vec<Embedded> {
    vec![
        Embedded::text("r://several/1", "one").mime_type("text/markdown"),
        Embedded::blob("r://several/2", b"two"),
    ]
}
#[resource("r://maybe/{there}")]
fn r_maybe(there: bool) -> Option<&'static str> {
    there.then_some("here")
}
#[resource("r://missing")]
async fn r_missing() -> CallResult<String> {
    Err(CallError::not_found("it has gone"))
}
#[resource("r://broken")]
fn r_broken() -> anyhow::Result<String> {
    Err(anyhow::anyhow!("secret"))
}

async fn read(client: &Client, uri: &str) -> Value {
    match client.0.read_resource(ReadResourceRequestParams::new(uri)).await {
        Ok(result) => serde_json::to_value(result.contents).expect("results are JSON"),
        Err(rmcp::ServiceError::McpError(error)) => serde_json::to_value(error).expect("errors are JSON"),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn resources_say_what_they_contain() {
    let client = connect(Server::new("test").add(resources![
        r_text, r_json, r_bytes, r_static, r_array, r_image, r_several, r_maybe, r_missing, r_broken
    ]))
    .await;
    let mut replies = Vec::new();
    for uri in [
        "r://text",
        "r://json",
        "r://bytes",
        "r://static",
        "r://array",
        "r://image",
        "r://several",
        "r://maybe/true",
        "r://maybe/false",
        "r://missing",
        "r://broken",
    ] {
        replies.push(json!([uri, read(&client, uri).await]));
    }
    insta::assert_json_snapshot!(replies);
}
