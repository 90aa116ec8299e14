//! Calls that take long: a call goes on after its reply, as a task the client asks about from time to time.
//!
//! This is the extension `io.modelcontextprotocol/tasks` (SEP-2663) of protocol 2026-07-28. A call of a tool that
//! [supports](TaskSupport) it starts like every other. If it is quick, its result is the reply. When it takes longer
//! than the grace period, or says so itself ([`Context::become_task`](crate::Context::become_task)), a task is stored,
//! the reply is the task's id, and the function simply runs on: it is the same function, with the same context, in the
//! same pipeline. Its progress becomes the status of the task, its questions are answered with `tasks/update`.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `support` | which tools can become tasks |
//! | `options` | what a server decides about all its tasks: bounds and times |
//! | `call` | how a call is started that may become a task |
//! | `run` | how a call becomes a task, ends, and is stopped |
//! | `questions` | what a task has asked, and how it is answered |
//! | `context` | what a function can say and know about it |
//! | `board` | how `tasks/get`, `tasks/update` and `tasks/cancel` are answered, and to whom |
//! | `follow` | how a client is told of a task without asking |
//! | `admission` | how many tasks there may be |
//! | `upkeep` | how tasks expire, and how they stop with the server |
//! | `store` | what is kept of a task, and where |
//! | `wire` | what a task looks like to a client |
//! | `clock` | what time it is |
//!
//! Not here: validation, timeouts, the panic guard (`pipeline`), and how a question is put (`interaction`).

mod admission;
mod board;
mod call;
mod clock;
mod context;
mod follow;
mod options;
mod questions;
mod run;
mod store;
mod support;
#[cfg(test)]
mod tests;
mod upkeep;
mod wire;

pub(crate) use admission::Slot;
pub(crate) use board::Board;
pub(crate) use call::{Start, course, start};
pub use options::TaskOptions;
pub(crate) use run::{Outcome, Run};
#[cfg(feature = "sqlite-tasks")]
pub use store::SqliteTaskStore;
pub use store::{
    MemoryTaskStore, StoreFuture, TaskEnd, TaskOutcome, TaskRecord, TaskStore, TaskStoreError, TaskUsage,
};
pub(crate) use support::Rules;
pub use support::TaskSupport;
