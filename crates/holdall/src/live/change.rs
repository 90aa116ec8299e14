//! [`Change`]: what is changed in one go.

use crate::provider::Kind;
use crate::toolset::{Components, Start, Toolset};

/// Changes to what a server offers, made all at once by [`ServerHandle::apply`](crate::ServerHandle::apply), in this
/// order.
///
/// ```
/// use holdall::{Change, prelude::*};
///
/// let calm = Tool::new("calm").blocking_handler(|_| Ok("all is well"));
/// let alarm = Tool::new("alarm").blocking_handler(|_| Ok("ring"));
/// let service = Server::new("house").add(calm).build()?;
/// service.handle().apply(Change::new().remove_tool("calm").add(alarm))?;
/// assert_eq!(service.tool_names(), ["alarm"]);
/// # Ok::<(), holdall::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "a change does nothing until it is applied"]
pub struct Change {
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone)]
pub(crate) enum Step {
    Add(Components),
    Replace(Components),
    Remove(Kind, String),
}

impl Change {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds tools, resources and prompts, whose names must be free.
    #[allow(clippy::should_implement_trait, reason = "changing is no arithmetic")]
    pub fn add(self, toolset: impl Toolset) -> Self {
        self.step(Step::Add(toolset.components()))
    }

    /// Adds tools, resources and prompts, in the place of those that have their names.
    pub fn replace(self, toolset: impl Toolset) -> Self {
        self.step(Step::Replace(toolset.components()))
    }

    /// Removes a tool.
    pub fn remove_tool(self, name: impl Into<String>) -> Self {
        self.step(Step::Remove(Kind::Tool, name.into()))
    }

    /// Removes a resource or a template, by its URI or URI template.
    pub fn remove_resource(self, uri: impl Into<String>) -> Self {
        self.step(Step::Remove(Kind::Resource, uri.into()))
    }

    /// Removes a prompt.
    pub fn remove_prompt(self, name: impl Into<String>) -> Self {
        self.step(Step::Remove(Kind::Prompt, name.into()))
    }

    /// What begins when the change has been made.
    pub(crate) fn starts(&self) -> Vec<Start> {
        let components = self.steps.iter().filter_map(|step| match step {
            Step::Add(components) | Step::Replace(components) => Some(components),
            Step::Remove(..) => None,
        });
        components
            .flat_map(|components| components.starts.clone())
            .collect()
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
