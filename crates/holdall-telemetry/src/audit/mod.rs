//! Who called what: one JSON object a line, one line a call.
//!
//! Lines are made where the call ends and written by a thread of their own, in one go whatever has gathered. No call
//! waits for a disk: what does not fit into the queue is lost, and as soon as there is room a line says how many were.
//! What was written is handed to the system at once, so it survives the end of this process; it is forced to the disk
//! when the file is closed or opened again, not after each line, so the last second can be missing after a power cut.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how a line gets into the queue: [`AuditLog`] |
//! | `line` | what a line says |
//! | `names` | which arguments are named like secrets |
//! | `writer` | how lines reach the file, and what happens to it meanwhile |

mod line;
mod names;
mod writer;

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::Arc;

use holdall::observe::CallRecord;
use prometheus_client::metrics::counter::Counter;

pub(crate) use self::writer::Writer;
use self::writer::{Queue, Sink};
use crate::config::AuditConfig;
use crate::error::TelemetryError;

/// What a line seldom exceeds.
const LINE_BYTES: usize = 1024;

thread_local! {
    /// The line that is being made.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes a line for each call. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct AuditLog {
    queue: Arc<Queue>,
    arguments: bool,
}

impl AuditLog {
    /// Opens the file and starts the thread. `lost` counts what could not be kept.
    pub(crate) fn start(config: &AuditConfig, lost: Counter) -> Result<(Self, Writer), TelemetryError> {
        let opened = config
            .file
            .as_deref()
            .map(|path| Sink::open(path).map_err(|e| refused(path, e)));
        let sink = opened.transpose()?.unwrap_or(Sink::Stderr);
        Self::start_with(sink, config, lost)
    }

    fn start_with(sink: Sink, config: &AuditConfig, lost: Counter) -> Result<(Self, Writer), TelemetryError> {
        let queue = Arc::new(Queue::new(config.queue_bytes, lost));
        let writer = Writer::start(sink, Arc::clone(&queue)).map_err(|source| TelemetryError::Thread {
            what: "the audit log",
            source,
        })?;
        let log = Self {
            queue,
            arguments: config.arguments,
        };
        Ok((log, writer))
    }

    pub(crate) fn wants_arguments(&self) -> bool {
        self.arguments
    }

    pub(crate) fn call_ended(&self, record: &CallRecord<'_>) {
        LINE.with_borrow_mut(|line| {
            line.clear();
            line::of_call(record, self.arguments, line);
            self.queue.push(line);
            // An unusually long one is not kept for ever.
            line.shrink_to(LINE_BYTES);
        });
    }
}

fn refused(path: &Path, source: io::Error) -> TelemetryError {
    TelemetryError::Audit {
        path: path.to_owned(),
        source,
    }
}
