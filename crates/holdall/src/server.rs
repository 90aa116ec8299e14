//! [`Server`]: what a server offers, put together and checked before the first call.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{Cache, milliseconds};
use crate::error::{Error, Result};
use crate::interaction::Choices;
use crate::live::ListenerBounds;
use crate::observe::{Observer, Observers};
use crate::provider::Kind;
use crate::provider::compose::{Rename, View};
use crate::provider::grant::Grant;
use crate::provider::tree::{Plan, Tree};
use crate::service::Service;
use crate::state::States;
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
    view: View,
    mounts: Vec<(String, Server)>,
    offers_later: Vec<Kind>,
    page_size: usize,
    list_ttl: Duration,
    list_cache: Cache,
    /// Given if the server is to have tasks whatever its tools are.
    pub(crate) tasks: Option<TaskOptions>,
    observers: Observers,
    listener_bounds: ListenerBounds,
}

/// What the server does beside offering components.
pub(crate) struct Settings {
    /// How many entries a page of a list has.
    pub(crate) page_size: usize,
    /// How long clients may keep lists.
    pub(crate) list_ttl_ms: u64,
    /// Who may share lists that are the same for everybody.
    pub(crate) list_cache: Cache,
    /// The kinds of component clients are told of, whether there are any at the moment or not.
    pub(crate) declared: Vec<Kind>,
    /// How functions ask clients.
    pub(crate) interaction: Arc<crate::interaction::Settings>,
    /// The tasks, if tools can become some.
    pub(crate) tasks: Option<Board>,
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
            interaction: Choices::default(),
            view: View::default(),
            mounts: Vec::new(),
            offers_later: Vec::new(),
            page_size: PAGE_SIZE,
            list_ttl: Duration::ZERO,
            list_cache: Cache::default(),
            tasks: None,
            observers: Observers::default(),
            listener_bounds: ListenerBounds::default(),
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

    /// Offers everything another server offers, too, under names with a prefix.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// #[tool]
    /// fn search(text: String) -> String {
    ///     format!("nothing about {text}")
    /// }
    ///
    /// #[resource("note://{+path}")]
    /// fn note(path: String) -> String {
    ///     format!("the note {path}")
    /// }
    ///
    /// let notes = Server::new("notes").add(tools![search]).add(resources![note]);
    /// let service = Server::new("all").mount("notes", notes).build()?;
    /// assert_eq!(service.tool_names(), ["notes_search"]);
    /// // The note is now at `notes+note://…`.
    /// # Ok::<(), holdall::Error>(())
    /// ```
    ///
    /// - Tools and prompts become `prefix_name`. The prefix is made of letters, digits, `_`, `-` and `.`, a letter first;
    ///   the whole name has at most 128 characters. An empty prefix renames nothing.
    /// - Resources and templates get the prefix in front of their scheme, in lower case and with `-` for `_`:
    ///   `note://{+path}` becomes `notes+note://{+path}`. Host, path, query and variables mean what they meant. Schemes
    ///   that mean the same everywhere (`http`, `https`, `file`, `git`, and `ui` and `skill` of the protocol's
    ///   extensions) are kept. Links and embedded resources in results are rewritten in the same way.
    /// - The functions of the mounted server know nothing of it: they have the states of their own server, and
    ///   [`Context::server`](crate::Context::server) is a handle to it, which speaks of its own names.
    /// - Its instructions are added to those of this server. Its name, version and title are not used.
    ///
    /// Own components are listed first, then those of each mounted server. What would have the same name is an error of
    /// [`Server::build`] that names both.
    pub fn mount(mut self, prefix: impl Into<String>, server: Self) -> Self {
        self.mounts.push((prefix.into(), server));
        self
    }

    /// Offers a tool under another name, which may come from a mounted server.
    pub fn rename_tool(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.rename(Kind::Tool, from.into(), to.into())
    }

    /// Offers a prompt under another name, which may come from a mounted server.
    pub fn rename_prompt(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.rename(Kind::Prompt, from.into(), to.into())
    }

    fn rename(mut self, kind: Kind, from: String, to: String) -> Self {
        self.view.renames.push(Rename { kind, from, to });
        self
    }

    /// Offers only components with one of these tags, of its own and of mounted servers; untagged ones are left out. What
    /// is left out is neither listed nor found. Called again, it adds tags. Without any tag nothing is offered.
    ///
    /// A tag that nothing has is an error of [`Server::build`], unless the server [offers more
    /// later](Server::offers_later).
    pub fn only_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let only = self.view.only_tags.get_or_insert_default();
        only.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Leaves out components with one of these tags, of its own and of mounted servers, as [`Server::only_tags`] does.
    pub fn without_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.view.without_tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Asks for a scope wherever one of the patterns matches: whoever lacks it neither sees nor may use what is matched,
    /// whatever its author asks for. What several grants match asks for all their scopes, so a grant never opens
    /// anything.
    ///
    /// Patterns match the names of tools and prompts, and URIs or URI templates as they are listed, with the prefixes and
    /// new names they have here: `*` stands for anything but `/`, `**` for anything at all. One that matches nothing is an
    /// error of [`Server::build`], unless the server [offers more later](Server::offers_later).
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Search the notes.
    /// #[tool]
    /// fn search_notes(query: String) -> String {
    ///     format!("nothing about {query}")
    /// }
    ///
    /// let service = Server::new("notes")
    ///     .add(tools![search_notes])
    ///     .grant("notes:read", ["search_*"])
    ///     .build()?;
    /// assert_eq!(service.scopes(), ["notes:read"]);
    /// # Ok::<(), holdall::Error>(())
    /// ```
    pub fn grant(
        mut self,
        scope: impl Into<String>,
        patterns: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        match Grant::parse(scope.into(), patterns) {
            Ok(grant) => self.view.grants.push(grant),
            Err(problems) => self.view.problems.extend(problems),
        }
        self
    }

