//! [`Server`]: what a server offers, put together and checked before the first call.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::interaction::Choices;
use crate::registry::Registry;
use crate::service::Service;
use crate::state::{RequiredState, States};
use crate::tasks::{Board, TaskOptions};
use crate::toolset::{Components, Toolset};

/// A server being put together.
///
/// ```no_run
/// use holdall::prelude::*;
///
/// /// Greet a person by name.
/// #[tool]
/// fn say_hello(
///     /// Who to greet.
///     name: String,
/// ) -> String {
///     format!("Hello, {name}! This is your first MCP tool.")
/// }
///
/// #[tokio::main]
/// async fn main() -> holdall::Result<()> {
///     Server::new("my-first-server").add(tools![say_hello]).run().await
/// }
/// ```
#[derive(Clone)]
pub struct Server {
    identity: Identity,
    components: Components,
    states: States,
    pub(crate) interaction: Choices,
    pub(crate) tasks: TaskOptions,
}

/// How the server introduces itself.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) instructions: Option<String>,
}

impl Server {
    /// A server with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            identity: Identity {
                name: name.into(),
                version: env!("CARGO_PKG_VERSION").into(),
                title: None,
                instructions: None,
            },
            components: Components::new(),
            states: States::default(),
            interaction: Choices::default(),
            tasks: TaskOptions::default(),
        }
    }

    /// The version of the server. Default: that of Holdall.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.identity.version = version.into();
        self
    }

    /// The name people see.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.identity.title = Some(title.into());
        self
    }

    /// What a model should know before it uses the server.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.identity.instructions = Some(text.into());
        self
    }

    /// Adds tools, resources and prompts.
    #[allow(
        clippy::should_implement_trait,
        reason = "adding to a server is no arithmetic"
    )]
    pub fn add(mut self, toolset: impl Toolset) -> Self {
        self.components = self.components.add(toolset);
        self
    }

    /// Hands a value to the functions that ask for it with a [`State<T>`](crate::State) parameter.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// Checks everything and compiles every schema.
    ///
    /// # Errors
    /// [`Error::Build`] with all mistakes at once: names that are invalid or taken, schemas and templates that
    /// make no sense, states that are missing.
    pub fn build(self) -> Result<Service> {
        let Self {
            identity,
            components,
            states,
            interaction,
            tasks,
        } = self;
        let mut problems = missing_states(&components, &states);
        let registry = Registry::build(components, &mut problems);
        let tasks = Board::build(tasks, registry.task_tools(), &mut problems);
        match interaction.settle(&identity.name, &mut problems) {
            Some(interaction) if problems.is_empty() => Ok(Service::new(
                identity,
                registry,
                Arc::new(states),
                interaction,
                tasks,
            )),
            _ => Err(Error::Build(problems)),
        }
    }

    /// Serves on standard input and output until the client closes the input.
    ///
    /// # Errors
    /// As [`Server::build`], and [`Error::Transport`] if the client does not speak the protocol.
    pub async fn run(self) -> Result<()> {
        let service = self.build()?;
        let outcome = crate::stdio::serve(service.clone()).await;
        service.shut_down().await;
        outcome
    }
}

fn missing_states(components: &Components, states: &States) -> Vec<String> {
    let tools = components
        .tools
        .iter()
        .map(|tool| ("tool", &tool.name, &tool.states));
    let resources = components
        .resources
        .iter()
        .map(|resource| ("resource", &resource.uri, &resource.states));
    let prompts = components
        .prompts
        .iter()
        .map(|prompt| ("prompt", &prompt.name, &prompt.states));
    let mut said = HashSet::new();
    let mut problems = Vec::new();
    for (kind, name, required) in tools.chain(resources).chain(prompts) {
        for missing in required
            .iter()
            .filter_map(|state: &RequiredState| states.missing(state))
        {
            if said.insert((kind, name, missing)) {
                problems.push(format!(
                    "{kind} `{name}` needs a state of type `{missing}`: add `.state(…)`"
                ));
            }
        }
    }
    problems
}
