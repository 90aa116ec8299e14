//! [`Server`]: what a server offers, put together and checked before the first call.

use crate::error::{Error, Result};
use crate::provider::Kind;
use crate::provider::compose::View;
use crate::provider::tree::{Plan, Tree};
use crate::service::Service;
use crate::state::States;
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
    offers_later: Vec<Kind>,
}

/// What the server does beside offering components.
pub(crate) struct Settings {
    /// How many entries a page of a list has.
    pub(crate) page_size: usize,
    /// The kinds of component clients are told of, whether there are any at the moment or not.
    pub(crate) declared: Vec<Kind>,
}

/// How many entries a page of a list has: few clients ask for a second page.
const PAGE_SIZE: usize = 1000;

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
            offers_later: Vec::new(),
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

    /// Says that there will be components of these kinds, though there are none yet: they are added while the server
    /// serves, through a [`ServerHandle`](crate::ServerHandle). Clients ask only for what a server has told them of when
    /// they connected.
    pub fn offers_later(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.offers_later.extend(kinds);
        self
    }

    /// Checks everything and compiles every schema.
    ///
    /// # Errors
    /// [`Error::Build`] with all mistakes at once: names that are invalid or taken, schemas and templates that
    /// make no sense, states that are missing.
    pub fn build(self) -> Result<Service> {
        let (identity, mut declared, plan) = self.plan();
        let tree = Tree::build(plan).map_err(Error::Build)?;
        let offered = [Kind::Tool, Kind::Resource, Kind::Prompt];
        declared.extend(offered.into_iter().filter(|kind| tree.catalogue().offers(*kind)));
        let settings = Settings {
            page_size: PAGE_SIZE,
            declared,
        };
        Ok(Service::new(identity, settings, tree))
    }

    fn plan(self) -> (Identity, Vec<Kind>, Plan) {
        let Self {
            identity,
            components,
            states,
            offers_later,
        } = self;
        let plan = Plan {
            components,
            states,
            view: View::default(),
            mounts: Vec::new(),
            offers_later: !offers_later.is_empty(),
        };
        (identity, offers_later, plan)
    }

    /// Serves on standard input and output until the client closes the input.
    ///
    /// # Errors
    /// As [`Server::build`], and [`Error::Transport`] if the client does not speak the protocol.
    pub async fn run(self) -> Result<()> {
        crate::stdio::serve(self.build()?).await
    }
}
