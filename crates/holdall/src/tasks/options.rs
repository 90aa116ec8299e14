//! What a server decides about all its tasks: [`TaskOptions`], and [`Server::tasks`] which takes them.

use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::store::{MemoryTaskStore, TaskStore};
use super::support::Rules;
use crate::server::Server;
use crate::tool::Tool;

/// Bounds and times of the tasks of a server.
///
/// ```
/// use std::time::Duration;
/// use holdall::prelude::*;
/// use holdall::TaskOptions;
///
/// let mut tasks = TaskOptions::default();
/// tasks.grace = Duration::from_millis(500);
/// tasks.running_per_principal_max = 4;
/// let server = Server::new("worker").tasks(tasks);
/// # server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// Clients ask for a task with `tasks/get`, or listen: a `subscriptions/listen` stream with `taskIds` is told of each
/// task as it is, then whenever its status or its questions change, of its progress once in
/// [`poll_interval`](Self::poll_interval), and of its end with the result (`notifications/tasks`). A stream follows up
/// to 64 tasks of its principal; others are left out of the acknowledgment. Tasks that run in another process are
/// looked up in the store as often.
///
/// That holds for Holdall's own transports, stdio and HTTP. The types of `rmcp` have no room for the ids, so over
/// another transport, say a pipe that is handed to `rmcp` itself, a stream never hears of tasks, unless the transport
/// uses [`keep_task_ids`](crate::protocol::keep_task_ids); and `rmcp`'s own client cannot ask for them.
#[derive(Clone)]
#[non_exhaustive]
pub struct TaskOptions {
    /// Where tasks are kept. Default: a [`MemoryTaskStore`], which forgets them when the process ends.
    pub store: Arc<dyn TaskStore>,
    /// How long a call may take before it becomes a task: the result of a quick one is its reply, and nobody has to
    /// ask for it. Zero makes every call a task before the function runs; more than the timeout of the call is as much
    /// as that. Default: 100 milliseconds.
    pub grace: Duration,
    /// How long a task may run, the waiting for answers not counted. Default: 1 hour.
    pub timeout: Duration,
    /// How long a task lives from its creation, whether it runs, waits for an answer or has ended. Default: 2 hours.
    pub ttl: Duration,
    /// The longest life a tool may give its tasks. Default: 7 days.
    pub ttl_max: Duration,
    /// How long a result is kept at least, even if the life of its task is over sooner. Default: 30 minutes.
    pub result_ttl: Duration,
    /// How often clients are asked to look at a task. Default: 1 second.
    pub poll_interval: Duration,
    /// Tasks running or waiting for an answer at once. When there are as many, calls of tools that can be tasks are
    /// refused for clients that know tasks. A blocking function that does not hear that it was cancelled counts until
    /// it returns. Default: 64.
    pub running_max: usize,
    /// As [`running_max`](Self::running_max), for each principal. Default: 16.
    pub running_per_principal_max: usize,
    /// Tasks stored, running or not; tasks that run while this is reached are stored all the same. Default: 10,000.
    pub stored_max: usize,
    /// As [`stored_max`](Self::stored_max), for each principal. Default: 1,000.
    pub stored_per_principal_max: usize,
    /// Results stored, in bytes: no task is begun while there are more. Tasks that run already keep their results, so
    /// there can be one largest result of a tool more for each. Default: 256 MiB.
    pub result_bytes_max: u64,
    /// As [`result_bytes_max`](Self::result_bytes_max), for each principal. Default: 64 MiB.
    pub result_bytes_per_principal_max: u64,
    pub(super) clock: Clock,
}

impl Default for TaskOptions {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            store: Arc::new(MemoryTaskStore::new()),
            grace: Duration::from_millis(100),
            timeout: 60 * MINUTE,
            ttl: 120 * MINUTE,
            ttl_max: 7 * 24 * 60 * MINUTE,
            result_ttl: 30 * MINUTE,
            poll_interval: Duration::from_secs(1),
            running_max: 64,
            running_per_principal_max: 16,
            stored_max: 10_000,
            stored_per_principal_max: 1_000,
            result_bytes_max: 256 * 1024 * 1024,
            result_bytes_per_principal_max: 64 * 1024 * 1024,
            clock: Clock::System,
        }
    }
}

