//! Several mistakes in one function are reported in one go.
use holdall::prelude::*;

#[tool(read_onyl, timeout = "30", read_only = "yes")]
unsafe fn search<T>(&(a, b): &(u8, u8), #[arg(defualt = 3)] limit: u32, numbers: &[u32], each: impl Iterator) -> &str {
    ""
}

fn main() {}
