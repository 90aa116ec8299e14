//! The knowledge base as a whole, from outside: real folders, real processes, real damage.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and says why it skips"
)]

mod changes;
mod crashes;
mod damage;
mod disk;
mod feed;
mod processes;
mod queries;
mod reading;
mod start;
mod status;
mod support;
mod writing;
