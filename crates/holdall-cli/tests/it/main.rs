//! The program as people and hosts run it: the real binary, its streams, signals and exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod commands;
mod health;
mod http;
mod keeping;
mod live;
mod mistakes;
mod program;
mod prompts;
mod stdio;
mod web;
