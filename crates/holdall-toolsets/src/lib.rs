//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `sql` | [`sql::SqlToolset`] | read databases: SQLite, PostgreSQL, MySQL, MariaDB |

#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "sql")]
pub mod sql;
