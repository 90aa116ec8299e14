//! The tools, with Holdall.

use holdall::Service;
use holdall::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What comes first.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Newest,
    Oldest,
}

impl Order {
    fn word(&self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }
}

/// What was found.
#[derive(Serialize, JsonSchema)]
struct Tally {
    count: u32,
    order: String,
    tags: Vec<String>,
}

/// Greet a person by name.
#[tool]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Greet a person by name.
#[tool]
fn greet_blocking(name: String) -> String {
    format!("Hello, {name}!")
}

/// Find notes.
#[tool]
async fn find(
    /// What to look for.
    #[arg(length = 1..=200)]
    query: String,
    /// How many.
    #[arg(range = 1..=50)]
    limit: u32,
    /// What comes first.
    order: Order,
    /// First day.
    #[arg(pattern = r"^\d{4}-\d\d-\d\d$")]
    since: String,
    /// Tags, all of them.
    tags: Vec<String>,
) -> String {
    let order = order.word();
    format!(
        "{limit} {order} of `{query}` since {since} with {} tags",
        tags.len()
    )
}

/// Count notes.
#[tool]
async fn tally(
    /// What to look for.
    #[arg(length = 1..=200)]
    query: String,
    /// How many.
    #[arg(range = 1..=50)]
    limit: u32,
    /// What comes first.
    order: Order,
    /// First day.
    #[arg(pattern = r"^\d{4}-\d\d-\d\d$")]
    since: String,
    /// Tags, all of them.
    tags: Vec<String>,
) -> Json<Tally> {
    let count = limit + (query.len() + since.len()) as u32;
    let order = order.word().to_owned();
    Json(Tally { count, order, tags })
}

/// Sell what is not there.
#[tool]
async fn refuse(name: String) -> CallResult<String> {
    Err(CallError::failed(format!("{name} is out of stock")))
}

pub(super) fn service() -> Service {
    Server::new("bench")
        .add(tools![greet, greet_blocking, find, tally, refuse])
        .build()
        .expect("the server is right")
}
