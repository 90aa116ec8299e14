use holdall::prelude::*;

#[tool]
fn patterns((a, b): (u8, u8), Point { x, y }: Point, ref c: String, _: u8) {}

#[tool]
fn references(a: &u32, b: &[u8], c: &mut String, d: Vec<&str>, e: Option<&[u8]>, f: &mut Context) {}

#[tool]
fn types(a: impl Into<String>, b: dyn std::fmt::Debug, c: fn(u8), d: *const u8) {}

#[tool]
fn doubles(
    a: u8,
    #[arg(name = "a")] b: u8,
    #[arg(header = "Region")] c: String,
    #[arg(header = "region")] d: String,
) {
}

#[tool]
fn flattened(
    #[arg(flatten)] a: Point,
    #[arg(flatten)] b: Point,
    #[arg(flatten)] c: Option<Point>,
    #[arg(flatten)] d: &Point,
    #[arg(flatten, name = "e", default = 1)] e: Point,
) {
}

fn main() {}
