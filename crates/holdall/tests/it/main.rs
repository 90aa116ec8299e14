//! The framework from outside: functions under attributes, called by the official SDK's client.

mod build;
mod calls;
mod client;
mod compile_errors;
mod interaction;
mod prompts;
mod resources;
mod stdio;
mod tasks;
mod wire;
