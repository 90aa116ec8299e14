//! The index of words, and of everything else that is known about files: one commit replaces a file's passages
//! and its record together, so that a search never sees half of a change.
//!
//! Vectors lie elsewhere; a [`Generation`] joins the passages of one commit with the vectors there are. How hits
//! are ranked is decided in `search`.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `analyse` | which words does a text have |
//! | `schema` | what is stored for a passage, what for a file |
//! | `index` | what changes, who writes |
//! | `generation` | what was there at one moment |
//! | `query` | what does a query ask for |

mod analyse;
mod generation;
mod index;
mod query;
mod schema;

use std::io;

pub use generation::{Generation, Passage, PendingPassage};
pub use index::{FORMAT, LexicalIndex, LexicalWriter};
pub use schema::FileRecord;

pub(crate) use analyse::{Analyser, Token};
pub(crate) use generation::SegmentView;
pub use query::Filter;
pub(crate) use query::{Statistics, TextQuery};

/// Why the index could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Another process writes already.
    #[error("another process writes the index of this knowledge base; end it or go on as a reader")]
    Busy,
    /// The folder of the index cannot be used.
    #[error("the index folder could not be {action}: {source}; check that it can be written")]
    Io {
        /// `created`, `read`…
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The index is damaged or of another version.
    #[error("the index is not usable: {0}; delete its folder, it is made again from the notes")]
    Damaged(String),
    /// The index engine failed.
    #[error("the index failed: {0}; if it happens again, delete the folder of the index, it is made again")]
    Engine(#[from] tantivy::TantivyError),
}

#[cfg(test)]
pub(crate) mod tests;
