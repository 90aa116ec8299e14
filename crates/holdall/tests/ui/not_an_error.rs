use holdall::prelude::*;

struct Thing;

#[tool]
fn fails() -> Result<String, Thing> {
    Err(Thing)
}

fn main() {}
