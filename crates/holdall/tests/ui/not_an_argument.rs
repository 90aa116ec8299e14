use holdall::Context as Ctx;
use holdall::prelude::*;

struct Bare;

#[derive(serde::Deserialize)]
struct WithoutSchema {
    a: u8,
}

#[derive(JsonSchema)]
struct WithoutDeserialize {
    a: u8,
}

#[tool]
fn plain(bare: Bare) {}

#[tool]
fn optional(without: Option<WithoutSchema>) {}

#[tool]
fn list(without: Vec<WithoutDeserialize>) {}

#[tool]
fn flattened(#[arg(flatten)] bare: Bare) {}

#[tool]
fn another_name(ctx: Ctx) {}

fn main() {}
