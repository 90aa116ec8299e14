//! How far a notebook is, for people, models and programs.

use std::fmt;

use serde::Serialize;

/// What this process does for the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It has not been decided yet.
    #[default]
    Starting,
    /// It keeps the index.
    Writer,
    /// Another process keeps the index; this one reads it.
    Reader,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Writer => "writer",
            Self::Reader => "reader",
        })
    }
}

/// Counts that change while a notebook works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// What this process does for the index.
    pub role: Role,
    /// Whether every file has been looked at since the start.
    pub scanned: bool,
    /// Files to look at in the pass under way, 0 when there is none.
    pub files_to_do: u64,
    /// Files looked at in the pass under way.
    pub files_done: u64,
    /// Notes that can be found.
    pub notes: u64,
    /// Passages that can be found by their words.
    pub passages: u64,
    /// Passages that can be found by their meaning too.
    pub embedded: u64,
}

/// A file that cannot be found, or only in part, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// The file.
    pub path: String,
    /// `skipped` on purpose, `failed`, or indexed with a `warning`.
    pub state: &'static str,
    /// Why.
    pub reason: String,
}

/// Everything there is to say about a notebook.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Names of the folders, as they begin the paths of notes where there are several.
    pub roots: Vec<String>,
    /// The counts.
    pub progress: Progress,
    /// How changes are noticed: `watching`, or `looking every 2s: …` with the reason.
    pub watching: Option<String>,
    /// The embedding model: its name once it is loaded, or why there is none.
    pub model: String,
    /// Files that were skipped, failed, or have malformed frontmatter.
    pub problems: Vec<FileProblem>,
    /// What went wrong last in the background, if it has not been put right since.
    pub last_error: Option<String>,
}
