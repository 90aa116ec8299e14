//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `calculator` | [`calculator::CalculatorToolset`] | calculate an expression, with units |
//! | `clock` | [`clock::ClockToolset`] | tell, convert and calculate dates and times |
//! | `fetch` | [`fetch::FetchToolset`] | read pages of the web, send requests to listed hosts |
//! | `files` | [`files::FilesToolset`] | list, read, search and write files in named folders |
//! | `memory` | [`memory::MemoryToolset`] | a knowledge graph that outlasts a conversation |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `prompts` | [`prompts::PromptsToolset`] | prompts to begin with, and templates of the user's own |
//! | `sites` | [`sites::SitesToolset`] | whether sites are up and their certificates good, watched by a monitor |
//! | `sql` | [`sql::SqlToolset`] | read databases: SQLite, PostgreSQL, MySQL, MariaDB |
//! | `tasks` | [`tasks::TasksToolset`] | a list of things to do, with due dates, tags and search |
//! | `thinking` | [`thinking::ThinkingToolset`] | think in numbered steps that can be revised |
//! | `web_search` | [`web_search::WebSearchToolset`] | search the web |
//!
//! What several of them share: `address` (paths as URIs) and `excerpt` (parts of texts), for `files` and `notes`; `counted`, numbers in words;
//! [`outbound`], the one way to the network; `store`, files of SQLite in which toolsets keep things.

#[cfg(any(feature = "files", feature = "notes"))]
mod address;
#[cfg(feature = "calculator")]
pub mod calculator;
#[cfg(feature = "clock")]
pub mod clock;
#[cfg(any(feature = "files", feature = "memory", feature = "sites"))]
mod counted;
#[cfg(any(feature = "files", feature = "notes"))]
mod excerpt;
#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "outbound")]
pub mod outbound;
#[cfg(feature = "prompts")]
pub mod prompts;
#[cfg(feature = "sites")]
pub mod sites;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(feature = "store")]
#[cfg_attr(
    not(all(feature = "memory", feature = "tasks")),
    allow(dead_code, unused_imports, reason = "each toolset uses some of it")
)]
pub mod store;
#[cfg(feature = "tasks")]
pub mod tasks;
#[cfg(feature = "thinking")]
pub mod thinking;
#[cfg(feature = "web_search")]
pub mod web_search;
