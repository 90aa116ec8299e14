//! How lines reach the file: [`Queue`], [`Writer`].

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::line;

/// How long lines gather before they are written, so that a busy server wakes the thread a few hundred times a second
/// and not for every call.
const GATHERED: Duration = Duration::from_millis(5);
/// How long what could not be written waits until it is tried again.
const RETRIED: Duration = Duration::from_millis(500);

/// Lines that wait.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    bytes_max: usize,
    lost: Counter,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Lines that were lost and not yet told of.
    lost: u64,
    reopen: bool,
    closed: bool,
    /// Whether the thread sleeps and has to be woken.
    asleep: bool,
}

impl Queue {
    pub(super) fn new(bytes_max: usize, lost: Counter) -> Self {
        Self {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            bytes_max,
            lost,
        }
    }

    /// Adds a line if there is room.
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.closed || waiting.bytes.len() + line.len() > self.bytes_max {
            waiting.lost += 1;
            self.lost.inc();
            return;
        }
        if waiting.lost > 0 {
            let lost = std::mem::take(&mut waiting.lost);
            line::of_lost(lost, &mut waiting.bytes);
        }
        waiting.bytes.extend_from_slice(line);
        self.wake(waiting);
    }

    fn wake(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if std::mem::take(&mut waiting.asleep) {
            drop(waiting);
            self.changed.notify_one();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where lines go.
pub(super) enum Sink {
    Stderr,
    File(PathBuf, File),
    #[cfg(test)]
    Test(Box<dyn Write + Send>),
}

impl Sink {
    /// Opens a file to add to.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self::File(path.to_owned(), options.open(path)?))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stderr => io::stderr().write(bytes),
            Self::File(_, file) => file.write(bytes),
            #[cfg(test)]
            Self::Test(test) => test.write(bytes),
        }
    }

    fn sync(&mut self) {
        // What cannot be synced is no file, or on a disk that is gone, which the next write will say.
        if let Self::File(_, file) = self {
            let _ = file.sync_data();
        }
    }

    /// Opens the file anew, which somebody has moved away.
    fn reopen(&mut self) {
        self.sync();
        let Self::File(path, _) = self else { return };
        match Self::open(path) {
            Ok(anew) => *self = anew,
            Err(error) => {
                let path = path.display();
                tracing::error!(%error, "the audit log {path} cannot be opened again; the old file is kept");
            }
        }
    }
}

/// The thread that writes. Dropped, it writes what is left and ends.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(sink: Sink, queue: Arc<Queue>) -> io::Result<Self> {
        let lines = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || write_all(sink, &lines))?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Has the file opened anew, before anything that comes after this.
    pub(crate) fn reopen(&self) {
        let mut waiting = self.queue.waiting();
        waiting.reopen = true;
        self.queue.wake(waiting);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting();
        waiting.closed = true;
        waiting.asleep = false;
        drop(waiting);
        self.queue.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, and has said so.
            let _ = thread.join();
        }
    }
}

fn write_all(mut sink: Sink, queue: &Queue) {
    let mut bytes = Vec::new();
    loop {
        let (reopen, closed, lost) = {
            let mut waiting = queue.waiting();
            while waiting.bytes.is_empty() && !waiting.reopen && !waiting.closed {
                waiting.asleep = true;
                waiting = queue
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            // Whoever comes meanwhile need not wake anybody.
            waiting.asleep = false;
            if !waiting.closed && !waiting.reopen {
                waiting = queue
                    .changed
                    .wait_timeout_while(waiting, GATHERED, |waiting| !waiting.closed)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            std::mem::swap(&mut bytes, &mut waiting.bytes);
            let lost = if waiting.closed {
                std::mem::take(&mut waiting.lost)
            } else {
                0
            };
            (std::mem::take(&mut waiting.reopen), waiting.closed, lost)
        };
        if lost > 0 {
            line::of_lost(lost, &mut bytes);
        }
        if reopen {
            // What was called before goes into the file that was there before.
            put(&mut sink, &bytes, queue);
            bytes.clear();
            sink.reopen();
        }
        put(&mut sink, &bytes, queue);
        bytes.clear();
        if closed {
            sink.sync();
            return;
        }
    }
}

/// Writes everything. What cannot be written is tried again for as long as the server runs: meanwhile the queue fills up,
/// and what does not fit is counted.
fn put(sink: &mut Sink, mut bytes: &[u8], queue: &Queue) {
    let mut complained = false;
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(written) if written > 0 => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                if !std::mem::replace(&mut complained, true) {
                    let error = outcome.err().map(|error| error.to_string());
                    tracing::error!(error, lines, "the audit log cannot be written; it is tried again");
                }
                let waiting = queue.waiting();
                let (waiting, _) = queue
                    .changed
                    .wait_timeout_while(waiting, RETRIED, |waiting| !waiting.closed)
                    .unwrap_or_else(PoisonError::into_inner);
                if waiting.closed {
                    queue.lost.inc_by(lines);
                    tracing::error!(
                        lines,
                        "lines of the audit log are lost with the end of the server"
                    );
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A disk that takes nothing until it is told to.
    struct Slow {
        go: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
        began: mpsc::Sender<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.began.send(());
            // Once the sender is gone, everything is taken at once.
            let _ = self.go.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_said() {
        let (go, may_go) = mpsc::channel();
        let (began, has_begun) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let lost = Counter::default();
        let queue = Arc::new(Queue::new(30, lost.clone()));
        let slow = Slow {
            go: may_go,
            written: Arc::clone(&written),
            began,
        };
        let writer = Writer::start(Sink::Test(Box::new(slow)), Arc::clone(&queue)).unwrap();
        queue.push(b"first\n");
        has_begun.recv().unwrap();
        // The thread hangs in the write: two lines fit into the queue, three do not.
        for _ in 0..5 {
            queue.push(b"123456789012\n");
        }
        assert_eq!(lost.get(), 3);
        drop(go);
        drop(writer);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["first", "123456789012", "123456789012"]);
        assert!(lines[3].contains(r#""event":"lost","lines":3"#), "{text}");
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn the_file_is_opened_anew_when_it_was_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit"), folder.path().join("audit.1"));
        let queue = Arc::new(Queue::new(1024, Counter::default()));
        let writer = Writer::start(Sink::open(&path).unwrap(), Arc::clone(&queue)).unwrap();
        queue.push(b"before\n");
        std::fs::rename(&path, &moved).unwrap();
        writer.reopen();
        // Behind the opening in the queue, once that was heard.
        while queue.waiting().reopen {
            std::thread::yield_now();
        }
        queue.push(b"after\n");
        drop(writer);
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "before\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after\n");
    }
}
