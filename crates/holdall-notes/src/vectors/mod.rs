//! The vectors of all passages: a file that is cache and index at once.
//!
//! What to embed is decided elsewhere, and so is which passage a vector belongs to: a row is known by the hash of
//! the text that was embedded, so that a text that moves, comes back or stands in two notes is embedded once.
//!
//! # Contract
//!
//! - The file is `vectors-<generation>.bin` in the folder given; the highest generation counts. A generation is
//!   only ever appended to. Compaction writes the next one and removes the last.
//! - One process appends, guarded by the lock on `vectors.lock`; any number read, in any process.
//! - A row, once seen valid, never changes or goes away within its generation. Readers hold a snapshot
//!   ([`VectorRows`]), which stays valid while they use it, whatever the writer does.
//! - Every row carries a checksum. After a crash at any byte, and after damage on the disk, exactly the undamaged
//!   rows are there: readers stop at the first row that is not whole, the next writer removes what is damaged.
//! - Appending does not wait for the disk: after a power cut rows may be missing, to be embedded again.
//!   Compaction does wait, before the old file goes.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `format` | how do header and rows look, how are vectors rounded to int8 |
//! | `store` | which rows are there, where is the row of a hash, which are nearest |
//! | `writer` | how are rows added, and garbage removed |

mod format;
mod store;
mod writer;

use std::io;

pub use format::QueryVector;
pub use store::{VectorRows, VectorStore};
pub use writer::{Compaction, VectorWriter};

use crate::note::ContentHash;

/// The name of a row: the first half of the hash of the embedded text. Half is enough to never collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VectorKey(pub u128);

impl From<ContentHash> for VectorKey {
    fn from(hash: ContentHash) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.0[..16]);
        Self(u128::from_le_bytes(half))
    }
}

/// Why vectors could not be read or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// Another process appends already.
    #[error("another process writes the vectors of this knowledge base; end it or go on as a reader")]
    Busy,
    /// The operating system refused.
    #[error("the vectors could not be {action}: {source}; the index folder can be deleted, it is made again")]
    Io {
        /// `read`, `written`…
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A vector of another model.
    #[error(
        "a vector has {found} dimensions, {expected} were expected; embed with the model the index was made with"
    )]
    Dimensions {
        /// Of the store.
        expected: usize,
        /// Of the vector.
        found: usize,
    },
    /// More rows than a row number can count.
    #[error("the vector file is full at {rows} rows; split the knowledge base")]
    Full {
        /// Rows there are.
        rows: u32,
    },
}

impl VectorError {
    fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

#[cfg(test)]
mod tests;
