//! The `holdall` program: reads the command line, puts the pieces together, reports to people.
//!
//! Standard output carries what was asked for: the protocol (`serve`), results (`search`, `eval`). Everything
//! said about the work goes to standard error. Exit codes: 0 done, 1 failed, 2 the command line makes no sense.

mod arguments;
mod eval;
mod index;
mod notebook;
mod printable;
mod progress;
mod search;
mod serve;

use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Command, Format};
use clap::Parser;
use holdall_telemetry::{
    AuditConfig, LogConfig, LogFormat, MetricsConfig, Telemetry, TelemetryConfig, TelemetryError,
};

/// The exit code of a command line that makes no sense, as clap has it.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (telemetry, observer) = match Telemetry::new(telemetry(&arguments)).start() {
        Ok(started) => started,
        Err(error) => {
            return match error {
                TelemetryError::Filter { filter, problem } => {
                    say(&format!(
                        "error: `{filter}` is not a log filter: {problem}; try --log info"
                    ));
                    ExitCode::from(USAGE)
                }
                error => {
                    say(&format!("error: {error}"));
                    ExitCode::FAILURE
                }
            };
        }
    };
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments, telemetry, observer),
        Command::Search(arguments) => search::run(&arguments),
        Command::Index(arguments) => index::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the results has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", explained(&error)));
            ExitCode::FAILURE
        }
    }
}

/// What the command line says of logs, metrics and the audit log.
fn telemetry(arguments: &Arguments) -> TelemetryConfig {
    let mut log = LogConfig::default();
    log.filter.clone_from(&arguments.log);
    log.format = match arguments.log_format {
        Format::Text => LogFormat::Text,
        Format::Json => LogFormat::Json,
    };
    let mut config = TelemetryConfig::default();
    config.log = Some(log);
    if let Command::Serve(serve) = &arguments.command {
        config.metrics = serve.metrics.then(MetricsConfig::default);
        config.audit = serve.audit_log.clone().map(|file| {
            let mut audit = AuditConfig::default();
            audit.file = Some(file);
            audit
        });
    }
    config
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
