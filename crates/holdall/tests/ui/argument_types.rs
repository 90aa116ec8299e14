//! What is said of an argument has to fit its type.
use holdall::prelude::*;

#[tool]
fn limits(
    #[arg(range = 1..=5)] a: String,
    #[arg(range = 1..=5)] b: Vec<u8>,
    #[arg(length = 1..=5)] c: u32,
    #[arg(pattern = "a")] d: bool,
    #[arg(format = "date")] e: Option<i64>,
    #[arg(unique)] f: &str,
    #[arg(header = "G")] g: f64,
    #[arg(header = "H")] h: Vec<String>,
) {
}

#[tool]
fn values(
    #[arg(default = "ten")] a: u32,
    #[arg(default = 10)] b: String,
    #[arg(default = 1.5)] c: u8,
    #[arg(default = 1)] d: bool,
    #[arg(default = 3)] e: Option<u32>,
    #[arg(default = "a")] f: Vec<String>,
    #[arg(one_of = ["a", "b"])] g: u8,
    #[arg(examples = [1])] h: &str,
) {
}

fn main() {}
