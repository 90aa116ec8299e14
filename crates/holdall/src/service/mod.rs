//! [`Service`]: the one type that speaks the protocol. It owns registry and states and sends every call through
//! the pipeline; transports are handed clones of it.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `entry` | what every call begins with: its span, and those who watch it |
//! | `calls` | how a tool is called, a resource read, a prompt got, and how failures are told |
//! | `tasks` | how requests about tasks reach them |
//! | `listing` | what there is, page by page, and what fits what is being typed |
//! | `cursor` | where the next page begins |
//! | `misfits` | what is wrong with a request that is none of the protocol's |
//! | `outward` | how clients know what a mounted server's results refer to |
//! | `subscriptions` | who hears of changes, in sessions and on streams |
//! | `task_streams` | who hears of tasks |

mod calls;
mod cursor;
mod entry;
mod listing;
mod misfits;
mod outward;
mod subscriptions;
pub(crate) mod task_streams;
mod tasks;

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult,
    CustomRequest, CustomResult, Extensions, GetPromptRequestParams, GetPromptResponse, GetTaskParams,
    GetTaskResult, Implementation, InitializeRequestParams, InitializeResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    PromptsCapability, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ResourcesCapability,
    ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, ToolsCapability,
    UnsubscribeRequestParams, UpdateTaskParams,
};
#[expect(deprecated, reason = "marked as the protocol is")]
use rmcp::model::{SetLevelRequestMethod, SetLevelRequestParams};
use rmcp::service::SubscriptionContext;

use self::calls::protocol_error;
use self::subscriptions::Connection;
use crate::context::Context;
use crate::error::{CallError, ErrorKind};
use crate::interaction::{Asking, SessionLog};
use crate::live::ServerHandle;
use crate::observe::{Arrival, Observer, Observers};
use crate::principal::Principal;
use crate::protocol::{ErrorData, RequestContext, RoleServer, ServerHandler};
use crate::provider::Kind;
use crate::provider::catalogue::Catalogue;
use crate::provider::tree::Tree;
use crate::server::{Identity, Settings};
use crate::turn::{Turn, Turns};

/// A server ready to serve. Cloning is cheap; all clones are one server, and each serves one connection.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
    identify: Identify,
    log: SessionLog,
    /// Who is behind the connection, if the transport said so beforehand.
    opener: Option<Principal>,
    connection: Connection,
    observers: Observers,
    arrive: Option<Arrive>,
    turns: Option<Turns>,
}

/// How it is found out how a request came here.
type Arrive = Arc<dyn Fn(&Extensions) -> Arrival + Send + Sync>;

/// How the party behind a request is found out, from what the transport attached to it.
type Identify = Arc<dyn Fn(&Extensions) -> Principal + Send + Sync>;

struct Inner {
    identity: Identity,
    settings: Settings,
    tree: Arc<Tree>,
}

