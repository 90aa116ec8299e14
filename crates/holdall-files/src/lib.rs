//! Files below folders of Holdall: found without ever leaving the folder, read within bounds, changed as a whole or not
//! at all. No protocol, no HTTP, no configuration, no environment.
//!
//! [`Roots`] is the whole of it, for named folders; the functions beside it are what the knowledge base uses, too.
//!
//! | module | what it does |
//! | --- | --- |
//! | `roots` | named folders: lists, reads, searches, writes, moves, removes |
//! | `watch` | hears of changes below them |
//! | `folder`, `names`, `twins` | a folder held open; which texts may be a path; names that are one to people |
//! | `plain`, `put` | reads plain files within bounds; puts bytes in place as a whole or not at all |
//! | `replace`, `diff`, `hash` | texts replaced and compared, contents told apart |
//! | `error` | what can go wrong |

mod diff;
mod error;
mod folder;
mod hash;
mod names;
mod plain;
mod put;
mod replace;
mod roots;
mod twins;
mod watch;

pub use diff::diff;
pub use error::FileError;
pub use folder::{Folder, Unusable, open_below};
pub use hash::ContentHash;
pub use names::{NAME_BYTES_MAX, PATH_BYTES_MAX, broken_rule, broken_rule_for_new, shortened};
pub use plain::{Current, Plain, modified, read};
pub use put::{create, is_temporary, remove, replace, temporary_name};
pub use replace::{LineEnding, replaced};
pub use roots::{
    Contents, Edit, Entry, EntryKind, FILE_BYTES_MAX, FileMatches, IfExists, LineMatch, ListRequest, Listing,
    Moved, ROOTS_MAX, Removal, Root, RootOptions, Roots, SearchRequest, SearchResults, Written, is_text_type,
    media_type_of, root_name_of,
};
pub use twins::{folded, spelled, twins};
pub use watch::{Changes, Listener, WatchOptions, Watching, watch, watch_failure, watches_exhausted};
