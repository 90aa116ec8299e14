//! Prompts: what a person may ask for by name, with arguments.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{GetPromptResult, PromptArgument};
use serde_json::Value;

use crate::about::{About, common_methods};
use crate::argument::Argument;
use crate::call::{Call, Handler};
use crate::completion::Completer;
use crate::contract::Contract;
use crate::error::CallResult;
use crate::pipeline::TIMEOUT;
use crate::provider::labels::Labels;
use crate::reply::IntoPromptResult;
use crate::resource::misplaced_headers;
use crate::schema::describe;
use crate::state::RequiredState;
use crate::tool::{tags_meta, wrong_name};

/// A prompt: name, arguments and the function that writes it. `#[prompt]` makes these from functions.
///
/// Clients send prompt arguments as strings; typed arguments are read from them by their schema.
#[derive(Clone)]
pub struct Prompt {
    pub(crate) name: String,
    about: About,
    arguments: Vec<Argument>,
    labels: Labels,
    timeout: Duration,
    handler: Option<Handler<GetPromptResult>>,
    completers: Vec<(String, Completer)>,
    pub(crate) states: Vec<RequiredState>,
}

impl Prompt {
    /// A prompt with this name, without arguments.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: About::default(),
            arguments: Vec::new(),
            labels: Labels::default(),
            timeout: TIMEOUT,
            handler: None,
            completers: Vec::new(),
            states: Vec::new(),
        }
    }

    common_methods!();

    /// What the prompt is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.about.description = Some(text.into());
        self
    }

    /// Adds an argument.
    pub fn argument(mut self, argument: Argument) -> Self {
        self.arguments.push(argument);
        self
    }

    /// Adds several arguments, such as [`Argument::fields_of`] a struct.
    pub fn arguments(self, arguments: impl IntoIterator<Item = Argument>) -> Self {
        arguments.into_iter().fold(self, Self::argument)
    }

    /// Suggests values for an argument while a person types.
    pub fn complete(mut self, argument: impl Into<String>, completer: Completer) -> Self {
        self.completers.push((argument.into(), completer));
        self
    }

    /// The asynchronous function that writes the prompt.
    pub fn handler<F, Fut, R, M>(mut self, function: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CallResult<R>> + Send + 'static,
        R: IntoPromptResult<M>,
    {
        self.handler = Some(Handler::from_async(move |call| {
            let reply = function(call);
            async move { reply.await?.into_prompt_result() }
        }));
        self
    }

    /// The blocking function that writes the prompt.
    pub fn blocking_handler<F, R, M>(mut self, function: F) -> Self
    where
        F: Fn(Call) -> CallResult<R> + Send + Sync + 'static,
        R: IntoPromptResult<M>,
    {
        self.handler = Some(Handler::from_blocking(move |call| {
            function(call)?.into_prompt_result()
        }));
        self
    }

    pub(crate) fn build(self) -> Result<BuiltPrompt, Vec<String>> {
        let mut problems: Vec<String> = wrong_name(&self.name).into_iter().collect();
        problems.extend(self.labels.problems());
        problems.extend(self.about.problems());
        problems.extend(misplaced_headers(&self.arguments));
        for (name, _) in &self.completers {
            if !self.arguments.iter().any(|argument| argument.name() == name) {
                problems.push(format!("it completes `{name}`, which is none of its arguments"));
            }
        }
        let contract = Contract::of_arguments(&self.arguments);
        let Some(handler) = self.handler else {
            problems.push("it has no handler: call `.handler(…)`".into());
            return Err(problems);
        };
        match contract {
            Ok(contract) if problems.is_empty() => {
                let mut listing = rmcp::model::Prompt::default();
                listing.name = self.name;
                listing.icons = self.about.icons();
                let arguments: Vec<PromptArgument> = self.arguments.iter().map(listed).collect();
                listing.arguments = (!arguments.is_empty()).then_some(arguments);
                listing.meta = tags_meta(&self.labels.tags);
                self.about.complete_meta(&mut listing.meta);
                listing.title = self.about.title;
                listing.description = self.about.description;
                Ok(BuiltPrompt {
                    listing,
                    labels: self.labels,
                    contract: Arc::new(contract),
                    handler,
                    timeout: self.timeout,
                    completers: self.completers,
                })
            }
            contract => {
                problems.extend(contract.err().into_iter().flatten());
                Err(problems)
            }
        }
    }
}

/// A prompt ready to be listed and asked for.
#[derive(Clone)]
pub(crate) struct BuiltPrompt {
    pub(crate) listing: rmcp::model::Prompt,
    pub(crate) labels: Labels,
    pub(crate) contract: Arc<Contract>,
    pub(crate) handler: Handler<GetPromptResult>,
    pub(crate) timeout: Duration,
    pub(crate) completers: Vec<(String, Completer)>,
}

impl BuiltPrompt {
    /// The same prompt under another name.
    pub(crate) fn renamed(&self, name: String) -> Result<Self, String> {
        match wrong_name(&name) {
            Some(problem) => Err(problem),
            None => {
                let mut renamed = self.clone();
                renamed.listing.name = name;
                Ok(renamed)
            }
        }
    }
}

/// Clients see no schemas of prompts' arguments, so the description says what else than text is expected.
fn listed(argument: &Argument) -> PromptArgument {
    let schema = argument.schema();
    let text = schema.get("description").and_then(Value::as_str);
    let form = describe::form(schema, schema);
    let description = match (text, form.as_str()) {
        (text, "string" | "anything") => text.map(str::to_owned),
        (Some(text), form) => Some(format!("{text} ({form})")),
        (None, form) => Some(form.to_owned()),
    };
    let mut listed = PromptArgument::new(argument.name()).with_required(argument.is_required());
    listed.title = argument.title_text().map(str::to_owned);
    listed.description = description;
    listed
}
