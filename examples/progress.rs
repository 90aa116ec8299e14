//! A tool that takes a while says how far it is.
//!
//! Run it with `cargo run -p examples --bin progress`.

use holdall::prelude::*;

// Clients that did not ask for progress get none, so it can always be reported.
/// Add up all squares to a number.
#[tool(read_only)]
async fn sum_squares(
    ctx: Context,
    /// The last number.
    #[arg(range = 1..=1_000)]
    last: u32,
) -> u64 {
    let mut sum = 0;
    for number in 1..=last {
        sum += u64::from(number).pow(2);
        ctx.progress(number, last, format!("{number} squared")).await;
    }
    sum
}

pub(crate) fn server() -> Server {
    Server::new("progress").add(tools![sum_squares])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