    /// Says that there will be components of these kinds, though there are none yet: they are added while the server
    /// serves, through a [`ServerHandle`](crate::ServerHandle). Clients ask only for what a server has told them of when
    /// they connected.
    pub fn offers_later(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.offers_later.extend(kinds);
        self
    }

    /// How many tools, prompts, resources or templates are listed at once; the rest comes page by page. Default: 1000,
    /// because many clients ask for the first page only.
    pub fn page_size(mut self, entries: usize) -> Self {
        self.page_size = entries;
        self
    }

    /// How long clients may take the lists of tools, prompts, resources and templates for fresh. Default: not at all.
    /// Told to clients of protocol 2026-07-28; those that listen to changes still hear of them at once.
    pub fn list_ttl(mut self, ttl: Duration) -> Self {
        self.list_ttl = ttl;
        self
    }

    /// Who may share these lists from a cache. Default: [`Cache::Private`]. A gateway may show a public list also to
    /// those whom the server would not let in. Lists that are not the same for everybody are private whatever is said
    /// here: those in which anything asks for scopes, and what templates [list](crate::Resource::list).
    pub fn list_cache(mut self, cache: Cache) -> Self {
        self.list_cache = cache;
        self
    }

    /// How many clients may listen to changes, and to how much. Default: those of [`ListenerBounds`].
    ///
    /// Those of a server that is [mounted](Server::mount) are not used: clients listen to the server that serves.
    pub fn listener_bounds(mut self, bounds: ListenerBounds) -> Self {
        self.listener_bounds = bounds;
        self
    }

    /// Tells somebody of every call. Called again, it adds another.
    ///
    /// Observers of a server that is [mounted](Server::mount) are not used: calls come to the server that serves.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.observers = self.observers.with(Arc::new(observer));
        self
    }

    /// Checks everything and compiles every schema.
    ///
    /// # Errors
    /// [`Error::Build`] with all mistakes at once: names that are invalid or taken, schemas and templates that
    /// make no sense, states that are missing.
    pub fn build(self) -> Result<Service> {
        let mut identity = self.identity.clone();
        identity.instructions = self.joined_instructions();
        let mut declared = self.announced();
        let (page_size, list_ttl_ms, list_cache) =
            (self.page_size, milliseconds(self.list_ttl), self.list_cache);
        let none_fit = "the page size is 0, so no list would ever end: choose 1 or more";
        let mut problems: Vec<String> = (page_size == 0).then(|| none_fit.into()).into_iter().collect();
        let (observers, listener_bounds) = (self.observers.clone(), self.listener_bounds);
        let interaction = self.interaction.clone().settle(&identity.name, &mut problems);
        let (options, has_tasks) = (self.tasks.clone().unwrap_or_default(), self.has_tasks());
        let tree = Tree::build(self.plan());
        let tasks = match &tree {
            Ok((tree, _)) if has_tasks || tree.catalogue().task_tools().next().is_some() => {
                tree.take_tasks(options.clone());
                Some(Board::build(
                    options,
                    tree.catalogue().task_tools(),
                    &mut problems,
                ))
            }
            _ => None,
        };
        let ((tree, starts), interaction) = match (tree, interaction) {
            (Ok(planted), Some(interaction)) if problems.is_empty() => (planted, interaction),
            (tree, _) => {
                problems.extend(tree.err().into_iter().flatten());
                return Err(Error::Build(problems));
            }
        };
        let offered = [Kind::Tool, Kind::Resource, Kind::Prompt];
        declared.extend(offered.into_iter().filter(|kind| tree.catalogue().offers(*kind)));
        let settings = Settings {
            page_size,
            list_ttl_ms,
            list_cache,
            declared,
            interaction: Arc::new(interaction),
            tasks,
        };
        tree.hub().bound(listener_bounds);
        starts.begin(&tree);
        Ok(Service::new(identity, settings, tree, observers))
    }

    fn plan(self) -> Plan {
        let offers_later = !self.announced().is_empty();
        let mounts = self.mounts.into_iter();
        Plan {
            components: self.components,
            states: self.states,
            view: self.view,
            mounts: mounts.map(|(prefix, server)| (prefix, server.plan())).collect(),
            offers_later,
        }
    }

    /// What this server, or one mounted into it, says will come.
    fn announced(&self) -> Vec<Kind> {
        let mounted = self.mounts.iter().flat_map(|(_, server)| server.announced());
        self.offers_later.iter().copied().chain(mounted).collect()
    }

    /// Whether this server, or one mounted into it, says that it has tasks.
    fn has_tasks(&self) -> bool {
        self.tasks.is_some() || self.mounts.iter().any(|(_, server)| server.has_tasks())
    }

    /// The instructions of this server, and of those mounted into it with what they are about.
    fn joined_instructions(&self) -> Option<String> {
        let mut parts = Vec::new();
        self.collect_instructions("", &mut parts);
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }

    fn collect_instructions(&self, prefix: &str, parts: &mut Vec<String>) {
        parts.extend(self.identity.instructions.as_ref().map(|text| {
            if prefix.is_empty() {
                text.clone()
            } else {
                format!("About what is named `{prefix}…`:\n{text}")
            }
        }));
        for (inner, server) in &self.mounts {
            let separator = if inner.is_empty() { "" } else { "_" };
            server.collect_instructions(&format!("{prefix}{inner}{separator}"), parts);
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
