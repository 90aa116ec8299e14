//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `fetch` | [`fetch::FetchToolset`] | read pages of the web, send requests to listed hosts |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `web_search` | [`web_search::WebSearchToolset`] | search the web |
//!
//! `outbound` is no toolset but the one way to the network of those that need it.

#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "outbound")]
pub mod outbound;
#[cfg(feature = "web_search")]
pub mod web_search;
