//! The testkit from outside: against a server in the same process, against a program, over HTTP, and against servers
//! that do as they please.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod asking;
mod calls;
mod events;
mod failures;
mod fixture;
mod hostile;
mod http;
mod locks;
mod orphans;
mod processes;
mod scripted;
mod snapshots;
mod wires;

use std::process::Command;

/// The protocol versions there are.
const VERSIONS: [&str; 5] = [
    "2024-11-05",
    "2025-03-26",
    "2025-06-18",
    "2025-11-25",
    "2026-07-28",
];

/// The fixture as a program.
fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_holdall-testkit-fixture"))
}
