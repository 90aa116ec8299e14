//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `memory` | [`memory::MemoryToolset`] | a knowledge graph that outlasts a conversation |
//! | `files` | [`files::FilesToolset`] | list, read, search and write files in named folders |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `tasks` | [`tasks::TasksToolset`] | a list of things to do, with due dates, tags and search |
//! | `sites` | [`sites::SitesToolset`] | whether sites are up and their certificates good, watched by a monitor |
//!
//! `outbound` is no toolset but the one way to the network of those that need it.
//! | `prompts` | [`prompts::PromptsToolset`] | prompts to begin with, and templates of the user's own |
//! | `sql` | [`sql::SqlToolset`] | read databases: SQLite, PostgreSQL, MySQL, MariaDB |

#[cfg(feature = "memory")]
pub mod memory;
//! | `fetch` | [`fetch::FetchToolset`] | read pages of the web, send requests to listed hosts |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `web_search` | [`web_search::WebSearchToolset`] | search the web |
//!
//! `outbound` is no toolset but the one way to the network of those that need it.

#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(any(feature = "files", feature = "notes"))]
mod address;
#[cfg(any(feature = "files", feature = "notes"))]
mod excerpt;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "store")]
#[cfg_attr(
    not(all(feature = "memory", feature = "tasks")),
    allow(dead_code, unused_imports, reason = "each toolset uses some of it")
)]
pub mod store;
#[cfg(feature = "tasks")]
pub mod tasks;
#[cfg(feature = "outbound")]
pub mod outbound;
#[cfg(feature = "sites")]
pub mod sites;
#[cfg(feature = "web_search")]
pub mod web_search;
#[cfg(feature = "prompts")]
pub mod prompts;
#[cfg(feature = "sql")]
pub mod sql;
//! | `calculator` | [`calculator::CalculatorToolset`] | calculate an expression, with units |
//! | `clock` | [`clock::ClockToolset`] | tell, convert and calculate dates and times |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `thinking` | [`thinking::ThinkingToolset`] | think in numbered steps that can be revised |

#[cfg(feature = "calculator")]
pub mod calculator;
#[cfg(feature = "clock")]
pub mod clock;
#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "thinking")]
pub mod thinking;
