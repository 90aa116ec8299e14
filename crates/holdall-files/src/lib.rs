//! Files below folders of Holdall: found without ever leaving the folder, read within bounds, changed as a whole or not
//! at all. No protocol, no HTTP, no configuration, no environment.

mod diff;
mod error;
mod folder;
mod hash;
mod names;
mod plain;
mod put;
mod replace;
mod twins;

pub use diff::diff;
pub use error::FileError;
pub use folder::{Folder, Unusable, open_below};
pub use hash::ContentHash;
pub use names::{NAME_BYTES_MAX, PATH_BYTES_MAX, broken_rule, broken_rule_for_new, shortened};
pub use plain::{Current, Plain, modified, read};
pub use put::{create, is_temporary, remove, replace, temporary_name};
pub use replace::{LineEnding, replaced};
pub use twins::{folded, spelled, twins};
