use holdall::prelude::*;

#[tool]
struct Search;

#[resource("a://b")]
const CONFIG: &str = "";

#[prompt]
mod prompts {}

#[toolset]
fn search() {}

#[toolset]
struct Tools;

fn main() {}
