use holdall::prelude::*;

struct Notes;

#[toolset]
impl Notes {
    #[tool]
    fn search() -> String {
        String::new()
    }

    #[tool]
    fn change(&mut self, text: Option<String>, #[arg(default = 3)] count: Option<u32>) {}
}

struct Empty;

#[toolset]
impl Empty {}

fn main() {}
