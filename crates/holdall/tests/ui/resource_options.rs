use holdall::prelude::*;

#[resource]
fn no_uri() -> String {
    String::new()
}

#[resource(uri = "config://app")]
fn named_uri() -> String {
    String::new()
}

#[resource("config://app", cache = "shared", ttl = "0s", mime_type = "text", audience("model"), priority, size = "big")]
fn values() -> String {
    String::new()
}

#[resource("config://app", list = everything, complete(app = everything))]
fn fixed() -> String {
    String::new()
}

#[resource("note://{path}", list = "everything", complete(pth = everything, path))]
fn functions(path: String) -> String {
    path
}

#[resource("note://{path}", read_only)]
fn of_tools(path: String) -> String {
    path
}

fn everything(_: &str) -> Vec<String> {
    Vec::new()
}

fn main() {}
