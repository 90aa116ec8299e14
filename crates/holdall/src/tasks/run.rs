//! How a call becomes a task, ends, and is stopped: [`Run`].

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rmcp::model::{CallToolResponse, CreateTaskResult, DetailedTask, InputRequest, InputResponses, Task};
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::board::Shared;
use super::clock::millis;
use super::follow::Changes;
use super::options::Terms;
use super::questions::Questions;
use super::store::{TaskEnd, TaskOutcome, TaskRecord};
use super::wire::{self, Present};
use crate::call::BoxFuture;
use crate::context::{Context, WeakContext};
use crate::error::{CallError, CallResult, ErrorKind};
use crate::interaction::Inbox;
use crate::protocol::ErrorData;

/// The longest status of a task, in characters.
const MESSAGE_CHARS_MAX: usize = 500;
/// What is said of a task whose server stopped, cleanly or not.
pub(super) const STOPPED: &str = "the server stopped before it finished";

/// What a call is answered with.
pub(crate) type Outcome = Result<CallToolResponse, ErrorData>;

/// One call that is a task, or may become one.
///
/// It is shared by the function (through its context), by what drives it, and by the requests about it.
pub(crate) struct Run {
    shared: Arc<Shared>,
    pub(super) id: String,
    pub(super) principal: String,
    tool: String,
    pub(super) terms: Terms,
    token: CancellationToken,
    why: OnceLock<Why>,
    /// The context of the function, once the call was found to be right.
    context: OnceLock<WeakContext>,
    phase: tokio::sync::Mutex<Phase>,
    ending: tokio::sync::Mutex<()>,
    reply: Mutex<Option<oneshot::Sender<Outcome>>>,
    live: Arc<Mutex<Live>>,
}

/// Why a call was stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The client does not want it any more.
    Client,
    /// Its life was over.
    Expired,
}

/// Where a call stands. It only ever goes on.
enum Phase {
    /// An ordinary call, whose request waits.
    Call,
    /// A task: the request was answered.
    Task,
    Over,
}

/// What changes while it runs.
struct Live {
    /// The task, once it is one.
    record: Option<TaskRecord>,
    updated_at_ms: u64,
    message: Option<String>,
    questions: Questions,
    /// The end, if the store could not take it, and how long it is kept.
    unsaved: Option<(TaskEnd, u64)>,
    /// Tells who follows the task.
    changes: watch::Sender<Changes>,
}

impl Live {
    fn status_changed(&self) {
        self.changes.send_modify(|changes| changes.status += 1);
    }
}

impl Run {
    /// A call that has not begun, and where its reply will come.
    pub(super) fn new(
        shared: Arc<Shared>,
        id: String,
        principal: String,
        tool: String,
        terms: Terms,
    ) -> (Arc<Self>, oneshot::Receiver<Outcome>) {
        let (sender, reply) = oneshot::channel();
        let run = Self {
            token: shared.stopping.child_token(),
            shared,
            id,
            principal,
            tool,
            terms,
            why: OnceLock::new(),
            context: OnceLock::new(),
            phase: tokio::sync::Mutex::new(Phase::Call),
            ending: tokio::sync::Mutex::default(),
            reply: Mutex::new(Some(sender)),
            live: Arc::new(Mutex::new(Live {
                record: None,
                updated_at_ms: 0,
                message: None,
                questions: Questions::default(),
                unsaved: None,
                changes: watch::Sender::default(),
            })),
        };
        (Arc::new(run), reply)
    }

    /// The function is about to run, with this context.
    pub(super) fn open(&self, context: &Context) {
        // A call is opened once.
        let _ = self.context.set(context.downgrade());
    }

    /// Makes the call a task: stores it, then answers the request. Whether it is one now; it is not if it has ended,
    /// or has asked something in its reply.
    pub(super) async fn become_task(self: &Arc<Self>) -> CallResult<bool> {
        let run = Arc::clone(self);
        // By itself, because whoever waits for it may be dropped, and half a task is none.
        let becoming = tokio::spawn(async move { run.turn().await });
        becoming.await.map_err(CallError::internal)?
    }

    async fn turn(self: &Arc<Self>) -> CallResult<bool> {
        let mut phase = self.phase.lock().await;
        match *phase {
            Phase::Call => {}
            Phase::Task => return Ok(true),
            Phase::Over => return Ok(false),
        }
        if self.token.is_cancelled() {
            return Err(CallError::new(ErrorKind::Cancelled, "the call was cancelled"));
        }
        // Without a context the function has ended.
        let Some(context) = self.context.get().and_then(WeakContext::upgrade) else {
            return Ok(false);
        };
        let slot = self
            .shared
            .admission
            .slot(&self.principal, &self.shared.options)?;
        if !context.asking().leave_reply() {
            return Ok(false);
        }
        self.store().await?;
        context.keep(slot);
        context.watch().becomes_task();
        *phase = Phase::Task;
        if let Some(seed) = self.seed() {
            self.answer(Ok(CreateTaskResult::new(seed).into()));
        }
        Ok(true)
    }

