//! What there is: pages of resources, and suggestions for what is being typed.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, ListResourcesResult, Reference};

use super::Service;
use crate::completion::{Completer, VALUES_MAX};
use crate::context::Context;
use crate::contract::Contract;
use crate::error::{CallError, CallResult};
use crate::pipeline::{self, TIMEOUT, Target};
use crate::protocol::JsonObject;
use crate::resource::{BuiltResource, Page};

impl Service {
    /// Fixed resources and the first page of the first lister; then page by page, lister by lister.
    pub(super) async fn list(
        &self,
        cursor: Option<String>,
        context: Context,
    ) -> CallResult<ListResourcesResult> {
        let registry = &self.inner.registry;
        let listers: Vec<&Arc<BuiltResource>> = registry
            .resources()
            .iter()
            .filter(|resource| resource.lister.is_some())
            .collect();
        let (index, inner, mut listed) = match cursor {
            None => {
                let fixed = registry
                    .resources()
                    .iter()
                    .filter(|resource| !resource.is_template());
                (0, None, fixed.map(|resource| resource.listing()).collect())
            }
            Some(cursor) => {
                let (index, inner) = decode_cursor(&cursor)?;
                (index, inner, Vec::new())
            }
        };
        let mut next = None;
        if let Some(resource) = listers.get(index) {
            let page = self.page(resource, inner, context).await?;
            listed.extend(page.entries.into_iter().map(|entry| resource.entry(entry)));
            next = match page.next {
                Some(inner) => Some(encode_cursor(index, Some(&inner))),
                None => (index + 1 < listers.len()).then(|| encode_cursor(index + 1, None)),
            };
        }
        let mut result = ListResourcesResult::with_all_items(listed);
        result.next_cursor = next;
        Ok(result)
    }

    async fn page(
        &self,
        resource: &BuiltResource,
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
        pipeline::run(target, arguments, context).await
    }

    fn completer(&self, reference: &Reference, argument: &str) -> CallResult<Option<&Completer>> {
        let registry = &self.inner.registry;
        let completers = match reference {
            Reference::Prompt(prompt) => &registry.prompt(&prompt.name)?.completers,
            Reference::Resource(resource) => match registry.resource_declared(&resource.uri) {
                Some(resource) => &resource.completers,
                None => {
                    let message = format!("there is no resource template `{}`", resource.uri);
                    return Err(
                        CallError::not_found(message).hint("resources/templates/list shows what there is")
                    );
                }
            },
            _ => return Ok(None),
        };
        Ok(completers
            .iter()
            .find(|(name, _)| name == argument)
            .map(|(_, completer)| completer))
    }

    pub(super) async fn suggest(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> CallResult<CompleteResult> {
        let Some(completer) = self.completer(&request.r#ref, &request.argument.name)? else {
            return Ok(CompleteResult::default());
        };
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
}

/// Lists and completions have no arguments of their own to check.
static OPEN: LazyLock<Contract> =
    LazyLock::new(|| Contract::of_schema(JsonObject::new()).expect("the empty schema is valid"));

fn encode_cursor(index: usize, inner: Option<&str>) -> String {
    URL_SAFE_NO_PAD.encode(format!("{index}:{}", inner.unwrap_or_default()))
}

fn decode_cursor(cursor: &str) -> CallResult<(usize, Option<String>)> {
    let wrong = || {
        CallError::invalid_arguments(format!("`{cursor}` is not a cursor of this list"))
            .hint("start again without a cursor")
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let (index, inner) = text.split_once(':').ok_or_else(wrong)?;
    let index = index.parse().map_err(|_| wrong())?;
    Ok((index, (!inner.is_empty()).then(|| inner.to_owned())))
}
