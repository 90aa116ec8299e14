//! What there is, page by page, as the caller may see it, and suggestions for what is being typed.

use std::sync::{Arc, LazyLock};

use rmcp::model::{
    CacheScope, CompleteRequestParams, CompleteResult, CompletionInfo, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, Reference,
};
use tracing::Instrument;

use super::cursor::{self, Cursor, List, Place};
use super::entry;
use super::{Caller, Service};
use crate::completion::{Completer, VALUES_MAX};
use crate::context::Context;
use crate::contract::Contract;
use crate::error::{CallError, CallResult};
use crate::observe::{Addressed, CallKind};
use crate::pipeline::{self, TIMEOUT, Target};
use crate::principal::Principal;
use crate::protocol::JsonObject;
use crate::provider::catalogue::{Catalogue, Home, Offered};
use crate::resource::{BuiltResource, Page};
use crate::server::Settings;

impl Service {
    pub(super) fn tools(&self, cursor: Option<&str>, caller: &Caller) -> CallResult<ListToolsResult> {
        let from = decode(List::Tools, cursor)?;
        let catalogue = self.catalogue();
        let shelf = &catalogue.tools;
        let (tools, next) = cursor::page(shelf, from.as_ref(), self.page_size(), &caller.principal);
        let listed = tools.into_iter().map(|tool| tool.listing.clone());
        let mut result = ListToolsResult::with_all_items(listed.collect());
        result.next_cursor = next.map(|place| Cursor::encode(List::Tools, place));
        (result.ttl_ms, result.cache_scope) = self.hint(caller, shelf.is_scoped());
        Ok(result)
    }

    pub(super) fn prompts(&self, cursor: Option<&str>, caller: &Caller) -> CallResult<ListPromptsResult> {
        let from = decode(List::Prompts, cursor)?;
        let catalogue = self.catalogue();
        let shelf = &catalogue.prompts;
        let (prompts, next) = cursor::page(shelf, from.as_ref(), self.page_size(), &caller.principal);
        let listed = prompts.into_iter().map(|prompt| prompt.listing.clone());
        let mut result = ListPromptsResult::with_all_items(listed.collect());
        result.next_cursor = next.map(|place| Cursor::encode(List::Prompts, place));
        (result.ttl_ms, result.cache_scope) = self.hint(caller, shelf.is_scoped());
        Ok(result)
    }

    pub(super) fn templates(
        &self,
        cursor: Option<&str>,
        caller: &Caller,
    ) -> CallResult<ListResourceTemplatesResult> {
        let from = decode(List::Templates, cursor)?;
        let catalogue = self.catalogue();
        let shelf = &catalogue.templates;
        let (templates, next) = cursor::page(shelf, from.as_ref(), self.page_size(), &caller.principal);
        let listed = templates.into_iter().map(|template| template.template_listing());
        let mut result = ListResourceTemplatesResult::with_all_items(listed.collect());
        result.next_cursor = next.map(|place| Cursor::encode(List::Templates, place));
        (result.ttl_ms, result.cache_scope) = self.hint(caller, shelf.is_scoped());
        Ok(result)
    }

    /// Fixed resources first; behind the last of them, page by page, what the templates list, one after another.
    pub(super) async fn resources(
        &self,
        cursor: Option<&str>,
        context: Context,
    ) -> CallResult<ListResourcesResult> {
        let from = decode(List::Resources, cursor)?;
        let caller = Caller {
            principal: context.principal().clone(),
            knows_hints: context.is_stateless(),
        };
        let principal = &caller.principal;
        let (mut listed, mut next, lister) = match from {
            Some(Place::Listed(template, inner)) => {
                let lister = self.lister(&template, principal).ok_or_else(|| {
                    // It was a cursor of this list once; the template is gone, or the caller's scopes are.
                    cursor::wrong(cursor.unwrap_or_default())
                })?;
                (Vec::new(), None, Some((lister, inner)))
            }
            from => {
                let catalogue = self.catalogue();
                let (fixed, next) =
                    cursor::page(&catalogue.resources, from.as_ref(), self.page_size(), principal);
                let listed: Vec<_> = fixed.into_iter().map(|resource| resource.listing()).collect();
                let first = next
                    .is_none()
                    .then(|| listers(&catalogue, principal).next().cloned());
                (listed, next, first.flatten().map(|lister| (lister, None)))
            }
        };
        // What a lister lists may depend on who asks.
        let depends = lister.is_some() || {
            let catalogue = self.catalogue();
            catalogue.resources.is_scoped() || catalogue.templates.is_scoped()
        };
        if let Some((lister, inner)) = lister {
            let page = self.page(&lister, inner, context).await?;
            listed.extend(page.entries.into_iter().map(|mut entry| {
                if let Some(route) = lister.route() {
                    entry.uri = route.uri(&entry.uri);
                }
                lister.entry(entry)
            }));
            next = match page.next {
                Some(inner) => Some(Place::Listed(lister.uri.clone(), Some(inner))),
                None => self.lister_after(&lister.uri, principal),
            };
        }
        let mut result = ListResourcesResult::with_all_items(listed);
        result.next_cursor = next.map(|place| Cursor::encode(List::Resources, place));
        (result.ttl_ms, result.cache_scope) = self.hint(&caller, depends);
        Ok(result)
    }

    /// What a client is told of how long it may keep a list, if it knows what that means.
    fn hint(&self, caller: &Caller, depends: bool) -> (Option<u64>, Option<CacheScope>) {
        let Settings {
            list_ttl_ms,
            list_cache,
            ..
        } = self.inner.settings;
        let told = || (Some(list_ttl_ms), Some(list_cache.scope(depends)));
        if caller.knows_hints { told() } else { (None, None) }
    }

