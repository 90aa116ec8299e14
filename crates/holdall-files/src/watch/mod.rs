//! Hears of changes below the roots, on a thread of its own.
//!
//! The system is asked to watch each folder, up to a bound; links are not followed. Where it has no watches left, or there
//! are more folders than that, everything is looked at again and again instead, and [`Watching`] says so.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | who is told, and when |
//! | `native` | how does the system watch folders that come and go |
//! | `polled` | what is different from before |
//! | `failure` | what does a watch that failed mean |

mod failure;
mod native;
mod polled;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::roots::Roots;
pub use failure::{watch_failure, watches_exhausted};
use native::Native;
use polled::Snapshot;

/// Events that wait to be looked at; beyond, everything is looked at.
const EVENTS_MAX: usize = 4_096;
/// Paths told of at once.
const PATHS_MAX: usize = 1_000;
/// How often to look whether somebody is still there, and the roots.
const TICK: Duration = Duration::from_secs(1);

/// How the watcher waits and what it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// Changes are told when nothing happened for this long (75 ms)…
    pub quiet: Duration,
    /// …or, while things keep happening, after this long (500 ms).
    pub latency_max: Duration,
    /// Without watches, everything is looked at this often (5 s).
    pub poll_interval: Duration,
    /// Most folders the system is asked to watch (4096): on Linux all programs of a user share some 65,000.
    pub folders_max: usize,
    /// Never ask the system: for network folders, whose changes other machines make.
    pub poll_only: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(75),
            latency_max: Duration::from_millis(500),
            poll_interval: Duration::from_secs(5),
            folders_max: 4_096,
            poll_only: false,
        }
    }
}

/// How changes are noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watching {
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

impl fmt::Display for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("changes are noticed at once"),
            Self::Polling { reason, interval } => {
                write!(f, "changes are noticed by looking every {interval:?}: {reason}")
            }
        }
    }
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files and folders with other contents than before, as `root/folder/name`; a folder's contents are its names.
    pub paths: BTreeSet<String>,
    /// Whether something directly in a root came or went.
    pub listing: bool,
}

/// Who is told of changes.
pub trait Listener: Send + 'static {
    /// Changes took place.
    fn changed(&self, changes: Changes);
    /// Whether anybody waits for news at the moment: nobody is looked around for otherwise.
    fn is_waiting(&self) -> bool;
    /// Whether nobody will ever hear of anything again.
    fn is_gone(&self) -> bool;
}

/// Begins to watch, until the listener is gone. Watches are in place when this returns: what happens afterwards is heard
/// of. What is returned says how.
///
/// # Errors
/// Only if no thread can be started.
pub fn watch(
    roots: Arc<Roots>,
    listener: impl Listener,
    options: WatchOptions,
) -> io::Result<Arc<Mutex<Watching>>> {
    let (events, heard) = sync_channel(EVENTS_MAX);
    let sender = Sender {
        events,
        lost: Arc::default(),
    };
    let lost = Arc::clone(&sender.lost);
    let mode = Arc::new(Mutex::new(Watching::Native));
    let native = match options.poll_only {
        true => Err("it was configured so".to_owned()),
        false => Native::open(&roots, sender, options.folders_max),
    };
    let mut engine = Engine {
        roots,
        listener,
        options,
        mode: Arc::clone(&mode),
        lost,
        native: None,
        before: Snapshot::default(),
        changes: Changes::default(),
        times: None,
    };
    engine.adopt(native);
    thread::Builder::new()
        .name("files-watch".to_owned())
        .spawn(move || engine.run(&heard))?;
    Ok(mode)
}

/// Hands events to the thread without ever waiting for it.
#[derive(Clone)]
struct Sender {
    events: SyncSender<notify::Result<notify::Event>>,
    /// Whether there was no room for one.
    lost: Arc<AtomicBool>,
}

impl Sender {
    fn send(&self, event: notify::Result<notify::Event>) {
        if self.events.try_send(event).is_err() {
            self.lost.store(true, Ordering::Release);
        }
    }
}

