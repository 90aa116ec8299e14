//! The configuration: `holdall.toml`, the environment and the command line, in this order of increasing weight.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which sections there are |
//! | `layers` | how file, environment and flags become one, and who said what |
//! | `places` | which keys hold paths, and what these are relative to |
//! | `reference` | how all of it is told to people: the commented file, the page of the documents, the schema |
//!
//! Not here: what a setting means; each crate says that of its own.

pub(crate) mod layers;
mod places;
pub(crate) mod reference;

use std::path::PathBuf;

use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use crate::arguments::ToolsetName;

/// All settings of the program.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// What is served.
    pub(crate) serve: ServeConfig,
    /// The notes.
    pub(crate) notes: NotesConfig,
    /// What the program tells about its work, on standard error.
    pub(crate) log: LogConfig,
}

/// What is served.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServeConfig {
    /// The toolsets to offer.
    pub(crate) toolsets: Vec<ToolsetName>,
    /// Whether no tool is offered that changes anything.
    pub(crate) read_only: bool,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            toolsets: vec![ToolsetName::Notes],
            read_only: false,
        }
    }
}

/// The notes.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NotesConfig {
    /// The folders of Markdown notes.
    #[schemars(extend("items" = { "type": "string", "format": "path" }))]
    pub(crate) folders: Vec<PathBuf>,
    /// Where index and vectors are kept. Without it, the user's data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) data_dir: Option<PathBuf>,
    /// Whether notes are found by their meaning, too: embeddings are made and used.
    pub(crate) embeddings: bool,
}

impl Default for NotesConfig {
    fn default() -> Self {
        Self {
            folders: vec![PathBuf::from(".")],
            data_dir: None,
            embeddings: true,
        }
    }
}

/// What the program tells about its work, on standard error.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// What to log: `error`, `warn`, `info`, `debug`, `trace`, or a filter of the tracing crate such as
    /// `warn,holdall_http=debug`.
    pub(crate) level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "warn".to_owned(),
        }
    }
}
