use std::sync::Arc;

use holdall::prelude::*;

struct Notes;

#[toolset]
impl Notes {
    #[tool]
    fn no_self() -> String {
        String::new()
    }

    #[tool]
    fn exclusive(&mut self, text: Option<String>, #[arg(default = 3)] count: Option<u32>) {}

    #[tool]
    fn owned(self) {}

    #[tool]
    fn shared(self: Arc<Self>) {}

    #[tool]
    #[prompt]
    fn both(&self) {}

    #[tool = "name"]
    fn named(&self) {}

    #[tool(name = "twice")]
    fn first(&self) {}

    #[tool(name = "twice")]
    fn second(&self) {}

    #[resource("a://b")]
    fn one(&self) {}

    #[resource("a://b")]
    fn other(&self) {}

    #[tool]
    fn generic<T>(&self, #[arg(range = 1..=2)] text: &str) -> &str {
        ""
    }
}

struct Empty;

#[toolset]
impl Empty {}

#[toolset(prefix = "notes", on_start = "begin")]
impl Arc<Empty> {
    #[tool]
    fn fine(&self) {}
}

#[toolset]
impl Clone for Empty {
    #[tool]
    fn clone(&self) -> Self {
        Empty
    }
}

fn main() {}
