//! How a client is told of what becomes of a task without asking: [`Follower`].

use rmcp::model::{DetailedTask, TaskPayload};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::board::Board;
use crate::error::ErrorKind;

/// How often a task has changed. Who follows it looks at it when it can: what has changed twice by then is told once.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Of its status, or of what it asks.
    pub(super) status: u64,
    /// Of what is said about it alone.
    pub(super) message: u64,
}

/// Looks at one task for one client.
pub(crate) struct Follower<'a> {
    board: &'a Board,
    principal: &'a str,
    id: String,
    /// Of a task that runs here.
    changes: Option<watch::Receiver<Changes>>,
    /// How often it had changed when it was looked at last.
    seen: Changes,
    told: Option<(DetailedTask, Instant)>,
}

impl Board {
    /// Follows a task from now on.
    pub(crate) fn follow<'a>(&'a self, principal: &'a str, id: String) -> Follower<'a> {
        Follower {
            board: self,
            principal,
            changes: self.changes(&id),
            id,
            seen: Changes::default(),
            told: None,
        }
    }
}

impl Follower<'_> {
    /// The task as it is, then whenever it has changed, up to its end or the end of its life. Progress comes no more
    /// often than clients are asked to look at a task.
    pub(crate) async fn next(&mut self) -> Option<DetailedTask> {
        loop {
            if let Some((task, at)) = &self.told {
                if is_over(task) {
                    return None;
                }
                let at = *at;
                self.changed(at).await;
            }
            // Before the look: what changes after it is worth another.
            if let Some(changes) = &mut self.changes {
                self.seen = *changes.borrow_and_update();
            }
            match self.board.get(self.principal, &self.id).await {
                Ok(task) if self.told.as_ref().is_some_and(|(told, _)| *told == task) => {
                    self.told = Some((task, Instant::now()));
                }
                Ok(task) => {
                    self.told = Some((task.clone(), Instant::now()));
                    return Some(task);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                // The store may answer again.
                Err(_) => sleep(self.board.poll_interval()).await,
            }
        }
    }

    /// Resolves when it is worth while to look again; `told_at` somebody did.
    async fn changed(&mut self, told_at: Instant) {
        let interval = self.board.poll_interval();
        let Some(changes) = &mut self.changes else {
            // Another process runs it: nobody here hears of it.
            return sleep(interval).await;
        };
        if changes.changed().await.is_err() {
            self.changes = None;
            return;
        }
        tokio::select! {
            // An error says that it has ended.
            _ = changes.wait_for(|now| now.status != self.seen.status) => {}
            () = sleep_until(told_at + interval) => {}
        }
    }
}

fn is_over(task: &DetailedTask) -> bool {
    matches!(
        task.payload,
        TaskPayload::Completed { .. } | TaskPayload::Failed { .. } | TaskPayload::Cancelled
    )
}
