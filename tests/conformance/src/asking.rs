//! Tools and a prompt that ask the client, and tools that log: over every protocol version.

use std::time::Duration;

use holdall::prelude::*;
use holdall::{Components, LogLevel};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) fn toolset() -> Components {
    Components::new()
        .add(tools![
            test_tool_with_logging,
            test_sampling,
            test_elicitation,
            test_elicitation_sep1034_defaults,
            test_elicitation_sep1330_enums,
            test_missing_capability,
            test_streaming_elicitation,
            test_logging_tool,
        ])
        .add(tools![
            test_input_required_result_elicitation,
            test_input_required_result_sampling,
            test_input_required_result_list_roots,
            test_input_required_result_request_state,
            test_input_required_result_multiple_inputs,
            test_input_required_result_multi_round,
            test_input_required_result_tampered_state,
            test_input_required_result_capabilities,
        ])
        .add(prompts![test_input_required_result_prompt])
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Deserialize, JsonSchema)]
struct Agreement {
    ok: bool,
}

/// Logs while it works.
#[tool]
async fn test_tool_with_logging(ctx: Context) -> &'static str {
    for message in [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ] {
        ctx.log(LogLevel::Info, message).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    "done"
}

/// Asks the client's model.
#[tool]
async fn test_sampling(
    ctx: Context,
    /// What to ask.
    prompt: String,
) -> CallResult<String> {
    let answer = ctx.sample(prompt).max_tokens(100).await?;
    Ok(format!("LLM response: {}", answer.text()))
}

#[derive(Deserialize, JsonSchema)]
struct User {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// Asks a person.
#[tool]
async fn test_elicitation(
    ctx: Context,
    /// The question.
    message: String,
) -> CallResult<String> {
    let User { username, email } = ctx.elicit(message).await?.required()?;
    Ok(format!("User response: {username} <{email}>"))
}

/// Asks with defaults of every kind.
#[tool]
async fn test_elicitation_sep1034_defaults(ctx: Context) -> CallResult<String> {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": true},
        },
    });
    let answer = ctx.elicit::<Value>("Who is it?").schema(schema).await?;
    Ok(format!("Elicitation completed: {answer:?}"))
}

/// Asks with choices of every kind.
#[tool]
async fn test_elicitation_sep1330_enums(ctx: Context) -> CallResult<String> {
    let titled = json!([
        {"const": "value1", "title": "First Option"},
        {"const": "value2", "title": "Second Option"},
        {"const": "value3", "title": "Third Option"},
    ]);
    let options = ["option1", "option2", "option3"];
    let schema = json!({
        "type": "object",
        "properties": {
            "untitledSingle": {"type": "string", "enum": options},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        },
    });
    let answer = ctx.elicit::<Value>("Which ones?").schema(schema).await?;
    Ok(format!("Elicitation completed: {answer:?}"))
}

/// Needs a client whose model can be asked.
#[tool]
async fn test_missing_capability(ctx: Context) -> CallResult<String> {
    Ok(ctx.sample("Are you there?").await?.text())
}

/// Asks a person and sends nothing but its result.
#[tool]
async fn test_streaming_elicitation(ctx: Context) -> CallResult<String> {
    let Name { name } = ctx.elicit("What is your name?").await?.required()?;
    Ok(format!("Hello, {name}!"))
}

/// Logs what the client wants to hear.
#[tool]
async fn test_logging_tool(ctx: Context) -> &'static str {
    ctx.log(LogLevel::Info, "This is logged if it is asked for").await;
    "done"
}

/// Asks for a name.
#[tool]
async fn test_input_required_result_elicitation(ctx: Context) -> CallResult<String> {
    let question = ctx.elicit("What is your name?").key("user_name");
    let Name { name } = question.await?.required()?;
    Ok(format!("Hello, {name}!"))
}

/// Asks the client's model.
#[tool]
async fn test_input_required_result_sampling(ctx: Context) -> CallResult<String> {
    let question = ctx.sample("What is the capital of France?").max_tokens(100);
    Ok(question.key("capital_question").await?.text())
}

/// Asks for the client's folders.
#[tool]
async fn test_input_required_result_list_roots(ctx: Context) -> CallResult<String> {
    let roots = ctx.roots().key("client_roots").await?;
    Ok(format!("{} folders", roots.len()))
}

/// Asks, and knows its own question again.
#[tool]
async fn test_input_required_result_request_state(ctx: Context) -> CallResult<String> {
    let asked: String = ctx.remember("asked", async { Ok("state-ok".to_owned()) }).await?;
    let Agreement { ok } = ctx.elicit("Please confirm").key("confirm").await?.required()?;
    Ok(format!("{asked}: {ok}"))
}

/// Asks three things at once.
#[tool]
async fn test_input_required_result_multiple_inputs(ctx: Context) -> CallResult<String> {
    let (name, greeting, roots) = tokio::join!(
        ctx.elicit::<Name>("What is your name?").key("user_name"),
        ctx.sample("Generate a greeting").max_tokens(50).key("greeting"),
        ctx.roots().key("client_roots"),
    );
    let (Name { name }, greeting, roots) = (name?.required()?, greeting?, roots?);
    Ok(format!("{}, {name}: {} folders", greeting.text(), roots.len()))
}

/// Asks one thing after another.
#[tool]
async fn test_input_required_result_multi_round(ctx: Context) -> CallResult<String> {
    let name = ctx.elicit("Step 1: What is your name?").key("step1").await?;
    let Name { name } = name.required()?;
    let color = ctx
        .elicit("Step 2: What is your favorite color?")
        .key("step2")
        .await?;
    let Color { color } = color.required()?;
    Ok(format!("{name} likes {color}"))
}

/// Asks, and refuses an answer to another question.
#[tool]
async fn test_input_required_result_tampered_state(ctx: Context) -> CallResult<String> {
    let Agreement { ok } = ctx.elicit("Please confirm").key("confirm").await?.required()?;
    Ok(format!("confirmed: {ok}"))
}

/// Asks only what the client can answer.
#[tool]
async fn test_input_required_result_capabilities(ctx: Context) -> CallResult<String> {
    if ctx.can_elicit() {
        let Name { name } = ctx.elicit("What is your name?").await?.required()?;
        return Ok(name);
    }
    Ok(ctx.sample("What is your name?").await?.text())
}

/// Asks what it is to be about.
#[prompt]
async fn test_input_required_result_prompt(ctx: Context) -> CallResult<String> {
    #[derive(Deserialize, JsonSchema)]
    struct About {
        context: String,
    }
    let question = ctx
        .elicit("What context should the prompt use?")
        .key("user_context");
    let About { context } = question.await?.required()?;
    Ok(format!("Use this context: {context}"))
}