/// The thread's state.
struct Engine<L> {
    roots: Arc<Roots>,
    listener: L,
    options: WatchOptions,
    mode: Arc<Mutex<Watching>>,
    lost: Arc<AtomicBool>,
    /// `None` while polling.
    native: Option<Native>,
    /// What was there when it was last looked at, while polling.
    before: Snapshot,
    changes: Changes,
    /// When the first and the last of the changes came.
    times: Option<(Instant, Instant)>,
}

impl<L: Listener> Engine<L> {
    fn adopt(&mut self, native: Result<Native, String>) {
        let mode = match &native {
            Ok(_) => Watching::Native,
            Err(reason) => Watching::Polling {
                reason: reason.clone(),
                interval: self.options.poll_interval,
            },
        };
        if let Watching::Polling { reason, interval } = &mode {
            tracing::warn!(
                reason,
                ?interval,
                "file changes are noticed by looking, not by watching"
            );
            self.before = Snapshot::of(&self.roots);
        }
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        self.native = native.ok();
    }

    fn run(mut self, heard: &Receiver<notify::Result<notify::Event>>) {
        let mut next_tick = Instant::now() + self.tick();
        while !self.listener.is_gone() {
            let due = self.due().map_or(next_tick, |due| due.min(next_tick));
            let wait = due.saturating_duration_since(Instant::now()).min(TICK);
            match heard.recv_timeout(wait) {
                Ok(event) => self.heard(event),
                Err(RecvTimeoutError::Timeout) => {}
                // While polling nothing is heard of.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(wait),
            }
            let now = Instant::now();
            if self.lost.swap(false, Ordering::AcqRel) {
                self.everything();
            }
            if now >= next_tick {
                self.look();
                next_tick = now + self.tick();
            }
            if self.due().is_some_and(|due| due <= now) || self.changes.paths.len() >= PATHS_MAX {
                self.tell();
            }
        }
    }

    fn tick(&self) -> Duration {
        match &self.native {
            Some(_) => TICK,
            None => self.options.poll_interval,
        }
    }

    fn due(&self) -> Option<Instant> {
        let (quiet, latest) = (self.options.quiet, self.options.latency_max);
        self.times.map(|(first, last)| (last + quiet).min(first + latest))
    }

    /// What is done at every tick: looks at the roots, or, while polling, at everything.
    fn look(&mut self) {
        if let Some(native) = &mut self.native {
            match native.refresh(&self.roots) {
                Ok(paths) => self.add(paths),
                Err(reason) => self.adopt(Err(reason)),
            }
        } else if self.listener.is_waiting() {
            let now = Snapshot::of(&self.roots);
            let different = now.different_from(&self.before);
            self.before = now;
            self.add(different);
        }
    }

    fn heard(&mut self, event: notify::Result<notify::Event>) {
        let Some(native) = &mut self.native else { return };
        match event {
            Ok(event) if event.need_rescan() => self.everything(),
            Ok(event) => match native.paths_of(&self.roots, &event) {
                Ok(paths) => self.add(paths),
                Err(reason) => {
                    self.adopt(Err(reason));
                    self.everything();
                }
            },
            Err(error) => {
                if watches_exhausted(&error) {
                    self.adopt(Err(watch_failure(&error)));
                }
                self.everything();
            }
        }
    }

    /// Nobody knows what happened: everything that is there may be different.
    fn everything(&mut self) {
        for path in Snapshot::of(&self.roots).into_paths() {
            self.add([path]);
            if self.changes.paths.len() >= PATHS_MAX {
                self.tell();
            }
        }
    }

    /// Paths that changed, each with whether it came or went.
    fn add(&mut self, paths: impl IntoIterator<Item = Changed>) {
        for Changed { path, came_or_went } in paths {
            let now = Instant::now();
            self.times = Some((self.times.map_or(now, |(first, _)| first), now));
            if came_or_went && let Some((folder, _)) = path.rsplit_once('/') {
                self.changes.listing |= !folder.contains('/');
                self.changes.paths.insert(folder.to_owned());
            }
            self.changes.paths.insert(path);
        }
    }

    fn tell(&mut self) {
        self.times = None;
        self.listener.changed(std::mem::take(&mut self.changes));
    }
}

/// A path at which something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    path: String,
    /// Whether its name is new or gone.
    came_or_went: bool,
}
