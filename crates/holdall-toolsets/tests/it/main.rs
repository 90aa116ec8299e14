//! The toolsets from outside: called by a client, over what they need.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "notes")]
mod notes;
mod pages;
#[cfg(feature = "sql")]
mod sql;
