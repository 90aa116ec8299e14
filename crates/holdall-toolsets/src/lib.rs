//! Ready-made tools, written with the public API of `holdall` alone: each is also an example of it.
//!
//! | feature | toolset | what it offers |
//! | --- | --- | --- |
//! | `notes` | [`notes::NotesToolset`] | search, read and write a folder of Markdown |
//! | `sites` | [`sites::SitesToolset`] | whether sites are up and their certificates good, watched by a monitor |
//!
//! `outbound` is no toolset but the one way to the network of those that need it.

#[cfg(feature = "notes")]
pub mod notes;
#[cfg(feature = "outbound")]
pub mod outbound;
#[cfg(feature = "sites")]
pub mod sites;
