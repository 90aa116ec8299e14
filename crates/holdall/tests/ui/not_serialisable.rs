use holdall::prelude::*;

struct Thing;

#[tool]
fn data() -> Json<Thing> {
    Json(Thing)
}

fn main() {}
