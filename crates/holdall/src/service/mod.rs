//! [`Service`]: the one type that speaks the protocol. It owns registry and states and sends every call through
//! the pipeline; transports are handed clones of it.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `calls` | how a tool is called, a resource read, a prompt got, and how failures are told |
//! | `tasks` | how requests about tasks reach them |
//! | `listing` | what there is, page by page, and what fits what is being typed |

mod calls;
mod listing;
mod tasks;

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult,
    Extensions, GetPromptRequestParams, GetPromptResponse, GetTaskParams, GetTaskResult, Implementation,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, UpdateTaskParams,
};
#[expect(deprecated, reason = "marked as the protocol is")]
use rmcp::model::{SetLevelRequestMethod, SetLevelRequestParams};

use self::calls::protocol_error;
use crate::context::Context;
use crate::interaction::{Asking, SessionLog, Settings};
use crate::principal::Principal;
use crate::protocol::{ErrorData, RequestContext, RoleServer, ServerHandler};
use crate::registry::Registry;
use crate::server::Identity;
use crate::state::States;
use crate::tasks::Board;

/// A server ready to serve. Cloning is cheap; all clones are one server.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
    identify: Identify,
    log: SessionLog,
}

/// How the party behind a request is found out, from what the transport attached to it.
type Identify = Arc<dyn Fn(&Extensions) -> Principal + Send + Sync>;

struct Inner {
    identity: Identity,
    registry: Registry,
    states: Arc<States>,
    interaction: Arc<Settings>,
    tasks: Option<Board>,
}

impl Service {
    pub(crate) fn new(
        identity: Identity,
        registry: Registry,
        states: Arc<States>,
        interaction: Settings,
        tasks: Option<Board>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                identity,
                registry,
                states,
                interaction: Arc::new(interaction),
                tasks,
            }),
            identify: Arc::new(|_| Principal::local()),
            log: SessionLog::default(),
        }
    }

    /// Has a transport say who calls, from what it attached to the request. Without this every call comes from
    /// [`Principal::local`].
    pub fn identified_by(
        mut self,
        identify: impl Fn(&Extensions) -> Principal + Send + Sync + 'static,
    ) -> Self {
        self.identify = Arc::new(identify);
        self
    }

    /// The name of the server.
    pub fn name(&self) -> &str {
        &self.inner.identity.name
    }

    /// The names of its tools, in the order of listing.
    pub fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.inner
            .registry
            .tools()
            .iter()
            .map(|tool| tool.listing.name.as_ref())
    }

    /// Whether there is a tool of this name which never looks at the context of its call, and whose arguments do
    /// not travel in headers: its calls need nothing of the protocol.
    pub fn answers_without_context(&self, tool: &str) -> bool {
        self.inner
            .registry
            .tool(tool)
            .is_ok_and(|tool| tool.without_context)
    }

    fn context(&self, request: RequestContext<RoleServer>) -> Context {
        let principal = (self.identify)(&request.extensions);
        let asking = Asking::new(Arc::clone(&self.inner.interaction));
        let states = Arc::clone(&self.inner.states);
        Context::new(request, principal, states, asking, self.log.share())
    }
}

impl ServerHandler for Service {
    fn get_info(&self) -> ServerConfig {
        let Inner {
            identity, registry, ..
        } = &*self.inner;
        let mut capabilities = ServerCapabilities::default();
        capabilities.tools = (!registry.tools().is_empty()).then(Default::default);
        capabilities.prompts = (!registry.prompts().is_empty()).then(Default::default);
        capabilities.resources = (!registry.resources().is_empty()).then(Default::default);
        capabilities.completions = registry.has_completers().then(Default::default);
        capabilities.logging = registry.may_log().then(Default::default);
        capabilities.extensions = self.inner.tasks.as_ref().map(|_| tasks::extension());
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
        let tools = self
            .inner
            .registry
            .tools()
            .iter()
            .map(|tool| tool.listing.clone());
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        // Asked for every call over HTTP, and only for the schema: to compare `Mcp-Param-…` headers with.
        let tool = self.inner.registry.tool(name).ok()?;
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
        self.call(request, self.context(context)).await
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
            .inner
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
        self.read(request, self.context(context)).await
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = self
            .inner
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
        self.prompt(request, self.context(context)).await
    }

    #[expect(deprecated, reason = "marked as the protocol is")]
    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        // From 2026-07-28 on there is no session to set a level of, and without `logging` nothing is ever logged.
        if self.context(context).is_stateless() || !self.inner.registry.may_log() {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        self.log.set(request.level.into());
        Ok(())
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

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.task(request, self.context(context)).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.update(request, self.context(context)).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.cancel(request, self.context(context)).await
    }
}
