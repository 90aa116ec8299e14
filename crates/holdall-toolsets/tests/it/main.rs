//! The toolsets from outside: called by a client, over what they need.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "calculator")]
mod calculator;
#[cfg(feature = "clock")]
mod clock;
#[cfg(feature = "notes")]
mod notes;
mod pages;
#[cfg(feature = "thinking")]
mod thinking;
