//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `prompts` | [`prompts::PromptsToolset`] | prompts to begin with, and templates of the user's own |

#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "prompts")]
pub mod prompts;
