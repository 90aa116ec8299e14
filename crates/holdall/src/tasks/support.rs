//! Which tools can become tasks: [`Tool::task`] and its relatives.

use std::time::Duration;

use crate::tool::Tool;

/// Whether a call of a tool can become a task, which the client asks about until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSupport {
    /// If the client can deal with tasks; for others the call is an ordinary one.
    Optional,
    /// Always: clients that cannot deal with tasks cannot call the tool.
    Required,
}

/// What a tool says about its tasks. What it leaves open, the server decides.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) support: TaskSupport,
    pub(crate) grace: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) ttl: Option<Duration>,
}

impl Tool {
    /// Lets a call that takes long become a task, for clients of protocol 2026-07-28 that declare the extension
    /// `io.modelcontextprotocol/tasks`: they get an id at once and ask for the result when it is there.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// let import = Tool::new("import")
    ///     .argument(Argument::of::<String>("path"))
    ///     .task(TaskSupport::Optional)
    ///     .handler(async |mut call: Call| {
    ///         let path: String = call.take("path")?;
    ///         for step in 1..=3 {
    ///             call.context().progress(step, 3, format!("importing {path}")).await;
    ///             // …
    ///         }
    ///         Ok("imported")
    ///     });
    /// # Server::new("importer").add(import).build()?;
    /// # Ok::<(), holdall::Error>(())
    /// ```
    ///
    /// The function needs no change. Its progress is the status of the task. What it asks before the call is a task
    /// is asked in the reply, what it asks afterwards in the task. The timeout of an ordinary call does not hold for a
    /// task, [`Tool::task_timeout`] does. A blocking function cannot be stopped from outside: where it takes long it
    /// looks at [`Context::is_cancelled`](crate::Context::is_cancelled) from time to time.
    ///
    /// Functions with `#[tool]` say it there: `#[tool(task = "optional")]`.
    pub fn task(mut self, support: TaskSupport) -> Self {
        match &mut self.task {
            Some(rules) => rules.support = support,
            None => self.task = Some(Rules::new(support)),
        }
        self
    }

    /// How long a call may take before it becomes a task. Zero makes every call a task before the function runs.
    /// Default: [`TaskOptions::grace`](crate::TaskOptions::grace).
    ///
    /// Implies [`TaskSupport::Optional`] unless [`Tool::task`] says otherwise.
    pub fn task_after(mut self, grace: Duration) -> Self {
        self.rules().grace = Some(grace);
        self
    }

    /// How long a task of this tool may run, the waiting for answers not counted. Default:
    /// [`TaskOptions::timeout`](crate::TaskOptions::timeout).
    ///
    /// Implies [`TaskSupport::Optional`] unless [`Tool::task`] says otherwise.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.rules().timeout = Some(timeout);
        self
    }

    /// How long a task of this tool lives from its creation, whether it runs, waits for an answer or has ended.
    /// Default: [`TaskOptions::ttl`](crate::TaskOptions::ttl), or the timeout of the task if that is longer.
    ///
    /// Implies [`TaskSupport::Optional`] unless [`Tool::task`] says otherwise.
    pub fn task_ttl(mut self, ttl: Duration) -> Self {
        self.rules().ttl = Some(ttl);
        self
    }

    fn rules(&mut self) -> &mut Rules {
        self.task.get_or_insert_with(|| Rules::new(TaskSupport::Optional))
    }
}

impl Rules {
    fn new(support: TaskSupport) -> Self {
        Self {
            support,
            grace: None,
            timeout: None,
            ttl: None,
        }
    }
}
