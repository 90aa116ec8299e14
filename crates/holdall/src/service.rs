//! [`Service`]: the one type that speaks the protocol. It owns registry and states and sends every call through
//! the pipeline; transports are handed clones of it.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    CompletionInfo, ContentBlock, ErrorCode, GetPromptRequestParams, GetPromptResponse, Implementation,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Reference,
    ServerCapabilities, ServerConfig,
};
use serde_json::json;

use crate::completion::{Completer, VALUES_MAX};
use crate::context::Context;
use crate::contract::Contract;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::pipeline::{self, TIMEOUT, Target};
use crate::protocol::{ErrorData, JsonObject, RequestContext, RoleServer, ServerHandler};
use crate::registry::Registry;
use crate::reply::{contents_bytes, result_bytes};
use crate::resource::{BuiltResource, Page};
use crate::server::Identity;
use crate::state::States;

/// A server ready to serve. Cloning is cheap; all clones are one server.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    identity: Identity,
    registry: Registry,
    states: Arc<States>,
}

impl Service {
    pub(crate) fn new(identity: Identity, registry: Registry, states: Arc<States>) -> Self {
        Self(Arc::new(Inner {
            identity,
            registry,
            states,
        }))
    }

    /// The name of the server.
    pub fn name(&self) -> &str {
        &self.0.identity.name
    }

