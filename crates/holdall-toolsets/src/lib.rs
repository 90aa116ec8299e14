//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `files` | [`files::FilesToolset`] | list, read, search and write files in named folders |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |

#[cfg(any(feature = "files", feature = "notes"))]
mod address;
#[cfg(any(feature = "files", feature = "notes"))]
mod excerpt;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "notes")]
pub mod notes;
