//! What can be set: [`MemoryConfig`].

use std::path::PathBuf;

use holdall::prelude::*;
use serde::{Deserialize, Serialize};

/// The memory: a knowledge graph.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// The file it is kept in, a database of SQLite. Without it, `memory.db` in the folder of `[data]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub file: Option<PathBuf>,
    /// A file of the reference server (`memory.jsonl`) that is brought in at the start, once, and again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub import: Option<PathBuf>,
    /// How many entities there may be.
    pub entities_max: u32,
    /// How many observations there may be, those of all entities together.
    pub observations_max: u32,
    /// How many relations there may be.
    pub relations_max: u32,
    /// How large the file may become, in bytes.
    pub file_bytes_max: u64,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self {
            file: None,
            import: None,
            entities_max: 50_000,
            observations_max: 200_000,
            relations_max: 200_000,
            file_bytes_max: 512 * 1024 * 1024,
        }
    }
}