    /// The names of its tools, in the order of listing.
    pub fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.0
            .registry
            .tools()
            .iter()
            .map(|tool| tool.listing.name.as_ref())
    }

    /// Whether there is a tool of this name which never looks at the context of its call, and whose arguments do
    /// not travel in headers: its calls need nothing of the protocol.
    pub fn answers_without_context(&self, tool: &str) -> bool {
        self.0.registry.tool(tool).is_ok_and(|tool| tool.without_context)
    }

    fn context(&self, request: RequestContext<RoleServer>) -> Context {
        Context::new(request, Arc::clone(&self.0.states))
    }

    async fn call(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResult, ErrorData> {
        let tool = self
            .0
            .registry
            .tool(&request.name)
            .map_err(|error| protocol_error(&error, None))?;
        let target = Target {
            kind: "tool",
            name: &tool.listing.name,
            contract: &tool.contract,
            timeout: tool.timeout,
            handler: &tool.handler,
        };
        let outcome = pipeline::run(target, request.arguments.unwrap_or_default(), context).await;
        let outcome = outcome.and_then(|result| tool.finish(result)).and_then(|result| {
            within(
                "result",
                &tool.listing.name,
                result_bytes(&result),
                tool.result_bytes_max,
            )?;
            Ok(result)
        });
        Ok(outcome.unwrap_or_else(|error| tool_error(&error)))
    }

    async fn read(&self, uri: &str, context: Context) -> CallResult<ReadResourceResult> {
        let (resource, variables) = self.0.registry.resource(uri)?;
        let target = Target {
            kind: "resource",
            name: &resource.uri,
            contract: &resource.contract,
            timeout: resource.timeout,
            handler: &resource.handler,
        };
        let body = pipeline::run(target, variables, context).await?;
        let contents = body.into_contents(uri, resource.mime_type());
        let bytes = contents.iter().map(contents_bytes).sum();
        within("resource", uri, bytes, resource.contents_bytes_max)?;
        Ok(ReadResourceResult::new(contents))
    }

    /// Fixed resources and the first page of the first lister; then page by page, lister by lister.
    async fn list(&self, cursor: Option<String>, context: Context) -> CallResult<ListResourcesResult> {
        let registry = &self.0.registry;
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
        let registry = &self.0.registry;
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

    async fn suggest(&self, request: CompleteRequestParams, context: Context) -> CallResult<CompleteResult> {
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

impl ServerHandler for Service {
    fn get_info(&self) -> ServerConfig {
        let Inner {
            identity, registry, ..
        } = &*self.0;
        let mut capabilities = ServerCapabilities::default();
        capabilities.tools = (!registry.tools().is_empty()).then(Default::default);
        capabilities.prompts = (!registry.prompts().is_empty()).then(Default::default);
        capabilities.resources = (!registry.resources().is_empty()).then(Default::default);
        capabilities.completions = registry.has_completers().then(Default::default);
        let mut implementation = Implementation::new(&identity.name, &identity.version);
        implementation.title = identity.title.clone();
        let mut config = ServerConfig::new(capabilities).with_server_info(implementation);
        config.instructions = identity.instructions.clone();
        config
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.0.registry.tools().iter().map(|tool| tool.listing.clone());
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        // Asked for every call over HTTP, and only for the schema: to compare `Mcp-Param-…` headers with.
        let tool = self.0.registry.tool(name).ok()?;
        let mut listing = rmcp::model::Tool::default();
        listing.name = name.to_owned().into();
        listing.input_schema = Arc::clone(&tool.listing.input_schema);
        Some(listing)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, self.context(context)).await.map(Into::into)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        self.list(cursor, self.context(context))
            .await
            .map_err(|error| protocol_error(&error, None))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates = self
            .0
            .registry
            .resources()
            .iter()
            .filter(|resource| resource.is_template());
        Ok(ListResourceTemplatesResult::with_all_items(
            templates.map(|resource| resource.template_listing()).collect(),
        ))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let outcome = self.read(&request.uri, self.context(context)).await;
        outcome
            .map(Into::into)
            .map_err(|error| protocol_error(&error, Some(&request.uri)))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = self
            .0
            .registry
            .prompts()
            .iter()
            .map(|prompt| prompt.listing.clone());
        Ok(ListPromptsResult::with_all_items(prompts.collect()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let prompt = self
            .0
            .registry
            .prompt(&request.name)
            .map_err(|error| protocol_error(&error, None))?;
        let target = Target {
            kind: "prompt",
            name: &prompt.listing.name,
            contract: &prompt.contract,
            timeout: prompt.timeout,
            handler: &prompt.handler,
        };
        let arguments = request.arguments.unwrap_or_default();
        let outcome = pipeline::run(target, arguments, self.context(context)).await;
        let mut result = outcome.map_err(|error| protocol_error(&error, None))?;
        result.description = result.description.or_else(|| prompt.listing.description.clone());
        Ok(result.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        self.suggest(request, self.context(context))
            .await
            .map_err(|error| protocol_error(&error, None))
    }
}

/// A failed tool is a result the model can read, not a protocol error: it carries the text for the model and,
/// for programs, kind, message, hint and problems in `_meta["holdall/error"]`.
fn tool_error(error: &CallError) -> CallToolResult {
    let mut meta = MetaObject::default();
    meta.insert("holdall/error".into(), error.to_json());
    CallToolResult::error(vec![ContentBlock::text(error.to_string())]).with_meta(Some(meta))
}

/// What cannot be a result is a JSON-RPC error with the code the specification gives it.
fn protocol_error(error: &CallError, uri: Option<&str>) -> ErrorData {
    let code = match error.kind() {
        ErrorKind::NotFound if uri.is_some() => ErrorCode::RESOURCE_NOT_FOUND,
        ErrorKind::NotFound | ErrorKind::InvalidArguments | ErrorKind::Ambiguous => ErrorCode::INVALID_PARAMS,
        _ => ErrorCode::INTERNAL_ERROR,
    };
    let mut data = json!({ "error": error.to_json() });
    if let Some(uri) = uri {
        data["uri"] = uri.into();
    }
    ErrorData::new(code, error.to_string(), Some(data))
}

fn within(what: &str, name: &str, bytes: usize, bytes_max: usize) -> CallResult<()> {
    if bytes <= bytes_max {
        return Ok(());
    }
    let message = format!("the {what} of `{name}` has {bytes} bytes, more than the {bytes_max} allowed");
    Err(CallError::new(ErrorKind::TooLarge, message)
        .hint("ask for less: a smaller limit, a range, a narrower question"))
}

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
