//! Prompts.

use holdall::prelude::*;
use holdall::protocol::{ContentBlock, PromptMessage, ResourceContents, Role};
use holdall::{Components, IntoToolResult};

use crate::contents::PIXEL;

pub(crate) fn toolset() -> Components {
    Components::new().add(prompts![
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
    ])
}

/// Says one thing.
#[prompt]
fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// Says what it was given.
#[prompt(complete(arg1 = complete_arg1))]
fn test_prompt_with_arguments(
    /// One thing.
    arg1: String,
    /// Another.
    arg2: String,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

fn complete_arg1(typed: &str) -> Vec<String> {
    ["test1", "test2", "other"]
        .iter()
        .filter(|value| value.starts_with(typed))
        .map(|value| (*value).to_owned())
        .collect()
}

/// Carries the contents of a resource.
#[prompt]
fn test_prompt_with_embedded_resource(
    /// The URI the contents are said to have.
    resource_uri: String,
) -> Vec<PromptMessage> {
    let contents = ResourceContents::text("Embedded resource content for testing.", resource_uri)
        .with_mime_type("text/plain");
    vec![
        PromptMessage::new(Role::User, ContentBlock::resource(contents)),
        user("Please process the embedded resource above."),
    ]
}

/// Carries an image.
#[prompt]
fn test_prompt_with_image() -> CallResult<Vec<PromptMessage>> {
    let image = Image::png(PIXEL).into_tool_result()?.content;
    let mut messages: Vec<PromptMessage> = image
        .into_iter()
        .map(|content| PromptMessage::new(Role::User, content))
        .collect();
    messages.push(user("Please analyze the image above."));
    Ok(messages)
}
