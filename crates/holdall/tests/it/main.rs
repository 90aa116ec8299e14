//! The framework from outside: functions under attributes, called by the official SDK's client.

mod agreement;
mod blocking;
mod build;
mod calls;
mod changes;
mod client;
mod compile_errors;
mod interaction;
mod mount;
mod prompts;
mod raw;
mod resources;
mod stdio;
mod subscriptions;
mod wire;
