use holdall::prelude::*;

#[tool]
fn spelling(#[arg(defualt = 3)] a: u32, #[arg(nam = "x")] b: u32, #[arg(whatever)] c: u32) {}

#[tool]
fn words_of_others(
    #[arg(rename = "x")] a: u32,
    #[arg(min = 1)] b: u32,
    #[arg(max_length = 3)] c: String,
    #[arg(enum = ["a"])] d: String,
    #[arg(regex = "a")] e: String,
    #[arg(optional)] f: String,
    #[arg(required)] g: String,
) {
}

#[tool]
fn forms(
    #[arg(range = 5)] a: u32,
    #[arg(range = ..)] b: u32,
    #[arg(range = 50..=1)] c: u32,
    #[arg(length = 0..10)] d: String,
    #[arg(length = 3)] e: String,
    #[arg(one_of = [])] f: String,
    #[arg(examples = "x")] g: String,
    #[arg(name = 3)] h: String,
    #[arg(default)] i: String,
    #[arg(pattern = "a", pattern = "b")] j: String,
) {
}

#[tool]
fn contents(
    #[arg(format = "markdown")] a: String,
    #[arg(pattern = "^(?!a).*$")] b: String,
    #[arg(header = "X Y")] c: String,
    #[arg(header = "")] d: String,
    #[arg(name = "größe")] e: String,
) {
}

fn main() {}