impl Service {
    pub(crate) fn new(identity: Identity, settings: Settings, tree: Arc<Tree>, observers: Observers) -> Self {
        Self {
            inner: Arc::new(Inner {
                identity,
                settings,
                tree,
            }),
            identify: Arc::new(|_| Principal::local()),
            log: SessionLog::default(),
            opener: None,
            connection: Connection::default(),
            observers,
            arrive: None,
            turns: None,
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

    /// Has a transport say how calls come here, from what it attached to the request; asked only if somebody wants to
    /// know. Without this, calls come from within the process.
    pub fn arriving_by(mut self, arrive: impl Fn(&Extensions) -> Arrival + Send + Sync + 'static) -> Self {
        self.arrive = Some(Arc::new(arrive));
        self
    }

    /// Has calls wait for their turn, as a transport that many share has it: from what it attached to the request it
    /// makes the turn of the call; calls without one run at once. Tools, resources, prompts, completions and lists of
    /// resources take turns; what is answered without anybody's function does not.
    pub fn taking_turns_by(
        mut self,
        turns: impl Fn(&Extensions) -> Option<Arc<dyn Turn>> + Send + Sync + 'static,
    ) -> Self {
        self.turns = Some(Arc::new(turns));
        self
    }

    /// Tells somebody of every call of this clone and those made of it, beside those the server was
    /// [built](crate::Server::observe) with.
    pub fn observed_by(mut self, observer: impl Observer) -> Self {
        self.observers = self.observers.with(Arc::new(observer));
        self
    }

    /// Whether anybody is told of calls, so that a transport has reason to gather what it knows of them.
    pub fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// A clone for a connection of which the transport already knows what it will attach to its requests. What a
    /// `subscriptions/listen` stream may hear is settled before its request reaches [`Service::identified_by`], so a
    /// transport on which not everybody is the same principal opens those connections with this.
    pub fn opened_with(&self, extensions: &Extensions) -> Self {
        let mut opened = self.clone();
        opened.opener = Some((self.identify)(extensions));
        opened
    }

    /// The way to change what the server offers while it serves, and to tell clients what has changed.
    pub fn handle(&self) -> ServerHandle {
        self.inner.tree.home().server.clone()
    }

    /// The name of the server.
    pub fn name(&self) -> &str {
        &self.inner.identity.name
    }

    /// The names of all its tools, in the order of listing.
    pub fn tool_names(&self) -> Vec<String> {
        let catalogue = self.catalogue();
        catalogue
            .tools
            .iter()
            .map(|tool| tool.listing.name.to_string())
            .collect()
    }

    pub(crate) fn tool_listings(&self) -> Vec<rmcp::model::Tool> {
        let catalogue = self.catalogue();
        catalogue.tools.iter().map(|tool| tool.listing.clone()).collect()
    }

    /// Whether there is a tool of this name which `principal` may call, which never looks at the context of its call,
    /// and whose arguments do not travel in headers: its calls need nothing of the protocol.
    pub fn answers_without_context(&self, tool: &str, principal: &Principal) -> bool {
        let catalogue = self.catalogue();
        let tool = catalogue.tools.get(tool);
        tool.is_some_and(|tool| tool.without_context && tool.labels.allow(principal))
    }

    /// Every scope that anything offered now asks for, in order.
    pub fn scopes(&self) -> Vec<String> {
        self.catalogue().scopes()
    }

    /// Whether anything offered now asks for scopes that `principal` lacks.
    pub fn withholds_from(&self, principal: &Principal) -> bool {
        self.catalogue().withholds_from(principal)
    }

    /// The refusal a request of this method would meet for lack of scopes, so that a transport can tell before it hands
    /// the request on. `name` is what the request names: a tool, a prompt, or the URI of a resource. `None` if it has all
    /// scopes, or there is no such thing.
    pub fn scope_refusal(&self, method: &str, name: &str, principal: &Principal) -> Option<CallError> {
        let catalogue = self.catalogue();
        let found = match method {
            "tools/call" => catalogue.tools.find(name, principal).map(drop),
            "prompts/get" => catalogue.prompts.find(name, principal).map(drop),
            "resources/read" | "resources/subscribe" => catalogue.resource(name, principal).map(drop),
            _ => Ok(()),
        };
        found
            .err()
            .filter(|error| error.kind() == ErrorKind::InsufficientScope)
    }

    pub(crate) fn catalogue(&self) -> arc_swap::Guard<Arc<Catalogue>> {
        self.inner.tree.catalogue()
    }

    fn page_size(&self) -> usize {
        self.inner.settings.page_size
    }

    /// Whether clients are told that there are components of this kind: there are, there were, or there will be.
    fn declares(&self, kind: Kind) -> bool {
        self.inner.settings.declared.contains(&kind) || self.catalogue().offers(kind)
    }

    fn context(&self, request: RequestContext<RoleServer>) -> Context {
        let principal = (self.identify)(&request.extensions);
        let asking = Asking::new(Arc::clone(&self.inner.settings.interaction));
        let home = Arc::clone(self.inner.tree.home());
        Context::new(request, principal, home, asking, self.log.share())
    }

    fn principal(&self, request: &RequestContext<RoleServer>) -> Principal {
        (self.identify)(&request.extensions)
    }

    fn caller(&self, request: &RequestContext<RoleServer>) -> Caller {
        Caller {
            principal: self.principal(request),
            knows_hints: knows_hints(request.protocol_version()),
        }
    }

    /// Whom a transport that attaches nothing speaks for.
    fn unattached(&self) -> Principal {
        (self.identify)(&Extensions::default())
    }
}

/// Who asks for a list.
struct Caller {
    principal: Principal,
    knows_hints: bool,
}

/// Whether a client of this protocol version is told how long it may keep what it is sent.
fn knows_hints(version: Option<ProtocolVersion>) -> bool {
    version.is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

impl ServerHandler for Service {
    fn get_info(&self) -> ServerConfig {
        let identity = &self.inner.identity;
        let mut capabilities = ServerCapabilities::default();
        capabilities.tools = self.declares(Kind::Tool).then(|| {
            let mut tools = ToolsCapability::default();
            tools.list_changed = Some(true);
            tools
        });
        capabilities.prompts = self.declares(Kind::Prompt).then(|| {
            let mut prompts = PromptsCapability::default();
            prompts.list_changed = Some(true);
            prompts
        });
        capabilities.resources = self.declares(Kind::Resource).then(|| {
            let mut resources = ResourcesCapability::default();
            resources.list_changed = Some(true);
            resources.subscribe = Some(true);
            resources
        });
        capabilities.completions = self.catalogue().has_completers().then(Default::default);
        capabilities.logging = self.catalogue().may_log().then(Default::default);
        capabilities.extensions = self.inner.settings.tasks.as_ref().map(|_| tasks::extension());
        let mut implementation = Implementation::new(&identity.name, &identity.version);
        implementation.title = identity.title.clone();
        let mut config = ServerConfig::new(capabilities).with_server_info(implementation);
        config.instructions = identity.instructions.clone();
        config
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let result = self.negotiate_initialize(&request)?;
        self.open_session(self.principal(&context), context.peer);
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        self.tools(cursor.as_deref(), &self.caller(&context))
            .map_err(|error| protocol_error(&error, None))
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        // Asked for every call over HTTP, and only for the schema: to compare `Mcp-Param-…` headers with.
        let catalogue = self.catalogue();
        let tool = catalogue.tools.get(name)?;
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
        let mut context = self.context(context);
        let _turn = self.turn(&mut context).await?;
        self.call(request, context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let mut context = self.context(context);
        let _turn = self.turn(&mut context).await?;
        self.resources(cursor.as_deref(), context)
            .await
            .map_err(|error| protocol_error(&error, None))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        self.templates(cursor.as_deref(), &self.caller(&context))
            .map_err(|error| protocol_error(&error, None))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let mut context = self.context(context);
        let _turn = self.turn(&mut context).await?;
        self.read(request, context).await
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        self.prompts(cursor.as_deref(), &self.caller(&context))
            .map_err(|error| protocol_error(&error, None))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let mut context = self.context(context);
        let _turn = self.turn(&mut context).await?;
        self.prompt(request, context).await
    }

    #[expect(deprecated, reason = "marked as the protocol is")]
    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        // From 2026-07-28 on there is no session to set a level of, and without `logging` nothing is ever logged.
        if self.context(context).is_stateless() || !self.catalogue().may_log() {
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
        let mut context = self.context(context);
        let _turn = self.turn(&mut context).await?;
        self.suggest(request, context)
            .await
            .map_err(|error| protocol_error(&error, None))
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.watch(&request.uri, &self.principal(&context))
            .map_err(|error| protocol_error(&error, Some(&request.uri)))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.unwatch(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.prepare_stream(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.serve_stream(context).await
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

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if let Some(notifications) = task_streams::notifications(&request) {
            return self.serve_task_stream(notifications, context).await;
        }
        let stateless = self.context(context).is_stateless();
        Err(misfits::refusal(&request, stateless))
    }
}
