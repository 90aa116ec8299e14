//! What a server is put together from: [`Components`], and the [`Toolset`]s that bring them.

use std::sync::Arc;

use crate::live::ServerHandle;
use crate::prompt::Prompt;
use crate::resource::Resource;
use crate::tool::Tool;

/// A bundle of tools, resources and prompts, and of what begins when they are served.
#[derive(Clone, Default)]
pub struct Components {
    pub(crate) tools: Vec<Tool>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) starts: Vec<Start>,
}

/// What is called when components have become part of a server.
#[derive(Clone)]
pub(crate) struct Start(Arc<dyn Fn(ServerHandle) + Send + Sync>);

impl Start {
    pub(crate) fn call(&self, server: ServerHandle) {
        (self.0)(server);
    }
}

impl Components {
    /// An empty bundle.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds everything another toolset brings.
    #[allow(clippy::should_implement_trait, reason = "bundling is no arithmetic")]
    pub fn add(mut self, toolset: impl Toolset) -> Self {
        let Self {
            tools,
            resources,
            prompts,
            starts,
        } = toolset.components();
        self.tools.extend(tools);
        self.resources.extend(resources);
        self.prompts.extend(prompts);
        self.starts.extend(starts);
        self
    }

    /// Has `begin` called once when these components have become part of a server: at the end of a
    /// [`Server::build`](crate::Server::build) that succeeds, or when they have been added to a server that serves
    /// already. This is where background work learns whom to tell of what it finds.
    ///
    /// ```
    /// use std::sync::mpsc::{Receiver, channel};
    /// use std::sync::Mutex;
    /// use std::thread;
    ///
    /// use holdall::{Components, prelude::*};
    ///
    /// /// A thermometer that is read by a thread of its own.
    /// fn thermometer(readings: Receiver<f64>) -> Components {
    ///     let readings = Mutex::new(Some(readings));
    ///     let now = Resource::new("temperature://now").blocking_handler(|_| Ok("21.5"));
    ///     Components::new().add(now).on_start(move |server| {
    ///         let Some(readings) = readings.lock().unwrap().take() else { return };
    ///         thread::spawn(move || {
    ///             for _ in readings {
    ///                 if server.has_stopped() {
    ///                     return;
    ///                 }
    ///                 server.resource_updated("temperature://now");
    ///             }
    ///         });
    ///     })
    /// }
    ///
    /// let (sensor, readings) = channel();
    /// let service = Server::new("house").add(thermometer(readings)).build()?;
    /// sensor.send(21.5).unwrap();
    /// # Ok::<(), holdall::Error>(())
    /// ```
    ///
    /// - The handle is that of the server the components were added to. Mounted into another, that server still speaks
    ///   of its own names, and clients hear of those they know.
    /// - A handle does not keep the server alive, and work should end when it [has
    ///   stopped](ServerHandle::has_stopped).
    /// - A server may be built outside of any async runtime, so `begin` cannot count on one. It should return at once:
    ///   the server is built when it has.
    /// - A [`Server`](crate::Server) that is cloned and built twice is two servers, and `begin` is called for each.
    pub fn on_start(mut self, begin: impl Fn(ServerHandle) + Send + Sync + 'static) -> Self {
        self.starts.push(Start(Arc::new(begin)));
        self
    }

    /// Leaves out every tool that does not say [`read_only`](Tool::read_only): what stays changes nothing.
    ///
    /// ```
    /// use holdall::{Components, prelude::*};
    ///
    /// /// How many letters a text has.
    /// #[tool(read_only)]
    /// fn count(text: String) -> usize {
    ///     text.chars().count()
    /// }
    ///
    /// /// Forget everything.
    /// #[tool]
    /// fn forget() {}
    ///
    /// let offered = Components::new().add(tools![count, forget]).only_reading();
    /// assert_eq!(Server::new("letters").add(offered).build()?.tool_names(), ["count"]);
    /// # Ok::<(), holdall::Error>(())
    /// ```
    pub fn only_reading(mut self) -> Self {
        self.tools
            .retain(|tool| tool.annotations.read_only_hint == Some(true));
        self
    }

    /// Leaves out the tools for which `keep` says no; it is given their names.
    pub fn retain_tools(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.tools.retain(|tool| keep(&tool.name));
        self
    }
}

/// A value that brings tools, resources and prompts to a server: a single [`Tool`], a list from
/// [`tools!`](crate::tools), or a struct whose `impl` block carries [`#[toolset]`](crate::toolset).
#[diagnostic::on_unimplemented(
    message = "`{Self}` brings no tools, resources or prompts",
    note = "pass `tools![…]`, `resources![…]` or `prompts![…]` with functions that carry `#[tool]`, `#[resource]` or `#[prompt]`; a `Tool`, `Resource` or `Prompt`; or a value whose `impl` block carries `#[toolset]`"
)]
pub trait Toolset {
    /// What it brings, in the order of listing.
    fn components(self) -> Components;
}

impl Toolset for Components {
    fn components(self) -> Components {
        self
    }
}

impl Toolset for Tool {
    fn components(self) -> Components {
        Components {
            tools: vec![self],
            ..Components::default()
        }
    }
}

impl Toolset for Resource {
    fn components(self) -> Components {
        Components {
            resources: vec![self],
            ..Components::default()
        }
    }
}

impl Toolset for Prompt {
    fn components(self) -> Components {
        Components {
            prompts: vec![self],
            ..Components::default()
        }
    }
}

impl<T: Toolset, const N: usize> Toolset for [T; N] {
    fn components(self) -> Components {
        self.into_iter().fold(Components::new(), Components::add)
    }
}

impl<T: Toolset> Toolset for Vec<T> {
    fn components(self) -> Components {
        self.into_iter().fold(Components::new(), Components::add)
    }
}

/// Implemented by [`#[tool]`](crate::tool) beside the function.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a tool", note = "put `#[tool]` on the function")]
pub trait ToolFunction {
    /// The tool the function makes.
    fn tool() -> Tool;
}

/// Implemented by [`#[resource]`](crate::resource) beside the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource",
    note = "put `#[resource(\"…\")]` on the function"
)]
pub trait ResourceFunction {
    /// The resource the function makes.
    fn resource() -> Resource;
}

/// Implemented by [`#[prompt]`](crate::prompt) beside the function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a prompt",
    note = "put `#[prompt]` on the function"
)]
pub trait PromptFunction {
    /// The prompt the function makes.
    fn prompt() -> Prompt;
}

/// The tools made from these functions, for [`Server::add`](crate::Server::add).
#[macro_export]
macro_rules! tools {
    ($($function:path),* $(,)?) => { [$(<$function as $crate::ToolFunction>::tool()),*] };
}

/// The resources made from these functions, for [`Server::add`](crate::Server::add).
#[macro_export]
macro_rules! resources {
    ($($function:path),* $(,)?) => { [$(<$function as $crate::ResourceFunction>::resource()),*] };
}

/// The prompts made from these functions, for [`Server::add`](crate::Server::add).
#[macro_export]
macro_rules! prompts {
    ($($function:path),* $(,)?) => { [$(<$function as $crate::PromptFunction>::prompt()),*] };
}
