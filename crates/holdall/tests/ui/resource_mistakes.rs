use holdall::prelude::*;

#[resource]
fn no_uri() -> String {
    String::new()
}

#[resource("user://{id}/{part}{?page}")]
fn wrong_variables(user: String, page: u32) -> String {
    String::new()
}

fn main() {}
