use holdall::prelude::*;

#[resource("app-settings")]
fn no_scheme() {}

#[resource("note://{path")]
fn unclosed(path: String) {}

#[resource("note://path}")]
fn unopened(path: String) {}

#[resource("note://{a}/{a}")]
fn twice(a: String) {}

#[resource("note://{a}{b}")]
fn adjacent(a: String, b: String) {}

#[resource("note://{;a}")]
fn semicolon(a: String) {}

#[resource("note://{a b}/{}")]
fn words(a: String) {}

#[resource("user://{id}/{part}{?page}")]
fn wrong_variables(user: String, page: u32) -> String {
    String::new()
}

#[resource("user://{id}")]
fn flattened(#[arg(flatten)] id: std::net::IpAddr) -> String {
    String::new()
}

fn main() {}
