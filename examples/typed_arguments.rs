//! Parameters are the contract: types, defaults, ranges, enums and structs become the schema a model sees, and every
//! argument is checked against it before the function runs.
//!
//! Run it with `cargo run -p examples --bin typed_arguments`.

use holdall::prelude::*;
use serde::Deserialize;

/// Each variant is one of the values allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    /// For one person.
    Small,
    /// For two.
    Large,
}

/// An argument can be a struct.
#[derive(Deserialize, JsonSchema)]
struct Address {
    street: String,
    /// Five digits.
    #[schemars(regex(pattern = "^[0-9]{5}$"))]
    postcode: String,
}

/// Order pizza.
#[tool]
fn order_pizza(
    /// Without `Option` or default, an argument has to be given.
    address: Address,
    /// How big.
    #[arg(default = "small")]
    size: Size,
    /// How many.
    #[arg(default = 1, range = 1..=20)]
    count: u32,
    /// What to put on top.
    #[arg(length = 0..=3, unique, default = ["cheese"])]
    toppings: Vec<String>,
    /// A word to the cook.
    note: Option<String>,
) -> String {
    let size = match size {
        Size::Small => "small",
        Size::Large => "large",
    };
    let toppings = toppings.join(", ");
    let Address { street, postcode } = address;
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    format!("{count} {size} pizza with {toppings} to {street}, {postcode}{note}")
}

pub(crate) fn server() -> Server {
    Server::new("typed_arguments").add(tools![order_pizza])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
