//! Resources: what a host may read by URI. One at a fixed URI, or a family described by a URI template.
//!
//! Here: the builder and what it makes.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `template` | which variables a URI has, read by a template |
//! | `page` | what a listing of concrete resources consists of |

mod page;
mod template;

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{Annotations, ReadResourceResult, Role};

use crate::about::{About, common_methods};
use crate::argument::Argument;
use crate::cache::{Cache, milliseconds};
use crate::call::{Call, Handler};
use crate::completion::Completer;
use crate::contract::Contract;
use crate::error::{CallError, CallResult};
use crate::pipeline::TIMEOUT;
use crate::protocol::JsonObject;
use crate::provider::labels::Labels;
use crate::reply::{IntoResourceBody, ResourceBody};
use crate::schema::header;
use crate::state::RequiredState;
use crate::tool::tags_meta;
use template::Template;

pub use page::{Entry, Page};

/// The largest contents of a resource unless its author says otherwise: 16 MiB.
const CONTENTS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A resource, or a template of resources: URI and the function that reads it. `#[resource]` makes these from
/// functions.
///
/// ```
/// use holdall::prelude::*;
///
/// let profile = Resource::new("user://{user_id}/profile")
///     .mime_type("application/json")
///     .variable(Argument::of::<u64>("user_id"))
///     .handler(async |mut call: Call| {
///         let id: u64 = call.take("user_id")?;
///         Ok(Json(serde_json::json!({ "id": id })))
///     });
/// Server::new("users").add(profile).build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
#[derive(Clone)]
pub struct Resource {
    pub(crate) uri: String,
    name: Option<String>,
    about: About,
    mime_type: Option<String>,
    size: Option<u64>,
    hints: Annotations,
    ttl: Duration,
    cache: Cache,
    variables: Vec<Argument>,
    labels: Labels,
    timeout: Duration,
    contents_bytes_max: usize,
    handler: Option<Handler<ResourceBody>>,
    lister: Option<Handler<Page>>,
    completers: Vec<(String, Completer)>,
    pub(crate) states: Vec<RequiredState>,
}