    /// Stores the task as it begins.
    async fn store(self: &Arc<Self>) -> CallResult<()> {
        let created_at_ms = self.shared.now_ms();
        let record = TaskRecord {
            id: self.id.clone(),
            principal: self.principal.clone(),
            tool: self.tool.clone(),
            created_at_ms,
            expires_at_ms: created_at_ms.saturating_add(millis(self.terms.ttl)),
            end: None,
        };
        {
            let mut live = self.live();
            live.record = Some(record.clone());
            live.updated_at_ms = created_at_ms;
        }
        self.shared.live().insert(self.id.clone(), Arc::clone(self));
        if let Err(error) = self.shared.options.store.insert(record).await {
            self.shared.live().remove(&self.id);
            self.live().record = None;
            return Err(CallError::new(ErrorKind::Unavailable, "the task cannot be stored").caused_by(error));
        }
        Ok(())
    }

    /// What the client gets to know when the task begins: that it works, and no questions.
    fn seed(&self) -> Option<Task> {
        let live = self.live();
        let present = Present {
            updated_at_ms: live.updated_at_ms,
            message: live.message.clone(),
            asks: Default::default(),
        };
        let record = live.record.as_ref()?;
        Some(wire::running(record, present, &self.shared.options).task)
    }

    /// The function has ended: answers the request, or ends the task.
    pub(super) async fn finish(&self, outcome: Outcome) {
        let mut phase = self.phase.lock().await;
        match std::mem::replace(&mut *phase, Phase::Over) {
            Phase::Call => self.answer(outcome),
            Phase::Task => self.end(self.end_of(outcome)).await,
            Phase::Over => {}
        }
    }

    /// Stops the function: it is dropped if it is asynchronous, and told if it is not.
    pub(super) fn stop(&self, why: Why) {
        // The first reason counts.
        let _ = self.why.set(why);
        self.token.cancel();
    }

    /// Stops the function and ends the task as cancelled, unless it has ended already.
    pub(super) async fn cancel(&self) {
        self.stop(Why::Client);
        let (outcome, message) = self.stopped();
        self.end(self.end_with(outcome, message)).await;
    }

    /// Ends the task because the server stops.
    pub(super) async fn shut_down(&self) {
        self.token.cancel();
        let (outcome, message) = self.stopped();
        self.end(self.end_with(outcome, message)).await;
    }

    /// Stores an end. The first one counts, so every end may try.
    async fn end(&self, end: TaskEnd) {
        // One after the other: what was told once stays, also if the store took none of it yet.
        let _turn = self.ending.lock().await;
        self.live().questions.clear();
        let unsaved = self.live().unsaved.clone();
        let (end, keep_until_ms) = unsaved.unwrap_or_else(|| {
            let keep_until_ms = self.shared.keep_until_ms(end.at_ms);
            (end, keep_until_ms)
        });
        let store = &self.shared.options.store;
        match store.end(&self.id, end.clone(), keep_until_ms).await {
            Ok(_) => {
                self.shared.live().remove(&self.id);
            }
            Err(error) => {
                tracing::error!(%error, task = self.id, "the end of a task cannot be stored; it is tried again");
                self.live().unsaved = Some((end, keep_until_ms));
            }
        }
        self.live().status_changed();
    }

    /// Tries again what the store could not take. When nobody will ask for it any more it is the end alone that has to
    /// be stored, not what came of it.
    pub(super) async fn save(&self) {
        let forgotten = self.is_forgotten();
        let unsaved = self.live().unsaved.as_mut().map(|(end, _)| {
            if forgotten {
                end.outcome = TaskOutcome::Cancelled;
            }
            end.clone()
        });
        if let Some(end) = unsaved {
            self.end(end).await;
        }
    }

    /// Whether the task has ended and its life is over, although the store does not know.
    pub(super) fn is_forgotten(&self) -> bool {
        self.live().unsaved.is_some() && self.life_left().is_zero()
    }

