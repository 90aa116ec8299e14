//! The framework from outside: functions under attributes, called by the official SDK's client.

mod agreement;
mod arguments;
mod attributes;
mod blocking;
mod build;
mod calls;
mod changes;
mod client;
mod compile_errors;
mod grants;
mod hygiene;
mod interaction;
mod lists;
mod mount;
mod observe;
mod prompts;
mod raw;
mod replies;
mod resources;
mod schema_lock;
mod starting;
mod stdio;
mod subscriptions;
mod tasks;
mod verbatim;
mod wire;
