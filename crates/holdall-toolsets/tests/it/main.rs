//! The notes toolset from outside: called by a client, over the example notes and over small ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod examples;
mod listing;
mod live;
mod paths;
mod reading;
mod resources;
mod writing;
