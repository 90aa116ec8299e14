//! Calls run on several threads at once.
use std::cell::Cell;
use std::rc::Rc;

use holdall::prelude::*;

#[tool]
fn state(count: State<Cell<u8>>) -> u8 {
    count.get()
}

struct Counter(Cell<u8>);

#[toolset]
impl Counter {
    #[tool]
    fn count(&self) -> u8 {
        self.0.get()
    }
}

#[tool]
async fn held(ctx: Context) -> String {
    let name = Rc::new(String::new());
    ctx.progress(1, 2, "half").await;
    name.to_string()
}

fn main() {}
