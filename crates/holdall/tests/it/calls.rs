//! Tools: schemas from signatures, results from return types, and everything that can go wrong in a call.

use std::time::Duration;

use holdall::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::connect;

/// Greet a person by name.
#[tool]
fn say_hello(
    /// Who to greet.
    name: String,
) -> String {
    format!("Hello, {name}!")
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// Newest first.
    Newest,
    Oldest,
}

#[derive(Deserialize, JsonSchema)]
struct Range {
    /// First day.
    since: Option<String>,
    until: Option<String>,
}

/// Search things.
///
/// Use it for everything.
#[tool(
    name = "search.things",
    title = "Search",
    read_only,
    open_world = false,
    tags("a", "b"),
    timeout = "2s"
)]
async fn search(
    query: &str,
    /// How many.
    #[arg(default = 10, range = 1..=50)]
    limit: u32,
    #[arg(length = 1..=3)] tags: Option<Vec<String>>,
    order: Option<Order>,
    range: Option<Range>,
    r#type: Option<bool>,
) -> String {
    let order = order.map_or("-", |order| match order {
        Order::Newest => "newest",
        Order::Oldest => "oldest",
    });
    let range = range.map(|range| format!("{:?}..{:?}", range.since, range.until));
    format!("{query} {limit} {tags:?} {order} {range:?} {type:?}")
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    /// The sum.
    total: i64,
}

/// Add numbers.
#[tool]
fn add(numbers: Vec<i64>) -> Json<Sum> {
    Json(Sum {
        total: numbers.iter().sum(),
    })
}

/// List words.
#[tool]
fn words(text: String) -> Json<Vec<String>> {
    Json(text.split_whitespace().map(str::to_owned).collect())
}

#[tool]
fn fails_with_text() -> Result<String, String> {
    Err("the moon is in the wrong phase".into())
}

#[tool]
fn fails_inside() -> Result<String, std::io::Error> {
    Err(std::io::Error::other("/secret/path is broken"))
}

#[tool]
async fn panics() -> String {
    panic!("a secret detail")
}

#[tool]
fn panics_blocking() -> String {
    panic!("a secret detail")
}

#[tool(timeout = "20ms")]
async fn hangs() {
    std::future::pending::<()>().await;
}

#[tool(max_result_bytes = 10)]
fn too_much() -> String {
    "x".repeat(11)
}

