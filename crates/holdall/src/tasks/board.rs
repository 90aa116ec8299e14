//! How requests about tasks are answered, and to whom: [`Board`].

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::{DetailedTask, InputResponses};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::admission::{Admission, has_room};
use super::clock::millis;
use super::follow::Changes;
use super::options::TaskOptions;
use super::run::{Outcome, Run, STOPPED};
use super::store::{TaskEnd, TaskRecord, TaskStoreError};
use super::support::Rules;
use super::{upkeep, wire};
use crate::error::{CallError, CallResult, ErrorKind};

/// Nobody is told of progress, and no store is looked at for somebody, more often than this.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Random bytes in an id: nobody guesses 192 bits.
const ID_BYTES: usize = 24;

/// All tasks of a server. They stop when it is dropped.
pub(crate) struct Board {
    shared: Arc<Shared>,
    _stop: DropGuard,
}

/// What the tasks of a server have in common.
pub(super) struct Shared {
    pub(super) options: TaskOptions,
    pub(super) admission: Arc<Admission>,
    live: Mutex<HashMap<String, Arc<Run>>>,
    /// Stops everything.
    pub(super) stopping: CancellationToken,
    /// Whether somebody looks after the store.
    pub(super) kept_up: AtomicBool,
}

/// A task of the caller.
enum Found {
    /// It runs here.
    Live(Arc<Run>),
    /// It has ended, or runs in another process.
    Stored(TaskRecord),
}

impl Board {
    /// The board of a server of which these tools can become tasks. What is wrong goes to `problems`.
    pub(crate) fn build<'a>(
        options: TaskOptions,
        tools: impl Iterator<Item = (&'a str, &'a Rules)>,
        problems: &mut Vec<String>,
    ) -> Self {
        problems.extend(options.problems());
        problems.extend(tools.flat_map(|(tool, rules)| options.tool_problems(tool, rules)));
        let stopping = CancellationToken::new();
        let shared = Shared {
            options,
            admission: Arc::default(),
            live: Mutex::default(),
            stopping: stopping.clone(),
            kept_up: AtomicBool::new(false),
        };
        Self {
            shared: Arc::new(shared),
            _stop: stopping.drop_guard(),
        }
    }

    /// One more call that may become a task, and where its reply will come. It takes no place as long as it is none, but
    /// where all places are taken it does not begin: it would be stopped in the middle.
    pub(super) async fn admit(
        &self,
        principal: &str,
        tool: &str,
        rules: &Rules,
    ) -> CallResult<(Arc<Run>, oneshot::Receiver<Outcome>)> {
        let shared = &self.shared;
        if shared.stopping.is_cancelled() {
            return Err(CallError::new(
                ErrorKind::Unavailable,
                "the server is shutting down",
            ));
        }
        upkeep::start(shared);
        let options = &shared.options;
        shared.admission.has_slot(principal, options)?;
        if has_room(self.usage(principal).await?, options).is_err() {
            // Perhaps some have expired since anybody looked.
            let removed = options.store.remove_expired(shared.now_ms()).await;
            removed.map_err(cannot_reach)?;
            has_room(self.usage(principal).await?, options)?;
        }
        let mut id = [0; ID_BYTES];
        getrandom::fill(&mut id)?;
        Ok(Run::new(
            Arc::clone(shared),
            URL_SAFE_NO_PAD.encode(id),
            principal.to_owned(),
            tool.to_owned(),
            options.terms(rules),
        ))
    }

    async fn usage(&self, principal: &str) -> CallResult<super::TaskUsage> {
        let usage = self.shared.options.store.usage(principal).await;
        usage.map_err(cannot_reach)
    }

    /// `tasks/get`.
    pub(crate) async fn get(&self, principal: &str, id: &str) -> CallResult<DetailedTask> {
        match self.find(principal, id).await? {
            Found::Live(run) => run.detailed().ok_or_else(|| unknown(id)),
            Found::Stored(record) => Ok(wire::stored(record, &self.shared.options)),
        }
    }

    /// `tasks/update`.
    pub(crate) async fn update(&self, principal: &str, id: &str, answers: InputResponses) -> CallResult<()> {
        match self.find(principal, id).await? {
            Found::Live(run) => {
                run.receive(answers);
                Ok(())
            }
            Found::Stored(record) => ended(&record),
        }
    }

    /// `tasks/cancel`.
    pub(crate) async fn cancel(&self, principal: &str, id: &str) -> CallResult<()> {
        match self.find(principal, id).await? {
            Found::Live(run) => {
                run.cancel().await;
                Ok(())
            }
            Found::Stored(record) => ended(&record),
        }
    }

    /// Where a task that runs here says that it has changed.
    pub(super) fn changes(&self, id: &str) -> Option<watch::Receiver<Changes>> {
        self.shared.live().get(id).map(|run| run.changes())
    }

    pub(super) fn poll_interval(&self) -> Duration {
        self.shared.options.poll_interval.max(POLL_INTERVAL_MIN)
    }

    /// Stops all tasks and waits until it is stored that they were.
    pub(crate) async fn shut_down(&self) {
        upkeep::stop(&self.shared).await;
    }

    async fn find(&self, principal: &str, id: &str) -> CallResult<Found> {
        let shared = &self.shared;
        upkeep::start(shared);
        // Here first: what is not here any more is in the store.
        let live = shared.live().get(id).cloned();
        if let Some(run) = live {
            return match run.principal == principal && !run.is_forgotten() {
                true => Ok(Found::Live(run)),
                false => Err(unknown(id)),
            };
        }
        let mut record = self.stored(principal, id).await?;
        if record.end.is_none() {
            shared.end_abandoned().await.map_err(cannot_reach)?;
            record = self.stored(principal, id).await?;
        }
        Ok(Found::Stored(record))
    }

    async fn stored(&self, principal: &str, id: &str) -> CallResult<TaskRecord> {
        let shared = &self.shared;
        let found = shared.options.store.get(id).await.map_err(cannot_reach)?;
        found
            .filter(|record| record.principal == principal)
            .filter(|record| record.end.is_none() || record.expires_at_ms > shared.now_ms())
            .ok_or_else(|| unknown(id))
    }
}

