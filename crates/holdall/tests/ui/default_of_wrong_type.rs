use holdall::prelude::*;

const LIMIT: i64 = 10;

#[tool]
fn constant(#[arg(default = LIMIT)] limit: u32, #[arg(default = 300)] small: u8) {
    let _ = (limit, small);
}

fn main() {}
