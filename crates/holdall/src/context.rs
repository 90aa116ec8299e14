//! What a function can know and do about the call it serves: [`Context`].

use std::sync::{Arc, OnceLock, Weak};

use rmcp::model::{ProgressNotificationParam, ProgressToken, ProtocolVersion};
use tokio_util::sync::CancellationToken;

use crate::interaction::{Asking, Incoming, SessionLog};
use crate::live::ServerHandle;
use crate::observe::Watch;
use crate::principal::Principal;
use crate::protocol::{RequestContext, RoleServer};
use crate::provider::catalogue::Home;
use crate::state::{State, States};
use crate::tasks::{Run, Slot};
use crate::turn::Turn;

/// The call being served. Take it as a parameter, `ctx: Context` or `ctx: &Context`; cloning is cheap.
///
/// ```
/// use holdall::prelude::*;
///
/// /// Count to a number, slowly.
/// #[tool]
/// async fn count(ctx: Context, to: u32) -> String {
///     for n in 1..=to {
///         ctx.progress(n, to, format!("{n} of {to}")).await;
///     }
///     format!("counted to {to}")
/// }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>, Arc<Home>);

struct Inner {
    request: RequestContext<RoleServer>,
    principal: Principal,
    progress_token: Option<ProgressToken>,
    asking: Asking,
    log: SessionLog,
    run: Option<Arc<Run>>,
    slot: OnceLock<Slot>,
    watch: Watch,
    turn: Option<Arc<dyn Turn>>,
}

impl Context {
    pub(crate) fn new(
        request: RequestContext<RoleServer>,
        principal: Principal,
        home: Arc<Home>,
        asking: Asking,
        log: SessionLog,
    ) -> Self {
        let progress_token = request.meta.get_progress_token();
        let inner = Inner {
            request,
            principal,
            progress_token,
            asking,
            log,
            run: None,
            slot: OnceLock::new(),
            watch: Watch::default(),
            turn: None,
        };
        Self(Arc::new(inner), home)
    }

    /// The same call for a component of another server: one mounted into the server that was called.
    pub(crate) fn at(mut self, home: &Arc<Home>) -> Self {
        self.1 = Arc::clone(home);
        self
    }

    /// The id of the request, as the client chose it. The log carries it too: as `request_id`, or as `message_id` where
    /// the transport has ids of its own.
    pub fn request_id(&self) -> String {
        self.0.request.id.to_string()
    }