    fn end_of(&self, outcome: Outcome) -> TaskEnd {
        let succeeded =
            matches!(&outcome, Ok(CallToolResponse::Complete(result)) if result.is_error != Some(true));
        let (outcome, message) = match outcome {
            _ if self.token.is_cancelled() && !succeeded => self.stopped(),
            Ok(CallToolResponse::Complete(result)) => (TaskOutcome::Completed(wire::object(result)), None),
            Ok(_) => {
                let message = "the call ended with something other than its result";
                (wire::failure(message.into()), Some(message.into()))
            }
            Err(error) => {
                let message = Some(error.message.to_string());
                (TaskOutcome::Failed(wire::object(error)), message)
            }
        };
        self.end_with(outcome, message)
    }

    /// What came of a call that was stopped.
    fn stopped(&self) -> (TaskOutcome, Option<String>) {
        let message = match self.why.get() {
            Some(Why::Client) => {
                return (
                    TaskOutcome::Cancelled,
                    Some("the client cancelled the task".into()),
                );
            }
            Some(Why::Expired) => format!("the task did not finish within the {:?} it lives", self.terms.ttl),
            None => STOPPED.into(),
        };
        (wire::failure(message.clone()), Some(message))
    }

    fn end_with(&self, outcome: TaskOutcome, message: Option<String>) -> TaskEnd {
        TaskEnd {
            at_ms: self.shared.now_ms(),
            message: message.map(shortened),
            outcome,
        }
    }

    /// How long the task lives yet.
    pub(super) fn life_left(&self) -> Duration {
        let expires_at_ms = {
            let live = self.live();
            let kept_until_ms = live.unsaved.as_ref().map_or(0, |(_, until_ms)| *until_ms);
            let life_ms = live.record.as_ref().map_or(0, |record| record.expires_at_ms);
            life_ms.max(kept_until_ms)
        };
        Duration::from_millis(expires_at_ms.saturating_sub(self.shared.now_ms()))
    }

    fn answer(&self, reply: Outcome) {
        let sender = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // A request that is gone has stopped the call already.
            let _ = sender.send(reply);
        }
    }

    /// What stops the function.
    pub(crate) fn cancellation(&self) -> &CancellationToken {
        &self.token
    }

    /// Whether the request was answered, or is about to be.
    pub(crate) fn is_task(&self) -> bool {
        self.live().record.is_some()
    }

    /// Takes a report of the function as the status of the task.
    pub(crate) fn report(&self, done: f64, total: f64, message: &str) {
        let mut live = self.live();
        live.message = Some(shortened(match message {
            "" => format!("{done} of {total}"),
            _ => format!("{message} ({done} of {total})"),
        }));
        live.updated_at_ms = self.shared.now_ms();
        live.changes.send_modify(|changes| changes.message += 1);
    }

    /// The task as it is now.
    pub(super) fn detailed(&self) -> Option<DetailedTask> {
        let live = self.live();
        let mut record = live.record.clone()?;
        let options = &self.shared.options;
        if let Some((end, keep_until_ms)) = &live.unsaved {
            record.expires_at_ms = record.expires_at_ms.max(*keep_until_ms);
            record.end = Some(end.clone());
            return Some(wire::stored(record, options));
        }
        let present = Present {
            updated_at_ms: live.updated_at_ms,
            message: live.message.clone(),
            asks: live.questions.open(),
        };
        Some(wire::running(&record, present, options))
    }

    /// Takes the answers to what is open; others are nobody's.
    pub(super) fn receive(&self, answers: InputResponses) {
        let mut live = self.live();
        if live.questions.answer(answers) {
            live.updated_at_ms = self.shared.now_ms();
            live.status_changed();
        }
    }

    /// Where it says that it has changed.
    pub(super) fn changes(&self) -> watch::Receiver<Changes> {
        self.live().changes.subscribe()
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        locked(&self.live)
    }
}

impl Inbox for Run {
    fn ask(&self, key: &str, request: InputRequest) -> BoxFuture<CallResult<Value>> {
        let asked = {
            let mut live = self.live();
            live.updated_at_ms = self.shared.now_ms();
            let asked = live.questions.ask(key, request);
            live.status_changed();
            asked
        };
        let live = Arc::clone(&self.live);
        Box::pin(async move {
            let (key, answer) = asked?;
            let _open = Open { live, key };
            let gone = |_| CallError::new(ErrorKind::Cancelled, "the call has ended");
            answer.await.map_err(gone)
        })
    }
}

/// A question somebody waits for. Dropped, it is taken back.
struct Open {
    live: Arc<Mutex<Live>>,
    key: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut live = locked(&self.live);
        if live.questions.withdraw(&self.key) {
            live.status_changed();
        }
    }
}

fn locked(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shortened(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
        message.truncate(end);
        message.push('…');
    }
    message
}
