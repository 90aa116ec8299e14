//! The framework from outside: functions under attributes, called by the official SDK's client.

mod arguments;
mod attributes;
mod build;
mod calls;
mod client;
mod compile_errors;
mod hygiene;
mod prompts;
mod replies;
mod resources;
mod stdio;
mod verbatim;
