//! What a server offers: its own components and those of servers mounted into it, put together to one catalogue.
//!
//! A provider is whatever gives a [`Catalogue`](catalogue::Catalogue): the registry of a server, or a server mounted
//! into another. Everything that changes what is offered (a namespace, a new name, a filter) makes a new catalogue of
//! an old one, and everything that lists, calls, reads, completes or listens looks into the same one. So a listing
//! and a call cannot disagree. A catalogue never changes; a change swaps it for another. What is offered elsewhere is
//! offered here by keeping a registry in step with it, through a [`ServerHandle`](crate::ServerHandle): looking up a
//! name never waits.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `catalogue` | what is there, in which order, and who may see it |
//! | `labels` | which tags and scopes a component has |
//! | `grant` | which scopes the operator asks for beside |
//! | `namespace` | what the components of a mounted server are called from outside |
//! | `registry` | which components are a server's own |
//! | `compose` | how registry, mounted servers, new names and filters become one catalogue |
//! | `tree` | which server is mounted where, and how a change reaches all that contain it |
//!
//! Not here: the public handle that changes things (`live`), how calls are made (`service`).

pub(crate) mod catalogue;
pub(crate) mod compose;
pub(crate) mod grant;
pub(crate) mod labels;
pub(crate) mod namespace;
pub(crate) mod registry;
pub(crate) mod tree;

use std::fmt;

use self::labels::Labels;
use crate::prompt::BuiltPrompt;
use crate::resource::BuiltResource;
use crate::tool::BuiltTool;

/// The kinds of component a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What a model may call.
    Tool,
    /// What a host may read: resources and templates of resources.
    Resource,
    /// What a person may ask for by name.
    Prompt,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        })
    }
}

/// What tools, resources and prompts have in common.
pub(crate) trait Component: Sized {
    const KIND: Kind;

    /// Its name, or the URI or URI template of a resource: what it is found by.
    fn key(&self) -> &str;

    /// Who may see it.
    fn labels(&self) -> &Labels;

    /// The same component, found by another key.
    fn with_key(&self, key: String) -> Result<Self, String>;

    /// The same component, asking for further scopes.
    fn with_scopes(&self, scopes: Vec<String>) -> Self;
}

impl Component for BuiltTool {
    const KIND: Kind = Kind::Tool;

    fn key(&self) -> &str {
        &self.listing.name
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn with_key(&self, key: String) -> Result<Self, String> {
        self.renamed(key)
    }

    fn with_scopes(&self, scopes: Vec<String>) -> Self {
        let mut scoped = self.clone();
        scoped.labels.add_scopes(scopes);
        scoped
    }
}

impl Component for BuiltPrompt {
    const KIND: Kind = Kind::Prompt;

    fn key(&self) -> &str {
        &self.listing.name
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn with_key(&self, key: String) -> Result<Self, String> {
        self.renamed(key)
    }

    fn with_scopes(&self, scopes: Vec<String>) -> Self {
        let mut scoped = self.clone();
        scoped.labels.add_scopes(scopes);
        scoped
    }
}

impl Component for BuiltResource {
    const KIND: Kind = Kind::Resource;

    fn key(&self) -> &str {
        &self.uri
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn with_key(&self, key: String) -> Result<Self, String> {
        self.moved(key)
    }

    fn with_scopes(&self, scopes: Vec<String>) -> Self {
        let mut scoped = self.clone();
        scoped.labels.add_scopes(scopes);
        scoped
    }
}
