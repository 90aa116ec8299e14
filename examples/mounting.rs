//! Two servers become one: each keeps its own state, its names get a prefix. Tags choose what is offered at all, scopes
//! who may use it.
//!
//! Run it with `cargo run -p examples --bin mounting`.

use holdall::prelude::*;

/// Find a book.
#[tool(read_only)]
fn search(
    /// A word of the title.
    word: &str,
) -> String {
    format!("no book about {word}")
}

// Callers without the scope neither see this tool nor can call it.
/// Throw a book away.
#[tool(destructive, scopes("books:write"))]
fn discard(title: &str) -> String {
    format!("{title} is gone")
}

// The tag lets a server leave it out.
/// Show what is kept in memory.
#[tool(read_only, tags("debug"))]
fn inspect() -> &'static str {
    "nothing"
}

/// The opening hours of the library.
#[resource("library://hours")]
fn hours() -> &'static str {
    "9:00 to 18:00"
}

fn library() -> Server {
    Server::new("library")
        .add(tools![search, discard, inspect])
        .add(resources![hours])
}

/// Report the weather.
#[tool(read_only)]
fn forecast(city: &str) -> String {
    format!("it will rain in {city}")
}

fn weather() -> Server {
    Server::new("weather").add(tools![forecast])
}

pub(crate) fn server() -> Server {
    Server::new("mounting")
        .mount("books", library())
        .mount("weather", weather())
        .without_tags(["debug"])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
