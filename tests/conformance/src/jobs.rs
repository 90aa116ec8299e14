//! Tools whose calls become tasks.

use std::time::Duration;

use holdall::prelude::*;
use holdall::{Components, TaskSupport, ToolFunction};
use serde::Deserialize;

pub(crate) fn toolset() -> Components {
    let optional = tools![slow_compute, protocol_error_job, confirm_delete, multi_input];
    let required = tools![failing_job, test_tool_with_task];
    Components::new()
        .add(<greet as ToolFunction>::tool())
        .add(optional.map(|tool| tool.task(TaskSupport::Optional)))
        .add(required.map(|tool| tool.task(TaskSupport::Required)))
}

/// Greets at once.
#[tool]
fn greet(
    /// Who to greet.
    name: String,
) -> String {
    format!("Hello, {name}!")
}

/// Takes as long as it is told.
#[tool]
async fn slow_compute(
    /// How long, in seconds.
    #[arg(range = 0.0..=60.0)]
    seconds: f64,
    /// What it is called.
    #[arg(default = "job")]
    label: String,
) -> String {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    format!("{label} took {seconds} s")
}

/// Fails after a while.
#[tool]
async fn failing_job(ctx: Context) -> CallResult<String> {
    ctx.become_task().await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Err(CallError::failed("This job fails on purpose"))
}

/// Ends in an error of the protocol: it needs what the client does not offer.
#[tool]
async fn protocol_error_job(ctx: Context) -> CallResult<String> {
    ctx.become_task().await?;
    let roots = ctx.roots().await?;
    Ok(format!("{} folders", roots.len()))
}

#[derive(Deserialize, JsonSchema)]
struct Confirmation {
    confirm: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Asks while it works.
#[tool(destructive)]
async fn confirm_delete(
    ctx: Context,
    /// What to delete.
    filename: String,
) -> CallResult<String> {
    ctx.become_task().await?;
    let question = ctx.elicit(format!("Delete {filename}?")).key("confirm");
    let Confirmation { confirm } = question.await?.required()?;
    Ok(if confirm {
        format!("deleted {filename}")
    } else {
        format!("kept {filename}")
    })
}

/// Asks two things at once while it works.
#[tool]
async fn multi_input(ctx: Context) -> CallResult<String> {
    ctx.become_task().await?;
    let (first, second) = tokio::join!(
        ctx.elicit::<Confirmation>("The first thing?").key("first"),
        ctx.elicit::<Confirmation>("The second thing?").key("second"),
    );
    let (first, second) = (first?.required()?, second?.required()?);
    Ok(format!("{} and {}", first.confirm, second.confirm))
}

/// Asks first, and then takes a while.
#[tool]
async fn test_tool_with_task(ctx: Context) -> CallResult<String> {
    let Name { name } = ctx
        .elicit("What is your name?")
        .key("user_name")
        .await?
        .required()?;
    ctx.become_task().await?;
    Ok(format!("Hello, {name}!"))
}
