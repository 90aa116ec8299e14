//! The `holdall` program: reads the command line, puts the pieces together, reports to people.
//!
//! Standard output carries what was asked for: the protocol (`serve`), results (`search`, `eval`). Everything
//! said about the work goes to standard error. Exit codes: 0 done, 1 failed, 2 the command line makes no sense.

mod arguments;
mod config;
mod configuration;
mod eval;
mod health;
mod index;
mod listening;
mod memory;
mod notebook;
mod printable;
mod progress;
mod search;
mod serve;
mod token;
mod toolsets;
mod trust;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use arguments::{Arguments, Command};
use clap::Parser;
use config::layers;
use holdall_telemetry::{Telemetry, TelemetryError};

/// The exit code of a command line that makes no sense, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    memory::few_arenas();
    match run(&Arguments::parse()) {
        Ok(code) => code,
        // Whoever reads the results has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", explained(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = arguments.sources()?;
    let loaded = layers::load(&sources)?;
    let serves = matches!(arguments.command, Command::Serve(_));
    let telemetry = match Telemetry::new(loaded.config.telemetry(serves)?).start() {
        Ok(started) => started,
        Err(TelemetryError::Filter { filter, problem }) => {
            say(&format!(
                "error: `{filter}` is not a log filter: {problem}; try --log info"
            ));
            return Ok(ExitCode::from(USAGE));
        }
        Err(error) => return Err(error.into()),
    };
    match &arguments.command {
        Command::Serve(arguments) => return serve::run(arguments, loaded, sources, telemetry),
        Command::Search(arguments) => search::run(arguments, &loaded.config),
        Command::Index(arguments) => index::run(arguments, &loaded.config),
        Command::Eval(arguments) => eval::run(arguments),
        Command::Health(arguments) => health::run(arguments, &loaded.config),
        Command::Token(arguments) => token::run(&arguments.command, &loaded.config.auth),
        Command::Config(command) => configuration::run(*command, &loaded),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Tells a person something, who may not be there any more.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// An error and its causes, except those it has told already.
fn explained(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let colon = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{colon}{cause}");
        }
    }
    text
}