impl Shared {
    pub(super) fn now_ms(&self) -> u64 {
        self.options.clock.now_ms()
    }

    /// How long the end of a task is kept at least.
    pub(super) fn keep_until_ms(&self, ended_at_ms: u64) -> u64 {
        ended_at_ms.saturating_add(millis(self.options.result_ttl))
    }

    /// The tasks that run here.
    pub(super) fn live(&self) -> MutexGuard<'_, HashMap<String, Arc<Run>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what no living process will.
    pub(super) async fn end_abandoned(&self) -> Result<usize, TaskStoreError> {
        let at_ms = self.now_ms();
        let end = TaskEnd {
            at_ms,
            message: Some(STOPPED.into()),
            outcome: wire::failure(STOPPED.into()),
        };
        let store = &self.options.store;
        let abandoned = store.end_abandoned(end, self.keep_until_ms(at_ms)).await?;
        if abandoned > 0 {
            tracing::warn!("{abandoned} tasks have failed because their server stopped");
        }
        Ok(abandoned)
    }
}

/// Whoever asks for a task of somebody else learns no more than if there were none.
fn unknown(id: &str) -> CallError {
    let id: String = id.chars().take(64).collect();
    CallError::not_found(format!("there is no task `{id}`"))
        .hint("it was never made, has expired, or belongs to somebody else")
}

/// What has ended takes neither answers nor cancellations, and that is no mistake of the client.
fn ended(record: &TaskRecord) -> CallResult<()> {
    if record.end.is_some() {
        return Ok(());
    }
    let message = format!("the task `{}` runs in another process of this server", record.id);
    Err(CallError::new(ErrorKind::Unavailable, message).hint("send this to the process that made the task"))
}

fn cannot_reach(error: TaskStoreError) -> CallError {
    CallError::new(ErrorKind::Unavailable, "the store of tasks does not answer")
        .hint("try again later")
        .caused_by(error)
}
