//! Arguments: what the options of `#[arg]` and the types of parameters promise, and that it is kept.

use std::collections::BTreeMap;

use holdall::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::client::{Client, connect};

/// How to sort.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
}

/// A shape.
#[derive(Debug, Deserialize, JsonSchema)]
#[allow(dead_code, reason = "only its text is looked at")]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Circle { radius: f64 },
    Square { side: u8 },
}

/// Where and when.
#[derive(Debug, Deserialize, JsonSchema)]
struct Filter {
    /// First day.
    #[schemars(regex(pattern = r"^\d{4}-\d\d-\d\d$"))]
    since: String,
    /// Last day.
    until: Option<String>,
    /// Tags, all of them.
    #[serde(default)]
    tags: Vec<String>,
    inner: Option<Box<Filter>>,
}

/// Every kind of argument.
#[tool]
#[allow(clippy::too_many_arguments, reason = "it shows them all")]
fn all(
    /// Some text.
    #[arg(length = 2..=5, pattern = "^[a-z]+$", examples = ["abc"])]
    text: &str,
    #[arg(description = "Between.", range = -3..10)] number: i64,
    #[arg(range = 0.5.., default = 1)] ratio: f64,
    #[arg(default = true)] flag: bool,
    #[arg(one_of = [1, 2, 3], default = 2)] choice: u8,
    #[arg(format = "date")] day: Option<String>,
    #[arg(length = 1..=2, unique, default = ["a"])] tags: Vec<String>,
    #[arg(name = "sort_by", default = "newest")] order: Order,
    shape: Option<Shape>,
    pair: Option<(u8, String)>,
    counts: Option<BTreeMap<String, u8>>,
    filter: Option<Filter>,
    note: Option<&str>,
    #[arg(header = "Region")] region: Option<&str>,
    _unused: Option<char>,
) -> String {
    format!(
        "{text} {number} {ratio} {flag} {choice} {day:?} {tags:?} {order:?} {shape:?} {pair:?} {counts:?} {:?} {note:?} {region:?}",
        filter.map(|filter| (filter.since, filter.until, filter.tags, filter.inner.is_some()))
    )
}

/// What to look for, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// What to look for.
    query: String,
    /// How many.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: u32,
    filter: Option<Filter>,
}

fn ten() -> u32 {
    10
}

/// A struct is all arguments.
#[tool]
fn flat(#[arg(flatten)] Search { query, limit, filter }: Search) -> String {
    format!("{query} {limit} {}", filter.is_some())
}

/// A struct beside others.
#[tool]
async fn beside(_: &Context, #[arg(flatten)] search: Search, verbose: bool, more: Filter) -> String {
    format!("{search:?} {verbose} {}", more.since)
}

/// Rules that only the types know.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "u8")]
#[schemars(with = "u8")]
struct Even(u8);

impl TryFrom<u8> for Even {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        if number.is_multiple_of(2) {
            Ok(Self(number))
        } else {
            Err(format!("{number} is odd"))
        }
    }
}

#[tool]
fn evens(a: Even, b: Even, c: Option<Even>) -> String {
    format!("{} {} {:?}", a.0, b.0, c)
}

/// The caller's, though it is called as ours.
#[derive(Deserialize, JsonSchema)]
struct Context2 {
    a: u8,
}

mod theirs {
    pub(super) use super::Context2 as Context;
}

#[tool]
fn same_name(#[arg] context: theirs::Context) -> u8 {
    context.a
}

async fn client() -> Client {
    connect(Server::new("test").add(tools![all, flat, beside, evens, same_name])).await
}

#[tokio::test]
async fn schemas_say_everything_that_is_enforced() {
    let tools = client().await.0.list_all_tools().await.expect("tools are listed");
    let schemas: Vec<_> = tools.iter().take(3).map(|tool| &tool.input_schema).collect();
    insta::assert_json_snapshot!(schemas);
}

#[tokio::test]
async fn arguments_arrive_as_they_were_meant() {
    let client = client().await;
    let least = json!({"text": "abc", "number": 0});
    assert_eq!(
        client.call("all", least).await,
        Ok("abc 0 1 true 2 None [\"a\"] Newest None None None None None None".into())
    );
    let most = json!({
        "text": "abc", "number": "9", "ratio": "0.5", "flag": "FALSE", "choice": 3.0, "day": "2026-01-31",
        "tags": "[\"x\",\"y\"]", "sort_by": "oldest", "shape": {"kind": "square", "side": "3"}, "pair": ["1", "2"],
        "counts": {"a": "1"}, "filter": {"since": "2026-01-01", "until": null, "inner": {"since": "2026-01-02"}},
        "note": "n", "region": "eu", "unused": "u"
    });
    assert_eq!(
        client.call("all", most).await,
        Ok(
            "abc 9 0.5 false 3 Some(\"2026-01-31\") [\"x\", \"y\"] Oldest Some(Square { side: 3 }) \
            Some((1, \"2\")) Some({\"a\": 1}) Some((\"2026-01-01\", None, [], true)) Some(\"n\") Some(\"eu\")"
                .into()
        )
    );
}

#[tokio::test]
async fn every_broken_promise_is_named() {
    let error = client()
        .await
        .call(
            "all",
            json!({
                "text": "A", "number": 10, "ratio": 0.1, "flag": "maybe", "choice": 4, "day": "tomorrow",
                "tags": ["a", "a", "a"], "sort_by": "newst", "shape": {"kind": "square", "side": 256},
                "pair": [1], "counts": {"a": -1}, "filter": {"sinse": "x"}, "colour": "red"
            }),
        )
        .await
        .unwrap_err();
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn structs_are_taken_apart() {
    let client = client().await;
    assert_eq!(
        client.call("flat", json!({"query": "q"})).await,
        Ok("q 10 false".into())
    );
    let arguments = json!({"query": "q", "limit": 3, "verbose": true, "more": {"since": "2026-01-01"}});
    assert_eq!(
        client.call("beside", arguments).await,
        Ok("Search { query: \"q\", limit: 3, filter: None } true 2026-01-01".into())
    );
    let error = client
        .call("beside", json!({"limit": 99, "verbos": true}))
        .await
        .unwrap_err();
    for expected in [
        "/query: is required (string: What to look for.)",
        "/limit: expected 50 or less, got 99",
        "did you mean `verbose`?",
        "/more: is required",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn rules_of_the_types_are_all_reported() {
    let client = client().await;
    assert_eq!(
        client.call("evens", json!({"a": 2, "b": 4})).await,
        Ok("2 4 None".into())
    );
    let error = client
        .call("evens", json!({"a": 1, "b": 3, "c": 5}))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        "invalid_arguments: 3 problems with the arguments\n\
         - /a: does not fit: 1 is odd\n\
         - /b: does not fit: 3 is odd\n\
         - /c: does not fit: 5 is odd"
    );
}

#[tokio::test]
async fn a_type_called_context_can_be_an_argument() {
    let client = client().await;
    assert_eq!(
        client.call("same_name", json!({"context": {"a": 7}})).await,
        Ok("7".into())
    );
}

#[test]
fn the_functions_are_still_functions() {
    let search = Search {
        query: "q".into(),
        limit: 1,
        filter: None,
    };
    assert_eq!(flat(search), "q 1 false");
}
