//! The knowledge base of Holdall: it indexes folders of Markdown, follows their changes, finds passages by
//! meaning and by words, and writes notes safely. No protocol, no HTTP, no environment variables.
//!
//! [`Notebook`] is the whole of it; the modules are its parts.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`root`] | folders opened so that no path leads out of them |
//! | [`scan`], [`watch`] | which files are notes; hears of changes |
//! | [`parse`], [`chunk`] | text becomes a note, a note becomes passages |
//! | [`lexical`] | the index of words and of everything known about files |
//! | [`embed`], [`vectors`] | passages become vectors; vectors are kept |
//! | [`search`], [`when`] | finds passages; understands "last week" |
//! | [`write`](mod@write) | changes notes, whole or not at all |
//! | [`notebook`] | keeps all of it in step |
//! | [`eval`] | measures how good search is |

pub mod chunk;
pub mod embed;
mod error;
pub mod eval;
pub mod lexical;
pub mod note;
pub mod notebook;
pub mod parse;
pub mod root;
pub mod scan;
pub mod search;
pub mod vectors;
pub mod watch;
pub mod when;
pub mod write;

pub use error::NotesError;
pub use lexical::FileRecord;
pub use note::{Chunk, ContentHash, DateSource, Note, NoteDate, NotePath};
pub use notebook::{
    ChangeFeed, ListPage, ListRequest, NoteChanges, NoteText, Notebook, NotebookOptions, Progress,
    RelatedNote, Relation, Role, Sort, Status,
};
pub use search::{Filter, Hit, SearchMode, SearchRequest, SearchResults};
pub use write::{Edit, Written};