impl Resource {
    /// A resource at a fixed URI, or with `{variables}` a template (RFC 6570, levels 1 to 3).
    ///
    /// Variable values are percent-decoded and refused if they contain `..`, start with `/` or hide a
    /// separator; `{+path}` may span several segments.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: None,
            about: About::default(),
            mime_type: None,
            size: None,
            hints: Annotations::default(),
            ttl: Duration::ZERO,
            cache: Cache::default(),
            variables: Vec::new(),
            labels: Labels::default(),
            timeout: TIMEOUT,
            contents_bytes_max: CONTENTS_BYTES_MAX,
            handler: None,
            lister: None,
            completers: Vec::new(),
            states: Vec::new(),
        }
    }

    /// The name in listings. Default: the URI.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    common_methods!();

    /// What the resource is.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.about.description = Some(text.into());
        self
    }

    /// Its MIME type. Default: `text/plain` for text, `application/json` for [`crate::Json`],
    /// `application/octet-stream` for bytes.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Its size in bytes, for listing. Default: unsaid.
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Meant for the user. Default: nobody is named, and clients choose.
    pub fn for_user(self) -> Self {
        self.for_role(Role::User)
    }

    /// Meant for the assistant. Default: nobody is named, and clients choose.
    pub fn for_assistant(self) -> Self {
        self.for_role(Role::Assistant)
    }

    /// How much it matters, from 0 (could be left out) to 1 (needed); what lies outside is moved to the nearer end.
    pub fn priority(mut self, priority: f32) -> Self {
        self.hints.priority = Some(if priority.is_nan() {
            0.0
        } else {
            priority.clamp(0.0, 1.0)
        });
        self
    }

    /// When it last changed, in ISO 8601: `2026-01-31T12:30:00Z`.
    pub fn last_modified(mut self, time: impl Into<String>) -> Self {
        self.hints.last_modified = Some(time.into());
        self
    }

    /// How long a client may take what it has read for fresh. Default: not at all.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Who may share what a client has read from a cache. Default: [`Cache::Private`], which it also is, whatever is said
    /// here, if the resource asks for scopes.
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = cache;
        self
    }

    /// Describes a variable of the template; variables not described are strings.
    pub fn variable(mut self, variable: Argument) -> Self {
        self.variables.push(variable);
        self
    }

    /// The largest contents in bytes. Default: 16 MiB.
    pub fn max_result_bytes(mut self, bytes: usize) -> Self {
        self.contents_bytes_max = bytes;
        self
    }

    /// Lists the resources of a template: a blocking function from a cursor (`None` at first) to a page.
    pub fn list<F>(mut self, function: F) -> Self
    where
        F: Fn(Option<&str>, &Call) -> CallResult<Page> + Send + Sync + 'static,
    {
        self.lister = Some(Handler::from_blocking(move |mut call| {
            let cursor: Option<String> = call.take("cursor")?;
            function(cursor.as_deref(), &call)
        }));
        self
    }

    /// Suggests values for a variable while a person types.
    pub fn complete(mut self, variable: impl Into<String>, completer: Completer) -> Self {
        self.completers.push((variable.into(), completer));
        self
    }

    /// The asynchronous function that reads the resource.
    pub fn handler<F, Fut, R, M>(mut self, function: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = CallResult<R>> + Send + 'static,
        R: IntoResourceBody<M>,
    {
        self.handler = Some(Handler::from_async(move |call| {
            let reply = function(call);
            async move { reply.await?.into_resource_body() }
        }));
        self
    }

    /// The blocking function that reads the resource.
    pub fn blocking_handler<F, R, M>(mut self, function: F) -> Self
    where
        F: Fn(Call) -> CallResult<R> + Send + Sync + 'static,
        R: IntoResourceBody<M>,
    {
        self.handler = Some(Handler::from_blocking(move |call| {
            function(call)?.into_resource_body()
        }));
        self
    }

    fn for_role(mut self, role: Role) -> Self {
        let audience = self.hints.audience.get_or_insert_default();
        if !audience.contains(&role) {
            audience.push(role);
        }
        self
    }

    pub(crate) fn build(mut self) -> Result<BuiltResource, Vec<String>> {
        let mut problems: Vec<String> = self.labels.problems().collect();
        problems.extend(self.about.problems());
        problems.extend(misplaced_headers(&self.variables));
        let address = Address::parse(&self.uri)
            .map_err(|problem| problems.push(problem))
            .ok();
        if let Some(Address::Template(template)) = &address {
            self.describe_variables(template, &mut problems);
        } else if !self.variables.is_empty() {
            problems.push("it describes variables, but its URI has none".into());
        }
        let contract = Contract::of_arguments(&self.variables)
            .map_err(|found| problems.extend(found))
            .ok();
        if self.handler.is_none() {
            problems.push("it has no handler: call `.handler(…)`".into());
        }
        match (address, contract, self.handler) {
            (Some(address), Some(contract), Some(handler)) if problems.is_empty() => Ok(BuiltResource {
                name: self.name.unwrap_or_else(|| self.uri.clone()),
                uri: self.uri,
                meta: tags_meta(&self.labels.tags),
                labels: self.labels,
                about: self.about,
                mime_type: self.mime_type,
                size: self.size,
                hints: (self.hints != Annotations::default()).then_some(self.hints),
                ttl_ms: milliseconds(self.ttl),
                cache: self.cache,
                address,
                contract: Arc::new(contract),
                handler,
                lister: self.lister,
                completers: self.completers,
                timeout: self.timeout,
                contents_bytes_max: self.contents_bytes_max,
            }),
            _ => Err(problems),
        }
    }

    fn describe_variables(&mut self, template: &Template, problems: &mut Vec<String>) {
        for variable in &self.variables {
            if !template.variables().any(|name| name == variable.name()) {
                problems.push(format!("`{}` is no variable of `{template}`", variable.name()));
            }
        }
        for name in template.variables() {
            if !self.variables.iter().any(|variable| variable.name() == name) {
                let variable = Argument::of::<String>(name);
                let optional = template.query_variables().iter().any(|query| query == name);
                self.variables
                    .push(if optional { variable.optional() } else { variable });
            }
        }
        for (name, _) in &self.completers {
            if !template.variables().any(|variable| variable == name) {
                problems.push(format!(
                    "it completes `{name}`, which is no variable of `{template}`"
                ));
            }
        }
    }
}

/// Where a resource is found.
#[derive(Clone)]
enum Address {
    Fixed,
    Template(Template),
}

impl Address {
    fn parse(uri: &str) -> Result<Self, String> {
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !valid {
            return Err(format!(
                "`{uri}` is not a URI: it needs a scheme, such as `note://…`"
            ));
        }
        if Template::has_variables(uri) {
            Template::parse(uri).map(Self::Template)
        } else {
            Ok(Self::Fixed)
        }
    }
}

