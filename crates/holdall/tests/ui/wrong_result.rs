use holdall::prelude::*;

struct Thing;

#[tool]
fn thing() -> Thing {
    Thing
}

#[prompt]
fn ask() -> u32 {
    1
}

fn main() {}