    /// Who calls.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The protocol version of this request, if the client has said it.
    pub fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.request.protocol_version()
    }

    /// Name and version of the client program, as it introduced itself: a courtesy, not an identity.
    pub fn client(&self) -> Option<(String, String)> {
        self.0
            .request
            .client_info()
            .map(|client| (client.name, client.version))
    }

    /// A value the server was given with [`crate::Server::state`].
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.1.states.get()
    }

    /// The server this function belongs to: what it offers can be changed, and clients be told. A function of a mounted
    /// server gets that server, and speaks of its components by the names it gave them itself.
    pub fn server(&self) -> ServerHandle {
        self.1.server.clone()
    }

    /// Something the transport attached to the request: over HTTP, its `http::request::Parts`.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.request.extensions.get::<T>().cloned()
    }

    /// Whether anybody will read about progress: the client asked for it, or the call is or may become a task.
    pub fn wants_progress(&self) -> bool {
        self.0.progress_token.is_some() || self.0.run.is_some()
    }

    /// Reports that `done` of `total` is done. Does nothing if the client did not ask for progress, and never
    /// fails: a client that is gone learns nothing. Of a task it is the status, and the client asks for it.
    pub async fn progress(&self, done: impl Into<f64>, total: impl Into<f64>, message: impl Into<String>) {
        let (done, total, message) = (done.into(), total.into(), message.into());
        if let Some(run) = &self.0.run {
            run.report(done, total, &message);
            if run.is_task() {
                return;
            }
        }
        if let Some(token) = &self.0.progress_token {
            let progress = ProgressNotificationParam::new(token.clone(), done)
                .with_total(total)
                .with_message(message);
            // The only error is a closed connection, and then nobody listens.
            let _ = self.0.request.peer.notify_progress(progress).await;
        }
    }

    /// Whether nobody wants the result any more: the client gave up, the call ran out of time, or it is a task and was
    /// cancelled or lost its server. Asynchronous functions are simply dropped then. Blocking ones run on until they return,
    /// so those that take long ask this in their loop.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Find a number whose square ends in these digits.
    /// #[tool(read_only, task = "optional")]
    /// fn find_root(ctx: Context, digits: u64) -> CallResult<u64> {
    ///     for candidate in 0..=u64::from(u32::MAX) {
    ///         if candidate % 1000 == 0 && ctx.is_cancelled() {
    ///             return Err(CallError::new(ErrorKind::Cancelled, format!("given up at {candidate}")));
    ///         }
    ///         if (candidate * candidate).to_string().ends_with(&digits.to_string()) {
    ///             return Ok(candidate);
    ///         }
    ///     }
    ///     Err(CallError::not_found(format!("no square ends in {digits}")))
    /// }
    /// # Server::new("numbers").add(tools![find_root]).build()?;
    /// # Ok::<(), holdall::Error>(())
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.cancellation().is_cancelled()
    }

    /// Resolves when the client gives up.
    pub async fn cancelled(&self) {
        self.cancellation().cancelled().await;
    }

    /// Tells the function of an ordinary call, if it still runs, that its result is not wanted any more. Tasks see to
    /// that themselves.
    pub(crate) fn give_up(&self) {
        self.0.request.ct.cancel();
    }

    fn cancellation(&self) -> &CancellationToken {
        self.0.asking.cancellation().unwrap_or(&self.0.request.ct)
    }

    pub(crate) fn states(&self) -> &States {
        &self.1.states
    }

    pub(crate) fn request(&self) -> &RequestContext<RoleServer> {
        &self.0.request
    }

    /// Whether each request of the client stands for itself, as protocol 2026-07-28 has it.
    pub(crate) fn is_stateless(&self) -> bool {
        self.protocol_version()
            .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
    }

    pub(crate) fn asking(&self) -> &Asking {
        &self.0.asking
    }

    /// Only before the context is handed out.
    pub(crate) fn asking_mut(&mut self) -> Option<&mut Asking> {
        Arc::get_mut(&mut self.0).map(|inner| &mut inner.asking)
    }

    /// Lets the call ask, and opens what came with it.
    pub(crate) fn receive(&mut self, incoming: Incoming) {
        if let Some(asking) = self.asking_mut() {
            asking.receive(incoming);
        }
    }

    /// Lets the call become a task.
    pub(crate) fn attach(&mut self, run: &Arc<Run>) {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.run = Some(Arc::clone(run));
            inner
                .asking
                .outlive(Arc::clone(run) as _, run.cancellation().clone());
        }
    }

    /// Keeps the place of a task for as long as its function has the context.
    pub(crate) fn keep(&self, slot: Slot) {
        // A call becomes a task once.
        let _ = self.0.slot.set(slot);
    }

    /// Has the call watched.
    pub(crate) fn watched_by(&mut self, watch: &Watch) {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.watch = watch.clone();
        }
    }

    /// Has the call take turns with others.
    pub(crate) fn takes_turns(&mut self, turn: &Arc<dyn Turn>) {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.turn = Some(Arc::clone(turn));
        }
    }

    /// The turn of the call, where it has to wait for one.
    pub(crate) fn turn(&self) -> Option<&Arc<dyn Turn>> {
        self.0.turn.as_ref()
    }

    /// What tells observers of the call.
    pub(crate) fn watch(&self) -> &Watch {
        &self.0.watch
    }

    /// What the call is as a task, if it is one or may become one.
    pub(crate) fn run(&self) -> Option<&Arc<Run>> {
        self.0.run.as_ref()
    }

    /// The context for as long as somebody else has it.
    pub(crate) fn downgrade(&self) -> WeakContext {
        WeakContext(Arc::downgrade(&self.0), Arc::clone(&self.1))
    }

    pub(crate) fn session_log(&self) -> &SessionLog {
        &self.0.log
    }
}

/// A [`Context`] that does not keep its call alive.
pub(crate) struct WeakContext(Weak<Inner>, Arc<Home>);

impl WeakContext {
    pub(crate) fn upgrade(&self) -> Option<Context> {
        let inner = self.0.upgrade()?;
        Some(Context(inner, Arc::clone(&self.1)))
    }
}
