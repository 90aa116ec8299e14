//! Hears of changes below the roots and tells of them in batches.
//!
//! Events are hints, never facts: they say where to look, [`scan`](crate::scan) says what is there. A lost
//! event therefore costs time, not correctness, and everything unclear becomes a wider hint.
//!
//! Where the system has no watches left, or the folder does not support them, the watcher asks for a full
//! rescan every few seconds instead, and says so in its [mode](Watcher::mode).

mod batch;

use std::fmt;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use holdall_files::{watch_failure, watches_exhausted};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::error::NotesError;
use crate::root::Roots;
use crate::scan::Scope;
use batch::Batch;

/// How the watcher waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// A batch is sent when nothing happened for this long (75 ms)…
    pub quiet: Duration,
    /// …or, while things keep happening, after this long (500 ms).
    pub latency_max: Duration,
    /// Without watches, a full rescan is asked for this often (2 s).
    pub poll_interval: Duration,
    /// How often to look whether a root was deleted and made anew (1 s).
    pub root_check_interval: Duration,
    /// Never use the system's watches: for network folders, whose changes other machines make.
    pub poll_only: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(75),
            latency_max: Duration::from_millis(500),
            poll_interval: Duration::from_secs(2),
            root_check_interval: Duration::from_secs(1),
            poll_only: false,
        }
    }
}

/// How changes are noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchMode {
    /// The system tells.
    Native,
    /// Everything is looked at again and again.
    Polling {
        /// Why, in words for the operator.
        reason: String,
        /// How often.
        interval: Duration,
    },
}

impl fmt::Display for WatchMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("watching"),
            Self::Polling { reason, interval } => write!(f, "looking every {interval:?}: {reason}"),
        }
    }
}

/// Watches until dropped.
#[derive(Debug)]
pub struct Watcher {
    mode: Arc<Mutex<WatchMode>>,
    stop: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Begins to watch and sends a [`Scope`] to look at whenever something may have changed. Watches are in
    /// place when this returns: what happens afterwards is heard of.
    ///
    /// The watcher also ends when the receiver of `changes` is gone.
    ///
    /// # Errors
    /// Only if no thread can be started. Missing watches are no error, see [`mode`](Self::mode).
    pub fn start(
        roots: Arc<Roots>,
        changes: Sender<Scope>,
        options: WatchOptions,
    ) -> Result<Self, NotesError> {
        let (sender, events) = mpsc::channel();
        let mode = Arc::new(Mutex::new(WatchMode::Native));
        let source = Source::open(&roots, &sender, options);
        let mut engine = Engine {
            roots,
            changes,
            options,
            mode: Arc::clone(&mode),
            source: None,
        };
        engine.adopt(source);
        let thread = std::thread::Builder::new()
            .name("notes-watch".to_owned())
            .spawn(move || engine.run(&events))
            .map_err(|error| NotesError::from_io("the watcher", "started", error))?;
        Ok(Self {
            mode,
            stop: sender,
            thread: Some(thread),
        })
    }

