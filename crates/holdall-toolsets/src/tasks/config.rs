//! What can be set: [`TasksConfig`].

use std::path::PathBuf;

use holdall::prelude::*;
use serde::{Deserialize, Serialize};

/// The tasks: a list of things to do.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TasksConfig {
    /// The file they are kept in, a database of SQLite. Without it, `tasks.db` in the folder of `[data]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub file: Option<PathBuf>,
    /// The time zone in which a day is today, such as `Europe/Berlin`. Without it, that of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// How many tasks there may be, those that are done counted.
    pub tasks_max: u32,
    /// How large the file may become, in bytes.
    pub file_bytes_max: u64,
}

impl Default for TasksConfig {
    fn default() -> Self {
        Self {
            file: None,
            timezone: None,
            tasks_max: 10_000,
            file_bytes_max: 256 * 1024 * 1024,
        }
    }
}
