//! What can go wrong: [`TasksError`], and what of it a caller is told.

use holdall::{CallError, ErrorKind};

use crate::store::StoreError;

/// Why tasks cannot be kept, or one of them is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TasksError {
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configured time zone is none.
    #[error(
        "there is no time zone `{0}`; write one such as `Europe/Berlin`, or leave it out for that of the machine"
    )]
    TimeZone(String),
    /// There is none of that id.
    #[error("there is no task {0}")]
    Unknown(i64),
    /// Somebody changed it since it was looked at.
    #[error("task {0} was changed in the meantime, and was not deleted")]
    Changed(i64),
    /// There are as many as there may be.
    #[error("there are {0} tasks already, as many as there may be, and nothing was added")]
    TooMany(u32),
    /// No page begins there.
    #[error("`{0}` is no cursor of list_tasks")]
    Cursor(String),
}

impl From<rusqlite::Error> for TasksError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

pub(super) fn call_error(error: TasksError) -> CallError {
    let message = error.to_string();
    match error {
        TasksError::Store(error) => error.call_error(),
        TasksError::TimeZone(_) => CallError::internal(error),
        TasksError::Unknown(_) => {
            CallError::not_found(message).hint("list_tasks and search_tasks show the ids")
        }
        TasksError::Changed(_) => CallError::new(ErrorKind::Conflict, message)
            .hint("look at it with get_task, and ask the user again"),
        TasksError::TooMany(_) => CallError::new(ErrorKind::TooLarge, message)
            .hint("delete tasks that are done, or have `tasks_max` raised"),
        TasksError::Cursor(_) => CallError::invalid_arguments(message)
            .hint("hand back `next` of the page before as it is, or leave it out"),
    }
}
