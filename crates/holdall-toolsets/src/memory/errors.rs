//! What can go wrong: [`MemoryError`], and what of it a caller is told.

use std::io;
use std::path::PathBuf;

use holdall::{CallError, ErrorKind};

use crate::store::StoreError;

/// Why something cannot be remembered, found or forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are none of these names.
    #[error("no entity is called {}, and nothing was added", named(.0))]
    Unknown(Vec<String>),
    /// There are as many as there may be.
    #[error("there may be {max} {what}, and nothing was added")]
    TooMany {
        /// What there would be too many of.
        what: &'static str,
        /// How many there may be.
        max: u32,
    },
    /// No page begins there.
    #[error("`{0}` is no cursor of read_graph")]
    Cursor(String),
    /// The file to be brought in cannot be read.
    #[error("cannot read `{}`", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Some names, for people.
pub(super) fn named(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| quoted(name)).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

/// A name as it is shown: a short line.
fn quoted(name: &str) -> String {
    const CHARS_MAX: usize = 80;
    let line = crate::store::line(name);
    match line.char_indices().nth(CHARS_MAX) {
        Some((cut, _)) => format!("“{}…”", &line[..cut]),
        None => format!("“{line}”"),
    }
}

impl From<rusqlite::Error> for MemoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

pub(super) fn call_error(error: MemoryError) -> CallError {
    let message = error.to_string();
    match error {
        MemoryError::Store(error) => error.call_error(),
        MemoryError::Import { .. } => CallError::internal(error),
        MemoryError::Unknown(_) => CallError::not_found(message)
            .hint("find the name with search_nodes, or create it with create_entities"),
        MemoryError::TooMany { .. } => CallError::new(ErrorKind::TooLarge, message)
            .hint("forget what is no longer needed, or have the bound raised"),
        MemoryError::Cursor(_) => CallError::invalid_arguments(message)
            .hint("hand back `next` of the page before as it is, or leave it out"),
    }
}
