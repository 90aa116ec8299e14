//! Tools that change what the server offers, so that whoever listens hears of it.

use holdall::Components;
use holdall::prelude::*;

pub(crate) fn toolset() -> Components {
    Components::new().add(tools![test_trigger_tool_change, test_trigger_prompt_change])
}

/// Adds a tool and takes it away again.
#[tool]
fn test_trigger_tool_change(ctx: Context) -> CallResult<&'static str> {
    let passing = Tool::new("test_passing_tool")
        .description("Is there for a moment.")
        .handler(async |_| Ok("here"));
    change(&ctx.server(), passing, |server| {
        server.remove_tool("test_passing_tool")
    })
}

/// Adds a prompt and takes it away again.
#[tool]
fn test_trigger_prompt_change(ctx: Context) -> CallResult<&'static str> {
    let passing = Prompt::new("test_passing_prompt")
        .description("Is there for a moment.")
        .handler(async |_| Ok("here"));
    change(&ctx.server(), passing, |server| {
        server.remove_prompt("test_passing_prompt")
    })
}

fn change(
    server: &ServerHandle,
    passing: impl Toolset,
    remove: impl Fn(&ServerHandle) -> holdall::Result<()>,
) -> CallResult<&'static str> {
    let failed = |error: holdall::Error| CallError::failed(error.to_string());
    server.replace(passing).map_err(failed)?;
    remove(server).map_err(failed)?;
    Ok("changed")
}
