//! The framework from outside: functions under attributes, called by the official SDK's client.

mod agreement;
mod build;
mod calls;
mod changes;
mod client;
mod compile_errors;
mod lists;
mod mount;
mod prompts;
mod raw;
mod resources;
mod stdio;
mod subscriptions;
