//! Each example does what it claims, and answers wrong input well.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, reason = "the examples have a `main` each")]

#[path = "../../confirm.rs"]
mod confirm;
#[path = "../../errors.rs"]
mod errors;
#[path = "../../fetch.rs"]
mod fetch;
#[path = "../../five_tools.rs"]
mod five_tools;
#[path = "../../hello.rs"]
mod hello;
#[path = "../../mounting.rs"]
mod mounting;
#[path = "../../profile.rs"]
mod profile;
#[path = "../../progress.rs"]
mod progress;
#[path = "../../prompts.rs"]
mod prompts;
#[path = "../../remote.rs"]
mod remote;
#[path = "../../resources.rs"]
mod resources;
#[path = "../../site_monitor.rs"]
mod site_monitor;
#[path = "../../structured_output.rs"]
mod structured_output;
#[path = "../../task_tracker.rs"]
mod task_tracker;
#[path = "../../tasks.rs"]
mod tasks;
#[path = "../../typed_arguments.rs"]
mod typed_arguments;

mod basics;
mod everyday_tools;
mod fetching;
mod lines;
mod long_calls;
mod monitored_sites;
mod mounted_servers;
mod prompted;
mod read_resources;
mod remote_server;
mod tracked_tasks;

use std::process::Command;

use holdall_testkit::Client;

/// Every example that speaks over standard input and output, as a program.
const PROGRAMS: &[(&str, &str)] = &[
    ("hello", env!("CARGO_BIN_EXE_hello")),
    ("typed_arguments", env!("CARGO_BIN_EXE_typed_arguments")),
    ("structured_output", env!("CARGO_BIN_EXE_structured_output")),
    ("errors", env!("CARGO_BIN_EXE_errors")),
    ("fetch", env!("CARGO_BIN_EXE_fetch")),
    ("resources", env!("CARGO_BIN_EXE_resources")),
    ("prompts", env!("CARGO_BIN_EXE_prompts")),
    ("confirm", env!("CARGO_BIN_EXE_confirm")),
    ("progress", env!("CARGO_BIN_EXE_progress")),
    ("tasks", env!("CARGO_BIN_EXE_tasks")),
    ("mounting", env!("CARGO_BIN_EXE_mounting")),
    ("testing", env!("CARGO_BIN_EXE_testing")),
    ("profile", env!("CARGO_BIN_EXE_profile")),
    ("five_tools", env!("CARGO_BIN_EXE_five_tools")),
    ("site_monitor", env!("CARGO_BIN_EXE_site_monitor")),
    ("task_tracker", env!("CARGO_BIN_EXE_task_tracker")),
];

#[tokio::test]
async fn every_program_serves_and_ends_with_its_client() {
    for (name, path) in PROGRAMS {
        let client = Client::spawn(Command::new(path)).await;
        assert_eq!(&client.server().server_info.unwrap().name, name);
        let ended = client.close().await;
        assert!(ended.status.unwrap().success(), "{name}: {}", ended.printed);
    }
}

#[test]
fn every_example_is_in_the_table_and_is_started() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let table = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".rs") {
            assert!(
                table.contains(&format!("[`{name}`]({file})")),
                "{name} is not in the table"
            );
            assert!(
                name == "remote" || PROGRAMS.iter().any(|program| program.0 == name),
                "{name} is not started"
            );
        }
    }
}
