//! The toolsets from outside: called by a client, over what they need.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "calculator")]
mod calculator;
#[cfg(feature = "clock")]
mod clock;
#[cfg(feature = "outbound")]
mod double;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "notes")]
mod notes;
#[cfg(feature = "outbound")]
mod outbound;
mod pages;
#[cfg(feature = "prompts")]
mod prompts;
#[cfg(feature = "sites")]
mod sites;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "tasks")]
mod tasks;
#[cfg(feature = "thinking")]
mod thinking;
#[cfg(feature = "web_search")]
mod web_search;