    fn lister(&self, template: &str, principal: &Principal) -> Option<Offered<BuiltResource>> {
        let catalogue = self.catalogue();
        let mut listers = listers(&catalogue, principal);
        listers.find(|lister| lister.uri == template).cloned()
    }

    fn lister_after(&self, template: &str, principal: &Principal) -> Option<Place> {
        let catalogue = self.catalogue();
        let mut after = listers(&catalogue, principal).skip_while(|lister| lister.uri != template);
        let next = after.nth(1)?;
        Some(Place::Listed(next.uri.clone(), None))
    }

    async fn page(
        &self,
        resource: &Offered<BuiltResource>,
        cursor: Option<String>,
        context: Context,
    ) -> CallResult<Page> {
        let Some(lister) = &resource.lister else {
            return Ok(Page::default());
        };
        let target = Target {
            kind: "listing",
            name: &resource.uri,
            contract: &OPEN,
            timeout: resource.timeout,
            handler: lister,
        };
        let mut arguments = JsonObject::new();
        arguments.extend(cursor.map(|cursor| ("cursor".into(), cursor.into())));
        let span = entry::span("listing", &resource.uri, &context, self);
        pipeline::run(target, arguments, context.at(&resource.home))
            .instrument(span)
            .await
    }

    /// What completes an argument, and the server it belongs to.
    fn completer(
        &self,
        reference: &Reference,
        argument: &str,
        principal: &Principal,
    ) -> CallResult<Option<(Completer, Arc<Home>)>> {
        let catalogue = self.catalogue();
        let (completers, home) = match reference {
            Reference::Prompt(prompt) => {
                let prompt = catalogue.prompts.find(&prompt.name, principal)?;
                (&prompt.completers, &prompt.home)
            }
            Reference::Resource(resource) => {
                let resource = catalogue.declared(&resource.uri, principal)?;
                (&resource.completers, &resource.home)
            }
            _ => return Ok(None),
        };
        let completer = completers.iter().find(|(name, _)| name == argument);
        Ok(completer.map(|(_, completer)| (completer.clone(), Arc::clone(home))))
    }

    pub(super) async fn suggest(
        &self,
        request: CompleteRequestParams,
        mut context: Context,
    ) -> CallResult<CompleteResult> {
        let found = self.completer(&request.r#ref, &request.argument.name, context.principal());
        let entry = {
            let catalogue = self.catalogue();
            let (requested, registered) = subject(&catalogue, &request.r#ref);
            let addressed = Addressed {
                kind: CallKind::Completion,
                requested,
                registered,
                arguments: None,
            };
            self.enter(&addressed, &mut context)
        };
        let watch = context.watch().clone();
        let suggesting = async {
            let _guard = entry.guard;
            let suggested = match found {
                Ok(Some((completer, home))) => completed(request, &completer, context.at(&home)).await,
                Ok(None) => Ok(CompleteResult::default()),
                Err(error) => Err(error),
            };
            match &suggested {
                Ok(result) => watch.succeed(result.completion.values.iter().map(String::len).sum()),
                Err(error) => watch.fail(error),
            }
            suggested
        };
        suggesting.instrument(entry.span).await
    }
}

/// What a completion is about: as the client wrote it, and as it was registered.
fn subject<'a>(catalogue: &'a Catalogue, reference: &'a Reference) -> (&'a str, Option<&'a str>) {
    match reference {
        Reference::Prompt(prompt) => {
            let registered = catalogue.prompts.get(&prompt.name);
            (
                &prompt.name,
                registered.map(|prompt| prompt.listing.name.as_str()),
            )
        }
        Reference::Resource(resource) => {
            let registered = catalogue.resources.get(&resource.uri);
            let registered = registered.or_else(|| catalogue.templates.get(&resource.uri));
            (&resource.uri, registered.map(|resource| resource.uri.as_str()))
        }
        _ => ("", None),
    }
}

async fn completed(
    request: CompleteRequestParams,
    completer: &Completer,
    context: Context,
) -> CallResult<CompleteResult> {
    let target = Target {
        kind: "completion",
        name: &request.argument.name,
        contract: &OPEN,
        timeout: TIMEOUT,
        handler: &completer.0,
    };
    let mut arguments: JsonObject = request
        .context
        .and_then(|context| context.arguments)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, value.into()))
        .collect();
    arguments.insert("value".into(), request.argument.value.into());
    let mut values = pipeline::run(target, arguments, context).await?;
    let total = values.len();
    values.truncate(VALUES_MAX);
    let total_u32 = u32::try_from(total).ok();
    let completion = CompletionInfo::with_pagination(values, total_u32, total > VALUES_MAX);
    Ok(CompleteResult::new(completion.map_err(CallError::failed)?))
}

/// The templates that list their resources.
fn listers<'a>(
    catalogue: &'a Catalogue,
    principal: &'a Principal,
) -> impl Iterator<Item = &'a Offered<BuiltResource>> {
    let templates = catalogue.templates.visible(principal);
    templates.filter(|template| template.lister.is_some())
}

fn decode(list: List, cursor: Option<&str>) -> CallResult<Option<Place>> {
    cursor.map(|cursor| Cursor::decode(list, cursor)).transpose()
}

/// Lists and completions have no arguments of their own to check.
static OPEN: LazyLock<Contract> =
    LazyLock::new(|| Contract::of_schema(JsonObject::new()).expect("the empty schema is valid"));
