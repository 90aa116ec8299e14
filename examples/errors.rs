//! Errors are written for the model that made the call: a kind, what failed, what to do next. What you did not write
//! for it goes to the log and never over the wire.
//!
//! Run it with `cargo run -p examples --bin errors`.

use holdall::prelude::*;

const BOOKS: [(u32, &str); 2] = [(1, "Emma"), (2, "Ulysses")];

// A `CallError` has a kind, a message and a hint.
/// Find a book by its number.
#[tool(read_only)]
fn find_book(
    /// The number of the book.
    number: u32,
) -> CallResult<&'static str> {
    let book = BOOKS.iter().find(|book| book.0 == number);
    let (_, title) = book.ok_or_else(|| {
        CallError::not_found(format!("there is no book {number}")).hint("books have the numbers 1 and 2")
    })?;
    Ok(title)
}

// A text as error is read by the model as it is.
/// Divide two numbers.
#[tool(read_only)]
fn divide(a: f64, b: f64) -> Result<f64, String> {
    if b == 0.0 {
        return Err(format!("{a} cannot be divided by zero"));
    }
    Ok(a / b)
}

// With `?`, errors of libraries stay with you: the model learns that the server failed, not why.
/// Read the log.
#[tool(read_only)]
fn read_log() -> CallResult<String> {
    let text = std::fs::read_to_string("/srv/secret-project/no-such.log")?;
    Ok(text)
}

/// An error type of your own says itself what the model may read.
enum LendError {
    Lent { to: &'static str },
}

impl From<LendError> for CallError {
    fn from(error: LendError) -> Self {
        let LendError::Lent { to } = error;
        Self::new(ErrorKind::Conflict, format!("the book is with {to}")).hint("ask again next week")
    }
}

/// Lend a book.
#[tool]
fn lend_book(
    /// The number of the book.
    number: u32,
) -> Result<String, LendError> {
    if number == 2 {
        return Err(LendError::Lent { to: "Ada" });
    }
    Ok(format!("book {number} is yours"))
}

pub(crate) fn server() -> Server {
    Server::new("errors").add(tools![find_book, divide, read_log, lend_book])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
