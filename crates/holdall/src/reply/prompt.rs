//! What a prompt may return.

use rmcp::model::{GetPromptResult, PromptMessage, Role};

use super::content::IntoContent;
use super::failure::IntoCallError;
use crate::error::CallResult;

/// What a prompt says, turn by turn, with a description of its own.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Practise a job interview.
/// #[prompt]
/// fn interview(
///     /// The job.
///     job: String,
/// ) -> Conversation {
///     Conversation::new()
///         .description(format!("An interview for a {job}"))
///         .user(format!("Interview me for the job of a {job}."))
///         .user(Embedded::text("file:///cv.md", "# My life"))
///         .assistant("Gladly. What made you apply?")
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    description: Option<String>,
    messages: Vec<PromptMessage>,
}

impl Conversation {
    /// A conversation in which nothing has been said.
    pub fn new() -> Self {
        Self::default()
    }

    /// What this prompt is about, with these arguments. Default: the description of the prompt.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Adds what the user says or shows.
    pub fn user(mut self, content: impl IntoContent) -> Self {
        self.messages.push(user(content));
        self
    }

    /// Adds what the assistant says or shows.
    pub fn assistant(mut self, content: impl IntoContent) -> Self {
        self.messages.push(assistant(content));
        self
    }
}

/// What the user says or shows in a prompt: text, or an [`Image`](crate::Image), [`Audio`](crate::Audio), an
/// [`Embedded`](crate::Embedded) resource, a [`Link`](crate::Link).
pub fn user(content: impl IntoContent) -> PromptMessage {
    PromptMessage::new(Role::User, content.into_content().into_block())
}

/// What the assistant says or shows in a prompt.
pub fn assistant(content: impl IntoContent) -> PromptMessage {
    PromptMessage::new(Role::Assistant, content.into_content().into_block())
}

/// What a prompt may return.
///
/// | type | what is sent |
/// | --- | --- |
/// | `String`, `&'static str` | one message of the user |
/// | `PromptMessage`, from [`user`] or [`assistant`] | one message |
/// | `Vec<PromptMessage>`, `[PromptMessage; N]` | a conversation |
/// | [`Conversation`] | a conversation with a description |
/// | `GetPromptResult` | as it is |
/// | `Result<T, E>` | `T`, or an error, see [`IntoCallError`] |
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    label = "not a prompt",
    note = "return text (`String`), a message (`user(…)`), a conversation (`Vec<PromptMessage>` or `Conversation`), or a `Result` of one of these"
)]
pub trait IntoPromptResult<M = ()> {
    /// The prompt.
    fn into_prompt_result(self) -> CallResult<GetPromptResult>;
}

macro_rules! prompt {
    ($($type:ty: $value:ident => $result:expr),* $(,)?) => {$(
        impl IntoPromptResult for $type {
            fn into_prompt_result(self) -> CallResult<GetPromptResult> {
                let $value = self;
                Ok($result)
            }
        }
    )*};
}

prompt! {
    GetPromptResult: result => result,
    Vec<PromptMessage>: messages => GetPromptResult::new(messages),
    PromptMessage: message => GetPromptResult::new(vec![message]),
    String: text => GetPromptResult::new(vec![user(text)]),
    &'static str: text => GetPromptResult::new(vec![user(text)]),
}

impl<const N: usize> IntoPromptResult for [PromptMessage; N] {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        Vec::from(self).into_prompt_result()
    }
}

impl IntoPromptResult for Conversation {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        let mut result = GetPromptResult::new(self.messages);
        result.description = self.description;
        Ok(result)
    }
}

impl<T: IntoPromptResult<A>, E: IntoCallError<B>, A, B> IntoPromptResult<(A, B)> for Result<T, E> {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        self.map_err(IntoCallError::into_call_error)?.into_prompt_result()
    }
}
