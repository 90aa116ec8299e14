use holdall::prelude::*;

struct Thing;

#[tool]
fn thing() -> Thing {
    Thing
}

#[tool]
async fn things() -> Vec<Thing> {
    Vec::new()
}

#[tool]
fn mixed() -> (String, Thing) {
    (String::new(), Thing)
}

#[tool]
fn future() -> std::pin::Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async { String::new() })
}

#[prompt]
fn ask() -> u32 {
    1
}

#[resource("a://b")]
fn read() -> u32 {
    1
}

fn main() {}
