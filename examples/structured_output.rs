//! A tool that returns `Json<T>` tells clients the schema of its result, and answers with data instead of prose.
//!
//! Run it with `cargo run -p examples --bin structured_output`.

use holdall::prelude::*;
use serde::Serialize;

/// What is known about a text.
#[derive(Serialize, JsonSchema)]
struct Statistics {
    /// How many words it has.
    words: usize,
    /// How many lines it has.
    lines: usize,
    /// The longest word; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    longest: Option<String>,
}

/// Count the words and lines of a text.
#[tool(read_only)]
fn measure_text(
    /// The text.
    text: &str,
) -> Json<Statistics> {
    let longest = text.split_whitespace().max_by_key(|word| word.chars().count());
    Json(Statistics {
        words: text.split_whitespace().count(),
        lines: text.lines().count(),
        longest: longest.map(str::to_owned),
    })
}

pub(crate) fn server() -> Server {
    Server::new("structured_output").add(tools![measure_text])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
