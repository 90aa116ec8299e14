use holdall::prelude::*;

fn plain() {}

fn main() {
    let _ = Server::new("x").add(tools![plain]);
    let _ = Server::new("x").add(plain);
}
