//! Prompts.

use holdall::Components;
use holdall::prelude::*;

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
    #[arg(name = "resourceUri")]
    resource_uri: String,
) -> Conversation {
    Conversation::new()
        .user(Embedded::text(
            resource_uri,
            "Embedded resource content for testing.",
        ))
        .user("Please process the embedded resource above.")
}

/// Carries an image.
#[prompt]
fn test_prompt_with_image() -> Conversation {
    Conversation::new()
        .user(Image::png(PIXEL))
        .user("Please analyze the image above.")
}
