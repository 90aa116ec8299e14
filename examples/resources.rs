//! Resources are what a host may read: a fixed one, a template whose variable completes, and a live one whose readers
//! hear of every change.
//!
//! Run it with `cargo run -p examples --bin resources`.

use std::sync::{Mutex, PoisonError};

use holdall::prelude::*;

const PRODUCTS: [(&str, &str); 3] = [("pear", "0.40"), ("peach", "0.60"), ("plum", "0.20")];

/// What the customer wants to buy.
#[derive(Default)]
struct Basket(Mutex<Vec<String>>);

/// When the shop is open.
#[resource("shop://opening-hours")]
fn opening_hours() -> &'static str {
    "Monday to Friday, 9:00 to 18:00"
}

// `None` means that there is no such resource.
/// The price of a product.
#[resource("shop://product/{name}", complete(name = complete_name))]
fn product(name: &str) -> Option<String> {
    let (_, price) = PRODUCTS.iter().find(|product| product.0 == name)?;
    Some(format!("{name} costs {price}"))
}

fn complete_name(typed: &str) -> Vec<&'static str> {
    let names = PRODUCTS.iter().map(|product| product.0);
    names.filter(|name| name.starts_with(typed)).collect()
}

/// What is in the basket.
#[resource("shop://basket")]
fn basket(basket: State<Basket>) -> Json<Vec<String>> {
    Json(basket.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// Put a product into the basket.
#[tool]
fn put_into_basket(ctx: Context, basket: State<Basket>, name: String) -> CallResult<&'static str> {
    if product(&name).is_none() {
        return Err(CallError::not_found(format!("there is no product `{name}`")));
    }
    basket.0.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    // Whoever has subscribed to the basket reads it again.
    ctx.server().resource_updated("shop://basket");
    Ok("it is in the basket")
}

pub(crate) fn server() -> Server {
    Server::new("resources")
        .state(Basket::default())
        .add(resources![opening_hours, product, basket])
        .add(tools![put_into_basket])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
