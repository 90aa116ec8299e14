use holdall::prelude::*;

fn plain() {}

#[prompt]
fn ask() -> String {
    String::new()
}

fn main() {
    let _ = Server::new("x").add(tools![plain]);
    let _ = Server::new("x").add(tools![ask]);
    let _ = Server::new("x").add(plain);
}
