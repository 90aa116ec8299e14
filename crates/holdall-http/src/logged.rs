//! [`Log`]: what is logged while a test runs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;

/// Everything this thread logs, until it is dropped.
pub(crate) struct Log {
    written: Written,
    /// With one subscriber alone, `tracing` asks the thread that is first to log somewhere whether that is wanted for
    /// good, and other tests have threads that want nothing.
    _another: tracing::Dispatch,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn start() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        Self {
            written,
            _another: tracing::Dispatch::new(tracing_subscriber::registry()),
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// How often this was logged.
    pub(crate) fn count(&self, message: &str) -> usize {
        let written = self.written.0.lock().expect("no panic");
        String::from_utf8_lossy(&written).matches(message).count()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