    /// How changes are noticed at the moment.
    pub fn mode(&self) -> WatchMode {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.stop.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

enum Message {
    Event(notify::Result<notify::Event>),
    Stop,
}

/// The system's watches on all roots.
struct Source {
    watcher: RecommendedWatcher,
    /// What each root was when its watch was set; `None` while it was missing.
    identities: Vec<Option<(u64, u64)>>,
}

impl Source {
    fn open(roots: &Roots, sender: &Sender<Message>, options: WatchOptions) -> Result<Self, String> {
        if options.poll_only {
            return Err("it was configured so".to_owned());
        }
        let sender = sender.clone();
        let handler = move |event: notify::Result<notify::Event>| {
            // Reading notes causes access events, as many as there are notes.
            if !event.as_ref().is_ok_and(|event| event.kind.is_access()) {
                let _ = sender.send(Message::Event(event));
            }
        };
        let watcher = notify::recommended_watcher(handler).map_err(|error| watch_failure(&error))?;
        let mut source = Self {
            watcher,
            identities: vec![None; roots.iter().len()],
        };
        source.refresh(roots)?;
        Ok(source)
    }

    /// Sets watches on roots that are new or made anew; returns which.
    fn refresh(&mut self, roots: &Roots) -> Result<Vec<usize>, String> {
        let mut changed = Vec::new();
        for (index, root) in roots.iter().enumerate() {
            let identity = root.identity();
            if identity == self.identities[index] {
                continue;
            }
            changed.push(index);
            // The watch of a deleted folder is gone already.
            let _ = self.watcher.unwatch(root.path());
            self.identities[index] = None;
            if identity.is_some() {
                match self.watcher.watch(root.path(), RecursiveMode::Recursive) {
                    Ok(()) => self.identities[index] = identity,
                    Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                    Err(error) => return Err(watch_failure(&error)),
                }
            }
        }
        Ok(changed)
    }
}

/// The thread's state.
struct Engine {
    roots: Arc<Roots>,
    changes: Sender<Scope>,
    options: WatchOptions,
    mode: Arc<Mutex<WatchMode>>,
    /// `None` while polling.
    source: Option<Source>,
}

impl Engine {
    fn adopt(&mut self, source: Result<Source, String>) {
        let mode = match &source {
            Ok(_) => WatchMode::Native,
            Err(reason) => {
                let interval = self.options.poll_interval;
                tracing::warn!(
                    reason,
                    ?interval,
                    "file changes are noticed by looking, not by watching"
                );
                WatchMode::Polling {
                    reason: reason.clone(),
                    interval,
                }
            }
        };
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        self.source = source.ok();
    }

    fn run(mut self, events: &Receiver<Message>) {
        let mut batch = Batch::default();
        let mut next_tick = Instant::now() + self.tick();
        loop {
            let due = batch
                .due(self.options.quiet, self.options.latency_max)
                .map_or(next_tick, |due| due.min(next_tick));
            match events.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Message::Event(event)) => self.heard(event, &mut batch),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = Instant::now();
            if now >= next_tick {
                self.look(&mut batch);
                next_tick = now + self.tick();
            }
            if batch
                .due(self.options.quiet, self.options.latency_max)
                .is_some_and(|due| due <= now)
                && self
                    .changes
                    .send(std::mem::take(&mut batch).into_scope())
                    .is_err()
            {
                return;
            }
        }
    }

    fn tick(&self) -> Duration {
        if self.source.is_some() {
            self.options.root_check_interval
        } else {
            self.options.poll_interval
        }
    }

    /// What is done at every tick: checks the roots, or asks for a rescan while polling.
    fn look(&mut self, batch: &mut Batch) {
        let Some(source) = &mut self.source else {
            batch.everything();
            return;
        };
        match source.refresh(&self.roots) {
            Ok(changed) => changed
                .into_iter()
                .for_each(|root| batch.add(root, Path::new(""))),
            Err(reason) => {
                self.adopt(Err(reason));
                batch.everything();
            }
        }
    }

    fn heard(&mut self, event: notify::Result<notify::Event>, batch: &mut Batch) {
        match event {
            Ok(event) if event.need_rescan() => batch.everything(),
            Ok(event) => {
                for path in &event.paths {
                    self.changed(path, batch);
                }
            }
            Err(error) => {
                if self.source.is_some() && watches_exhausted(&error) {
                    self.adopt(Err(watch_failure(&error)));
                }
                batch.everything();
            }
        }
    }

    fn changed(&self, path: &Path, batch: &mut Batch) {
        for (index, root) in self.roots.iter().enumerate() {
            if let Ok(relative) = path.strip_prefix(root.path()) {
                batch.add(index, relative);
            }
        }
    }
}

#[cfg(test)]
mod tests;
