//! One template: a text with places for values, as a prompt.
//!
//! A file is taken apart once, when it is read; filling it in puts texts one behind the other. So a value can neither
//! hold a placeholder nor begin a message.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how is a template filled in, and offered |
//! | `read` | what does the text of a file mean |
//! | `fields` | what does the block at its top say |
//! | `messages` | where does a message begin |
//! | `placeholders` | where do values go |

mod fields;
mod messages;
mod placeholders;
mod read;

use std::sync::Arc;

use holdall::prelude::*;
use holdall::protocol::PromptMessage;
use holdall::{Completer, assistant, user};

pub(super) use read::{Mistake, visible};

/// The most arguments a template has: a person fills them in.
pub const ARGUMENTS_MAX: usize = 20;
/// The longest value of an argument, in characters: a long file or an hour of conversation.
pub const VALUE_CHARS_MAX: usize = 200_000;
/// The largest prompt that is made of a template, in bytes: more than models read.
pub const RESULT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) name: String,
    title: Option<String>,
    description: Option<String>,
    arguments: Vec<TemplateArgument>,
    messages: Vec<Message>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TemplateArgument {
    name: String,
    title: Option<String>,
    description: Option<String>,
    required: bool,
    default: Option<String>,
    /// The only values allowed; none if any are.
    choices: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    role: Role,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The value of the argument at this place.
    Value(usize),
}

impl Template {
    /// The template as a prompt.
    pub(super) fn prompt(self: &Arc<Self>) -> Prompt {
        let mut prompt = Prompt::new(&self.name).tag("own");
        if let Some(title) = &self.title {
            prompt = prompt.title(title);
        }
        if let Some(description) = &self.description {
            prompt = prompt.description(description);
        }
        for argument in &self.arguments {
            prompt = prompt.argument(argument.declared());
            if !argument.choices.is_empty() {
                prompt = prompt.complete(&argument.name, completer(argument.choices.clone()));
            }
        }
        let template = Arc::clone(self);
        prompt.handler(move |call: Call| {
            let template = Arc::clone(&template);
            async move { template.fill(call) }
        })
    }

    fn fill(&self, mut call: Call) -> CallResult<Vec<PromptMessage>> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            let given: Option<String> = call.take(&argument.name)?;
            // Hosts send an empty text for a field nobody filled in.
            let given = given.filter(|text| !text.is_empty());
            values.push(given.or_else(|| argument.default.clone()).unwrap_or_default());
        }
        self.check_size(&values)?;
        let messages = self.messages.iter().map(|message| {
            let text: String = message.pieces.iter().map(|piece| piece.text(&values)).collect();
            match message.role {
                Role::User => user(text),
                Role::Assistant => assistant(text),
            }
        });
        Ok(messages.collect())
    }

    /// A long value in many places would become more than anybody wants; it is found out before room is made for it.
    fn check_size(&self, values: &[String]) -> CallResult<()> {
        let pieces = self.messages.iter().flat_map(|message| &message.pieces);
        let bytes: usize = pieces.map(|piece| piece.text(values).len()).sum();
        if bytes <= RESULT_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "the prompt `{}` would have {bytes} bytes with these values, at most {RESULT_BYTES_MAX} are made",
            self.name
        );
        Err(CallError::new(ErrorKind::TooLarge, message).hint("give shorter values"))
    }
}

impl TemplateArgument {
    fn declared(&self) -> Argument {
        let mut argument = Argument::of::<String>(&self.name);
        if let Some(title) = &self.title {
            argument = argument.title(title);
        }
        if let Some(description) = &self.description {
            argument = argument.description(description);
        }
        argument = match self.choices.is_empty() {
            true => argument.maximum_length(VALUE_CHARS_MAX as u64),
            false => argument.one_of(&self.choices),
        };
        match (&self.default, self.required) {
            (Some(default), _) => argument.default(default),
            (None, false) => argument.optional(),
            (None, true) => argument.minimum_length(1),
        }
    }
}

impl Piece {
    fn text<'t>(&'t self, values: &'t [String]) -> &'t str {
        match self {
            Self::Text(text) => text,
            Self::Value(argument) => &values[*argument],
        }
    }
}

/// Suggests choices that begin with what was typed, whatever its case, and then those that contain it.
fn completer(choices: Vec<String>) -> Completer {
    Completer::new(move |typed, _| completed(choices.iter().map(String::as_str), typed))
}

/// The choices that fit what was typed, best first.
pub(super) fn completed<'c>(choices: impl Iterator<Item = &'c str> + Clone, typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    let at = |choice: &str| choice.to_lowercase().find(&typed);
    let begin = choices.clone().filter(|choice| at(choice) == Some(0));
    let contain = choices.filter(|choice| at(choice).is_some_and(|at| at > 0));
    begin.chain(contain).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