struct Prefix(&'static str);

#[tool]
fn with_state(prefix: State<Prefix>, ctx: &Context, word: &str) -> String {
    format!("{}{word} {}", prefix.0, ctx.protocol_version().is_some())
}

fn server() -> Server {
    Server::new("test").state(Prefix(">")).add(tools![
        say_hello,
        search,
        add,
        words,
        fails_with_text,
        fails_inside,
        panics,
        panics_blocking,
        hangs,
        too_much,
        with_state,
    ])
}

#[test]
fn functions_stay_functions() {
    assert_eq!(say_hello("Ada".into()), "Hello, Ada!");
    assert_eq!(add(vec![1, 2]).0.total, 3);
}

#[tokio::test]
async fn the_listing_is_the_signature() {
    let client = connect(server()).await;
    let tools = client.0.list_all_tools().await.expect("tools are listed");
    let shown: Vec<_> = tools.iter().take(4).collect();
    insta::assert_json_snapshot!(shown);
}

#[tokio::test]
async fn arguments_arrive_typed() {
    let client = connect(server()).await;
    assert_eq!(
        client.call("say_hello", json!({"name": "Ada"})).await,
        Ok("Hello, Ada!".into())
    );
    let arguments = json!({"query": "q", "limit": "3", "tags": ["x"], "order": "newest", "range": {"since": "now"}, "type": true});
    let text = client.call("search.things", arguments).await;
    assert_eq!(
        text,
        Ok("q 3 Some([\"x\"]) newest Some(\"Some(\\\"now\\\")..None\") Some(true)".into())
    );
    let text = client
        .call("search.things", json!({"query": "q", "order": null}))
        .await;
    assert_eq!(text, Ok("q 10 None - None None".into()));
}

#[tokio::test]
async fn every_wrong_argument_is_named_in_one_reply() {
    let client = connect(server()).await;
    let arguments =
        json!({"querry": "q", "limit": 99, "tags": [], "order": "sideways", "range": {"since": 5}});
    insta::assert_snapshot!(client.call("search.things", arguments).await.unwrap_err());
}

#[tokio::test]
async fn structured_results_carry_schema_and_text() {
    let client = connect(server()).await;
    let sum = client
        .try_call("add", json!({"numbers": [1, 2, 3]}))
        .await
        .expect("the tool exists");
    assert_eq!(sum.structured_content, Some(json!({"total": 6})));
    let words = client
        .try_call("words", json!({"text": "a b"}))
        .await
        .expect("the tool exists");
    assert_eq!(words.structured_content, Some(json!({"result": ["a", "b"]})));
}

#[tokio::test]
async fn errors_say_what_their_author_wrote_and_nothing_else() {
    let client = connect(server()).await;
    let text = client.call("fails_with_text", json!({})).await;
    assert_eq!(text, Err("failed: the moon is in the wrong phase".into()));
    for name in ["fails_inside", "panics", "panics_blocking"] {
        let text = client.call(name, json!({})).await.unwrap_err();
        assert_eq!(
            text, "internal: the server failed; its log has the details",
            "{name}"
        );
    }
    // The panics were contained: the server still answers.
    assert!(client.call("say_hello", json!({"name": "Ada"})).await.is_ok());
}

#[tokio::test]
async fn errors_are_structured_for_programs() {
    let client = connect(server()).await;
    let result = client
        .try_call("say_hello", json!({"nam": "Ada"}))
        .await
        .expect("the tool exists");
    let meta = serde_json::to_value(result.meta).expect("meta is JSON");
    insta::assert_json_snapshot!(meta);
}

#[tokio::test]
async fn a_call_that_hangs_times_out() {
    let client = connect(server()).await;
    let text = client.call("hangs", json!({})).await.unwrap_err();
    assert!(
        text.starts_with("timed_out: `hangs` did not finish within 20ms"),
        "{text}"
    );
}

#[tokio::test]
async fn a_result_over_its_cap_becomes_an_error() {
    let client = connect(server()).await;
    let text = client.call("too_much", json!({})).await.unwrap_err();
    assert!(
        text.starts_with("too_large: the result of `too_much` has 11 bytes, more than the 10 allowed"),
        "{text}"
    );
}

#[tokio::test]
async fn state_and_context_are_parameters() {
    let client = connect(server()).await;
    assert_eq!(
        client.call("with_state", json!({"word": "w"})).await,
        Ok(">w true".into())
    );
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_with_a_suggestion() {
    let client = connect(server()).await;
    let error = client
        .try_call("say_helo", json!({}))
        .await
        .expect_err("there is no such tool")
        .to_string();
    assert!(
        error.contains("-32602") && error.contains("did you mean `say_hello`?"),
        "{error}"
    );
}

#[tokio::test]
async fn cancelling_drops_the_call() {
    use std::sync::Arc;
    use tokio::sync::Notify;

    struct Signals {
        started: Arc<Notify>,
        dropped: Arc<Notify>,
    }
    struct OnDrop(Arc<Notify>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    #[tool]
    async fn waits(signals: State<Signals>) -> String {
        let _guard = OnDrop(Arc::clone(&signals.dropped));
        signals.started.notify_one();
        std::future::pending().await
    }

    let (started, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = Signals {
        started: Arc::clone(&started),
        dropped: Arc::clone(&dropped),
    };
    let client = connect(Server::new("test").state(signals).add(tools![waits])).await;
    let request = rmcp::model::CallToolRequest::new(rmcp::model::CallToolRequestParams::new("waits"));
    let handle = client
        .0
        .send_cancellable_request(request.into(), rmcp::service::PeerRequestOptions::no_options())
        .await
        .expect("the request is sent");
    started.notified().await;
    handle
        .cancel(Some("changed my mind".into()))
        .await
        .expect("the cancellation is sent");
    tokio::time::timeout(Duration::from_secs(10), dropped.notified())
        .await
        .expect("the call was dropped");
}
