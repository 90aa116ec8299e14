//! Why telemetry does not start: [`TelemetryError`].

use std::io;
use std::path::PathBuf;

/// Why telemetry does not start. It never does so halfway.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The filter of the log makes no sense.
    #[error("`{filter}` is not a log filter: {problem}; try `info`, or `warn,holdall=debug`")]
    Filter {
        /// The filter asked for.
        filter: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody else in this process writes the log already.
    #[error(
        "the log of this process is set up already; start telemetry without `log`, or before anything else does"
    )]
    LogTaken,
    /// The audit log cannot be written.
    #[error("the audit log {} cannot be opened: {source}; choose a file in a folder this user may write to", path.display())]
    Audit {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("a thread for {what} cannot be started: {source}")]
    Thread {
        /// What it was for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The exporter of traces cannot be made.
    #[error(
        "traces cannot be sent to `{endpoint}`: {problem}; give the whole URL, such as http://localhost:4318/v1/traces"
    )]
    Otlp {
        /// Where to.
        endpoint: String,
        /// What is wrong.
        problem: String,
    },
    /// The DSN of Sentry makes no sense. It is not shown.
    #[error(
        "the DSN of Sentry is not one; copy it whole from the project's settings, as https://KEY@HOST/PROJECT"
    )]
    Sentry,
}
