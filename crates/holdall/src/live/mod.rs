//! A server that changes while it serves: what is offered, and who is told.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how a server is changed from within: [`ServerHandle`] |
//! | `change` | what is changed in one go: [`Change`] |
//! | `bounds` | how many may listen, and to how much: [`ListenerBounds`] |
//! | `hub` | who listens, to what, and what each has not been told yet |
//!
//! Not here: what is offered (`provider`), how listeners come and are written to (`service/subscriptions`).

mod bounds;
pub(crate) mod change;
pub(crate) mod hub;

use std::fmt;
use std::sync::{Arc, Weak};

pub use self::bounds::{
    ListenerBounds, STREAMS_MAX, STREAMS_PER_PRINCIPAL_MAX, WATCHES_MAX, WATCHES_PER_LISTENER_MAX,
    WATCHES_PER_PRINCIPAL_MAX,
};
pub use self::change::Change;
pub use self::hub::Listeners;
use crate::error::{Error, Result};
use crate::provider::tree::Tree;
use crate::toolset::Toolset;

/// A server as its own code sees it while it serves: what it offers can be changed, and clients be told.
///
/// From [`Service::handle`](crate::Service::handle) or [`Context::server`](crate::Context::server). Cloning is cheap.
/// A handle does not keep the server alive; once that is gone, changes fail and news are for nobody.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Learn a new trick: from now on there is a tool of that name.
/// #[tool]
/// fn learn(ctx: Context, trick: String) -> CallResult<String> {
///     let tool = Tool::new(&trick).blocking_handler(|_| Ok("ta-da"));
///     ctx.server()
///         .add(tool)
///         .map_err(|error| CallError::failed(error.to_string()))?;
///     Ok(format!("learnt {trick}"))
/// }
///
/// let service = Server::new("dog").add(tools![learn]).build()?;
/// let handle = service.handle();
/// handle.add(Resource::new("bowl://").blocking_handler(|_| Ok("full")))?;
/// handle.resource_updated("bowl://");
/// handle.remove_tool("learn")?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// Everything is checked as at the start, and a change that fails changes nothing. Calls under way finish with what
/// they were called with. Clients that should know hear of it: sessions of protocol versions up to 2025-11-25, and open
/// `subscriptions/listen` streams that asked for it; each only of what its principal may see. Nobody waits for a slow
/// client: what has not been delivered yet is merged with what comes next.
///
/// Each change puts everything that is offered together anew, which takes the longer the more there is: add many
/// components at once.
#[derive(Clone)]
pub struct ServerHandle {
    tree: Weak<Tree>,
    branch: usize,
}

impl ServerHandle {
    pub(crate) fn new(tree: Weak<Tree>, branch: usize) -> Self {
        Self { tree, branch }
    }

    /// Adds tools, resources and prompts, behind those there are.
    ///
    /// # Errors
    /// [`Error::Change`] with all mistakes at once: what [`Server::build`](crate::Server::build) would refuse, and
    /// names that are taken.
    pub fn add(&self, toolset: impl Toolset) -> Result<()> {
        self.apply(Change::new().add(toolset))
    }

    /// Adds tools, resources and prompts; each takes the place of the one that has its name or URI, if there is one.
    /// Who watches a resource that is replaced is told that it was updated.
    ///
    /// # Errors
    /// As [`ServerHandle::add`], but for names that are taken.
    pub fn replace(&self, toolset: impl Toolset) -> Result<()> {
        self.apply(Change::new().replace(toolset))
    }

    /// Removes a tool.
    ///
    /// # Errors
    /// [`Error::Change`] if this server has no such tool of its own.
    pub fn remove_tool(&self, name: impl Into<String>) -> Result<()> {
        self.apply(Change::new().remove_tool(name))
    }

    /// Removes a resource or a template, by its URI or URI template.
    ///
    /// # Errors
    /// [`Error::Change`] if this server has no such resource of its own.
    pub fn remove_resource(&self, uri: impl Into<String>) -> Result<()> {
        self.apply(Change::new().remove_resource(uri))
    }

    /// Removes a prompt.
    ///
    /// # Errors
    /// [`Error::Change`] if this server has no such prompt of its own.
    pub fn remove_prompt(&self, name: impl Into<String>) -> Result<()> {
        self.apply(Change::new().remove_prompt(name))
    }

    /// Makes several changes at once: clients see all of them or none.
    ///
    /// # Errors
    /// [`Error::Change`] with all mistakes at once.
    pub fn apply(&self, change: Change) -> Result<()> {
        match self.tree.upgrade() {
            Some(tree) => tree.change(self.branch, change),
            None => Err(Error::Change(vec!["the server has stopped".into()])),
        }
    }

    /// Says that a resource has new contents: who watches it reads it again. `uri` is that of a resource or of one that
    /// a template describes, as this server itself writes it; a URI nobody watches costs next to nothing.
    pub fn resource_updated(&self, uri: &str) {
        if let Some(tree) = self.tree.upgrade() {
            tree.resource_updated(self.branch, uri);
        }
    }

    /// Says that a template, given as it was declared, [lists](crate::Resource::list) other resources than before.
    pub fn listing_changed(&self, template: &str) {
        if let Some(tree) = self.tree.upgrade() {
            tree.listing_changed(self.branch, template);
        }
    }

    /// The server mounted into this one with the given prefix.
    pub fn mounted(&self, prefix: &str) -> Option<Self> {
        let branch = self.tree.upgrade()?.mounted(self.branch, prefix)?;
        Some(Self::new(self.tree.clone(), branch))
    }

    /// Whether the server is gone, with all its connections: nobody will ever hear of anything again.
    pub fn has_stopped(&self) -> bool {
        self.tree.strong_count() == 0
    }

    /// How many listen at the moment: for metrics.
    pub fn listeners(&self) -> Listeners {
        self.tree
            .upgrade()
            .map(|tree| tree.hub().listeners())
            .unwrap_or_default()
    }

    pub(crate) fn tree(&self) -> Option<Arc<Tree>> {
        self.tree.upgrade()
    }

    pub(crate) fn branch(&self) -> usize {
        self.branch
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle").finish_non_exhaustive()
    }
}
