//! [`Catalogue`]: everything that is offered at one moment, in order, found by name or URI, with who may see it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::ops::Deref;
use std::sync::Arc;

use super::labels::Labels;
use super::namespace::Namespace;
use super::{Component, Kind};
use crate::contract::nearest;
use crate::error::{CallError, CallResult};
use crate::live::ServerHandle;
use crate::principal::Principal;
use crate::prompt::BuiltPrompt;
use crate::protocol::JsonObject;
use crate::resource::BuiltResource;
use crate::state::States;
use crate::tasks::Rules;
use crate::tool::BuiltTool;

/// Everything a server offers at one moment.
#[derive(Default)]
pub(crate) struct Catalogue {
    pub(crate) tools: Shelf<BuiltTool>,
    pub(crate) prompts: Shelf<BuiltPrompt>,
    /// Resources at a fixed URI.
    pub(crate) resources: Shelf<BuiltResource>,
    pub(crate) templates: Shelf<BuiltResource>,
}

/// The components of one kind, in the order of listing.
pub(crate) struct Shelf<T> {
    items: Vec<Offered<T>>,
    by_key: HashMap<String, usize>,
    /// Whether any of them asks for a scope, so that not everybody sees the same.
    scoped: bool,
}

/// A component as it is offered.
pub(crate) struct Offered<T> {
    item: Arc<T>,
    /// Tells it from every other that is or was offered.
    id: u64,
    /// The server it belongs to.
    pub(crate) home: Arc<Home>,
    /// What lies between that server and this catalogue, if it is mounted.
    route: Option<Arc<Namespace>>,
}

/// What the functions of one server share.
pub(crate) struct Home {
    pub(crate) states: States,
    pub(crate) server: ServerHandle,
}

impl Catalogue {
    /// The resource or template `uri` belongs to, and its variables. A fixed URI is more precise than any template
    /// that happens to fit it.
    pub(crate) fn resource(
        &self,
        uri: &str,
        principal: &Principal,
    ) -> CallResult<(&Offered<BuiltResource>, JsonObject)> {
        let mut forbidden = None;
        for (resource, variables) in self.candidates(uri) {
            if resource.labels.allow(principal) {
                return Ok((resource, variables?));
            }
            forbidden.get_or_insert(resource);
        }
        if let Some(resource) = forbidden {
            return Err(insufficient_scope(
                Kind::Resource,
                uri,
                &resource.labels,
                principal,
            ));
        }
        let error = CallError::not_found(format!("there is no resource `{uri}`"));
        let visible = self
            .resources
            .visible(principal)
            .chain(self.templates.visible(principal));
        Err(
            match nearest(uri, visible.map(|resource| resource.uri.as_str())) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error,
            },
        )
    }

    /// What every spelling of a resource's URI has in common: `note://a%20b.md` and `note://a b.md` are one resource of
    /// `note://{+path}`.
    pub(crate) fn identity(&self, uri: &str, principal: &Principal) -> CallResult<String> {
        let (resource, variables) = self.resource(uri, principal)?;
        Ok(identity(resource, variables))
    }

    /// The identities of all resources a URI belongs to, and who may see each. Several only if templates overlap.
    pub(crate) fn identities(&self, uri: &str) -> impl Iterator<Item = (String, &Labels)> {
        self.candidates(uri)
            .filter_map(|(resource, variables)| Some((identity(resource, variables.ok()?), &resource.labels)))
    }

    fn candidates(
        &self,
        uri: &str,
    ) -> impl Iterator<Item = (&Offered<BuiltResource>, CallResult<JsonObject>)> {
        let fixed = self
            .resources
            .get(uri)
            .map(|resource| (resource, Ok(JsonObject::new())));
        let templates = self.templates.iter();
        fixed
            .into_iter()
            .chain(templates.filter_map(move |template| Some((template, template.variables_of(uri)?))))
    }

    /// The resource or template that is written exactly `uri`.
    pub(crate) fn declared(&self, uri: &str, principal: &Principal) -> CallResult<&Offered<BuiltResource>> {
        let shelf = if self.resources.get(uri).is_some() {
            &self.resources
        } else {
            &self.templates
        };
        shelf.find(uri, principal)
    }

    /// Every scope anything asks for, in order.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let scopes = self.labels().flat_map(|labels| labels.scopes.iter());
        let scopes: BTreeSet<&String> = scopes.collect();
        scopes.into_iter().cloned().collect()
    }

    /// Whether `principal` may not see all there is.
    pub(crate) fn withholds_from(&self, principal: &Principal) -> bool {
        self.labels().any(|labels| !labels.allow(principal))
    }

    /// The labels of all that may ask for scopes.
    fn labels(&self) -> impl Iterator<Item = &Labels> {
        let tools = self.tools.scoped().map(Component::labels);
        let prompts = self.prompts.scoped().map(Component::labels);
        let resources = self.resources.scoped().chain(self.templates.scoped());
        tools.chain(prompts).chain(resources.map(Component::labels))
    }

    /// Whether any argument or variable can be completed.
    pub(crate) fn has_completers(&self) -> bool {
        let templates = self
            .templates
            .iter()
            .any(|template| !template.completers.is_empty());
        templates || self.prompts.iter().any(|prompt| !prompt.completers.is_empty())
    }

    /// Whether anything looks at the context of its call, and so can write into the client's log.
    pub(crate) fn may_log(&self) -> bool {
        !self.resources.is_empty()
            || !self.templates.is_empty()
            || !self.prompts.is_empty()
            || self.tools.iter().any(|tool| !tool.without_context)
    }

    /// The tools whose calls can become tasks.
    pub(crate) fn task_tools(&self) -> impl Iterator<Item = (&str, &Rules)> {
        let tools = self.tools.iter();
        tools.filter_map(|tool| Some((tool.listing.name.as_ref(), tool.task.as_ref()?)))
    }

    /// Whether anything of this kind is offered, to anybody.
    pub(crate) fn offers(&self, kind: Kind) -> bool {
        match kind {
            Kind::Tool => !self.tools.is_empty(),
            Kind::Resource => !self.resources.is_empty() || !self.templates.is_empty(),
            Kind::Prompt => !self.prompts.is_empty(),
        }
    }
}