/// A resource ready to be listed and read.
#[derive(Clone)]
pub(crate) struct BuiltResource {
    pub(crate) uri: String,
    pub(crate) name: String,
    about: About,
    mime_type: Option<String>,
    size: Option<u64>,
    hints: Option<Annotations>,
    meta: Option<rmcp::model::MetaObject>,
    pub(crate) labels: Labels,
    ttl_ms: u64,
    cache: Cache,
    address: Address,
    pub(crate) contract: Arc<Contract>,
    pub(crate) handler: Handler<ResourceBody>,
    pub(crate) lister: Option<Handler<Page>>,
    pub(crate) completers: Vec<(String, Completer)>,
    pub(crate) timeout: Duration,
    pub(crate) contents_bytes_max: usize,
}

impl BuiltResource {
    /// The same resource at another URI, which has the same variables.
    pub(crate) fn moved(&self, uri: String) -> Result<Self, String> {
        let mut moved = self.clone();
        moved.address = Address::parse(&uri)?;
        // A resource without a name of its own is called by its URI.
        if moved.name == moved.uri {
            moved.name.clone_from(&uri);
        }
        moved.uri = uri;
        Ok(moved)
    }

    /// The variables in `uri` if it belongs to this resource.
    pub(crate) fn variables_of(&self, uri: &str) -> Option<CallResult<JsonObject>> {
        match &self.address {
            Address::Fixed => (self.uri == uri).then(|| Ok(JsonObject::new())),
            Address::Template(template) => template.matches(uri).map(|values| match values {
                Ok(values) => Ok(values
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect()),
                Err(refused) => Err(CallError::invalid_arguments(format!(
                    "`{uri}` is not a valid address: {}",
                    refused.0
                ))),
            }),
        }
    }

    pub(crate) fn is_template(&self) -> bool {
        matches!(self.address, Address::Template(_))
    }

    pub(crate) fn mime_type(&self) -> Option<&str> {
        self.mime_type.as_deref()
    }

    /// The result of a read, with what is said about caching it.
    pub(crate) fn hinted(&self, result: ReadResourceResult) -> ReadResourceResult {
        let scope = self.cache.scope(!self.labels.scopes.is_empty());
        result.with_ttl_ms(self.ttl_ms).with_cache_scope(scope)
    }

    /// Its line in `resources/list`.
    pub(crate) fn listing(&self) -> rmcp::model::Resource {
        let mut listing = rmcp::model::Resource::new(&self.uri, &self.name);
        listing.title = self.about.title.clone();
        listing.description = self.about.description.clone();
        listing.mime_type = self.mime_type.clone();
        listing.size = self.size;
        listing.icons = self.about.icons();
        listing.annotations = self.hints.clone();
        listing.meta = self.meta.clone();
        self.about.complete_meta(&mut listing.meta);
        listing
    }

    /// The line of one of its concrete resources in `resources/list`.
    pub(crate) fn entry(&self, entry: Entry) -> rmcp::model::Resource {
        let mut listing = rmcp::model::Resource::new(entry.uri, entry.name);
        listing.title = entry.title;
        listing.description = entry.description;
        listing.size = entry.size;
        listing.mime_type = entry.mime_type.or_else(|| self.mime_type.clone());
        listing.icons = self.about.icons();
        listing.annotations = self.hints.clone();
        if let Some(time) = entry.last_modified {
            listing.annotations.get_or_insert_default().last_modified = Some(time);
        }
        listing
    }

    /// Its line in `resources/templates/list`.
    pub(crate) fn template_listing(&self) -> rmcp::model::ResourceTemplate {
        let mut listing = rmcp::model::ResourceTemplate::new(&self.uri, &self.name);
        listing.title = self.about.title.clone();
        listing.description = self.about.description.clone();
        listing.mime_type = self.mime_type.clone();
        listing.icons = self.about.icons();
        listing.annotations = self.hints.clone();
        listing.meta = self.meta.clone();
        self.about.complete_meta(&mut listing.meta);
        listing
    }
}

/// Only the arguments of tools travel in headers.
pub(crate) fn misplaced_headers(arguments: &[Argument]) -> impl Iterator<Item = String> {
    arguments
        .iter()
        .filter(|argument| header::any(argument.schema()))
        .map(|argument| {
            format!(
                "argument `{}`: only the arguments of tools travel in headers; leave it out",
                argument.name()
            )
        })
}
