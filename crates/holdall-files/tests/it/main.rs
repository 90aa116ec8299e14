//! Files from outside: hostile paths, races, full disks, killed writers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

mod changes;
mod hostile;
mod killed;
mod looking;
mod race;
mod support;
mod watching;