impl<T: Component> Shelf<T> {
    /// Adds a component behind the others. The caller has made sure that its key is free.
    pub(crate) fn push(&mut self, offered: Offered<T>) {
        self.scoped |= !offered.labels().scopes.is_empty();
        self.by_key.insert(offered.key().to_owned(), self.items.len());
        self.items.push(offered);
    }

    /// The component with this key, whoever may see it.
    pub(crate) fn get(&self, key: &str) -> Option<&Offered<T>> {
        self.position(key).and_then(|index| self.items.get(index))
    }

    /// The component with this key, if `principal` may use it.
    ///
    /// What exists but asks for more scopes is not passed off as missing: a client that is told which scopes it lacks
    /// can ask its user for them, and the names are in the documentation of the server anyway.
    pub(crate) fn find(&self, key: &str, principal: &Principal) -> CallResult<&Offered<T>> {
        match self.get(key) {
            Some(offered) if offered.labels().allow(principal) => Ok(offered),
            Some(offered) => Err(insufficient_scope(T::KIND, key, offered.labels(), principal)),
            None => Err(self.unknown(key, principal)),
        }
    }

    fn unknown(&self, key: &str, principal: &Principal) -> CallError {
        let kind = T::KIND;
        let error = CallError::not_found(format!("there is no {kind} `{key}`"));
        match nearest(key, self.visible(principal).map(|known| known.key())) {
            Some(known) => error.hint(format!("did you mean `{known}`?")),
            None => error.hint(format!("{kind}s/list shows what there is")),
        }
    }

    /// Where the component with this key stands in the order of listing.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// All components, whoever may see them.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Offered<T>> {
        self.items.iter()
    }

    /// The components `principal` may see.
    pub(crate) fn visible(&self, principal: &Principal) -> impl Iterator<Item = &Offered<T>> {
        self.items
            .iter()
            .filter(|offered| offered.labels().allow(principal))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The components, if any of them asks for scopes.
    fn scoped(&self) -> impl Iterator<Item = &T> {
        let items = if self.scoped { self.items.as_slice() } else { &[] };
        items.iter().map(|offered| &**offered)
    }

    /// Whether different callers may see different components.
    pub(crate) fn is_scoped(&self) -> bool {
        self.scoped
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            by_key: HashMap::new(),
            scoped: false,
        }
    }
}

impl<T: Component> Offered<T> {
    /// A component of `home`, newly offered.
    pub(crate) fn new(item: T, id: u64, home: Arc<Home>) -> Self {
        Self {
            item: Arc::new(item),
            id,
            home,
            route: None,
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The same component under another name.
    pub(crate) fn renamed(&self, key: &str) -> Result<Self, String> {
        Ok(Self {
            item: Arc::new(self.item.with_key(key.to_owned())?),
            ..self.clone()
        })
    }

    /// The same component, asking for further scopes.
    pub(crate) fn scoped(&self, scopes: Vec<String>) -> Self {
        Self {
            item: Arc::new(self.item.with_scopes(scopes)),
            ..self.clone()
        }
    }

    /// The same component as seen from a server in which its own is mounted.
    pub(crate) fn mounted(&self, namespace: &Namespace) -> Result<Self, String> {
        if namespace.renames_nothing() {
            return Ok(self.clone());
        }
        let route = match &self.route {
            Some(route) => route.within(namespace),
            None => namespace.clone(),
        };
        Ok(Self {
            route: Some(Arc::new(route)),
            ..self.renamed(&namespace.key(T::KIND, self.key()))?
        })
    }

    /// What lies between the component's own server and the catalogue it is in.
    pub(crate) fn route(&self) -> Option<&Namespace> {
        self.route.as_deref()
    }

    /// How clients know a URI by which the component's own server refers to one of its resources; `None` if they know
    /// it by the same, or it is nothing of that server.
    pub(crate) fn outward(&self, uri: &str) -> Option<String> {
        let route = self.route.as_deref()?;
        let server = &self.home.server;
        let tree = server.tree()?;
        let is_own = tree
            .catalogue_of(server.branch())
            .identities(uri)
            .next()
            .is_some();
        is_own.then(|| route.uri(uri))
    }
}

impl<T> Clone for Offered<T> {
    fn clone(&self) -> Self {
        Self {
            item: Arc::clone(&self.item),
            id: self.id,
            home: Arc::clone(&self.home),
            route: self.route.clone(),
        }
    }
}

impl<T> Deref for Offered<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

fn identity(resource: &BuiltResource, variables: JsonObject) -> String {
    let mut identity = resource.uri.clone();
    // Variables of the query may come in any order. No URI has a space, so this is never that of a fixed one.
    for (name, value) in variables.into_iter().collect::<BTreeMap<_, _>>() {
        let _ = write!(identity, " {name} {value}");
    }
    identity
}

fn insufficient_scope(kind: Kind, key: &str, labels: &Labels, principal: &Principal) -> CallError {
    CallError::insufficient_scope(&format!("the {kind} `{key}`"), labels.missing(principal))
}
