//! The toolsets from outside: called by a client, over what they need.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "outbound")]
mod double;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "calculator")]
mod calculator;
#[cfg(feature = "clock")]
mod clock;
#[cfg(feature = "notes")]
mod notes;
#[cfg(feature = "outbound")]
mod outbound;
mod pages;
#[cfg(feature = "tasks")]
mod tasks;
#[cfg(feature = "sites")]
mod sites;
#[cfg(feature = "web_search")]
mod web_search;
#[cfg(feature = "prompts")]
mod prompts;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "thinking")]
mod thinking;