impl Server {
    /// How the tasks of this server behave, and where they are kept: see [`Tool::task`](crate::Tool::task).
    ///
    /// A server has tasks, and clients are told so when they connect, if one of its tools can become a task when it is
    /// built, or if this was called: call it where such tools come later, through a
    /// [`ServerHandle`](crate::ServerHandle). To add one to a server without tasks is an error.
    ///
    /// ```
    /// use holdall::prelude::*;
    /// use holdall::TaskOptions;
    ///
    /// let service = Server::new("workshop")
    ///     .offers_later([holdall::Kind::Tool])
    ///     .tasks(TaskOptions::default())
    ///     .build()?;
    /// let saw = Tool::new("saw").task(TaskSupport::Required).blocking_handler(|_| Ok("two halves"));
    /// service.handle().add(saw)?;
    /// # Ok::<(), holdall::Error>(())
    /// ```
    ///
    /// A [mounted](Server::mount) server that has tasks is enough for the server that contains it to have them. The
    /// options are those of the outermost server; those of mounted ones are not used.
    pub fn tasks(mut self, options: TaskOptions) -> Self {
        self.tasks = Some(options);
        self
    }
}

/// The times of the tasks of one tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) grace: Duration,
    pub(super) timeout: Duration,
    pub(super) ttl: Duration,
}

impl TaskOptions {
    pub(super) fn terms(&self, rules: &Rules) -> Terms {
        let timeout = rules.timeout.unwrap_or(self.timeout);
        Terms {
            grace: rules.grace.unwrap_or(self.grace),
            timeout,
            ttl: rules.ttl.unwrap_or_else(|| self.ttl.max(timeout)),
        }
    }

    /// What makes no sense, one sentence each.
    pub(super) fn problems(&self) -> Vec<String> {
        let bounds = [
            ("running_max", self.running_max as u64),
            ("running_per_principal_max", self.running_per_principal_max as u64),
            ("stored_max", self.stored_max as u64),
            ("stored_per_principal_max", self.stored_per_principal_max as u64),
            ("result_bytes_max", self.result_bytes_max),
            (
                "result_bytes_per_principal_max",
                self.result_bytes_per_principal_max,
            ),
        ];
        let zero = bounds.iter().filter(|(_, bound)| *bound == 0);
        zero.map(|(name, _)| format!("tasks: `{name}` is 0, so no task could ever run"))
            .collect()
    }

    /// What makes no sense about the tasks of one tool.
    pub(super) fn tool_problems(&self, tool: &str, rules: &Rules) -> Vec<String> {
        let mut problems = Vec::new();
        let Terms { timeout, ttl, .. } = self.terms(rules);
        if ttl > self.ttl_max {
            let longest = self.ttl_max;
            problems.push(format!(
                "tool `{tool}`: its tasks live {ttl:?}, longer than the {longest:?} allowed; shorten `task_ttl` \
                 and `task_timeout`, or raise `TaskOptions::ttl_max`"
            ));
        }
        if timeout > ttl {
            problems.push(format!(
                "tool `{tool}`: its tasks may run {timeout:?} but live only {ttl:?}; shorten `task_timeout` or \
                 raise `task_ttl`"
            ));
        }
        problems
    }

    /// What is wrong with tools that are to be added to a server while it serves. Without `options` it has no tasks.
    pub(crate) fn newcomer_problems(options: Option<&Self>, tools: &[Tool]) -> Vec<String> {
        let tasks = tools
            .iter()
            .filter_map(|tool| Some((&tool.name, tool.task.as_ref()?)));
        let problems = tasks.flat_map(|(tool, rules)| match options {
            Some(options) => options.tool_problems(tool, rules),
            None => vec![format!(
                "tool `{tool}`: its calls can become tasks, but clients were told that this server has none; say \
                 `.tasks(TaskOptions::default())` before the server is built, or leave `task` out"
            )],
        });
        problems.collect()
    }
}
