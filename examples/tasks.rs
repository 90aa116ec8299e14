//! A tool that takes longer than anybody waits: its call becomes a task, and the client asks for the result later.
//!
//! Run it with `cargo run -p examples --bin tasks`.

use std::time::Duration;

use holdall::TaskSupport;
use holdall::prelude::*;

/// How long the oven takes for a loaf.
pub(crate) const BAKING_TIME: Duration = Duration::from_secs(60);

// Nothing in here knows of tasks: a quick call is answered with its result, one that takes long with the id of a task,
// and the progress of the function is the status of that task.
/// Bake bread.
#[tool(timeout = "10m")]
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

pub(crate) fn server() -> Server {
    // `Optional`: for clients that know no tasks the call is an ordinary one.
    let tools = tools![bake_bread].map(|tool| tool.task(TaskSupport::Optional));
    Server::new("tasks").add(tools)
}

#[tokio::main]
async fn main() -> holdall::Result<()> {
    server().run().await
}
