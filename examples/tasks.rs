//! A tool that takes longer than anybody waits: its call becomes a task, and the client asks for the result later.
//!
//! Run it with `cargo run -p examples --bin tasks`.

use std::time::Duration;

use holdall::prelude::*;

/// How long the oven takes for a loaf.
pub(crate) const BAKING_TIME: Duration = Duration::from_secs(60);

// Nothing in here knows of tasks: a quick call is answered with its result, one that takes long with the id of a task,
// and the progress of the function is the status of that task.
//
// `optional`: for clients that know no tasks the call is an ordinary one, for which the `timeout` holds.
/// Bake bread.
#[tool(task = "optional", timeout = "10m")]
async fn bake_bread(
    ctx: Context,
    /// How many loaves, one after the other.
    #[arg(range = 1..=5)]
    loaves: u32,
) -> String {
    for loaf in 1..=loaves {
        ctx.progress(loaf, loaves, format!("baking loaf {loaf}")).await;
        tokio::time::sleep(BAKING_TIME).await;
    }
    format!("{loaves} loaves are ready")
}

// A blocking function cannot be stopped from outside, so one that takes long looks in its loop whether anybody still
// waits for it. Of a task somebody does, until the client cancels it, its time is over, or the server stops.
/// Count the grains of a sack, one by one.
#[tool(read_only, task = "optional", task_after = "0s", task_timeout = "2h")]
fn count_grains(ctx: Context, grains: u64) -> CallResult<String> {
    for counted in 0..grains {
        if ctx.is_cancelled() {
            let message = format!("nobody wanted to know after {counted} grains");
            return Err(CallError::new(ErrorKind::Cancelled, message));
        }
        look_at_a_grain();
    }
    Ok(format!("{grains} grains"))
}

/// Slow, and deaf while it lasts.
fn look_at_a_grain() {
    std::thread::sleep(Duration::from_millis(1));
}

pub(crate) fn server() -> Server {
    Server::new("tasks").add(tools![bake_bread, count_grains])
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
