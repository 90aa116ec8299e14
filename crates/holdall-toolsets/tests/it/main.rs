//! The toolsets from outside: called by a client, over what they need.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "outbound")]
mod double;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "notes")]
mod notes;
#[cfg(feature = "outbound")]
mod outbound;
mod pages;
#[cfg(feature = "web_search")]
mod web_search;
