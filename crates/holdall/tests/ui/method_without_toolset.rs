use holdall::prelude::*;

struct Notes;

impl Notes {
    #[tool]
    fn search(&self) -> String {
        String::new()
    }
}

fn main() {}
