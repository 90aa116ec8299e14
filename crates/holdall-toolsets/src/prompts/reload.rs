//! When the folders are looked at again: soon after something changed in them.
//!
//! Events are hints: they say that a look is worth it, and the look says what is there. Where the system has no watches
//! left, or the folder does not support them, the look is taken every few seconds.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::library::Library;
use super::offering::Offering;

/// A look is taken when nothing happened for this long, so that half-written files are seldom read…
const QUIET: Duration = Duration::from_millis(75);
/// …or, while things keep happening, after this long.
const LATENCY_MAX: Duration = Duration::from_millis(500);
/// How often it is asked whether the server is still there, and whether a folder was deleted and made anew.
const TICK: Duration = Duration::from_secs(1);
/// How often a look is taken where nothing is heard.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Offers what is there, and keeps to it on a thread of its own until the server has stopped.
pub(super) fn follow(library: Library, offering: Offering) {
    let (sender, events) = mpsc::channel();
    // Watches come first: what happens after the look is heard of.
    let watches = Watches::set(&library, sender.clone());
    let mut following = Following {
        library,
        offering,
        watches,
        _open: sender,
    };
    following.look();
    let started = thread::Builder::new()
        .name("prompts-watch".to_owned())
        .spawn(move || following.run(&events));
    if let Err(error) = started {
        tracing::warn!(%error, "changed prompts are not noticed: no thread can be started");
    }
}

struct Following {
    library: Library,
    offering: Offering,
    watches: Watches,
    /// Keeps the channel open where there are no watches.
    _open: Sender<notify::Result<notify::Event>>,
}

impl Following {
    fn run(mut self, events: &Receiver<notify::Result<notify::Event>>) {
        // The first and the last thing that happened since the last look.
        let mut heard: Option<(Instant, Instant)> = None;
        let mut next_tick = Instant::now() + TICK;
        let mut next_poll = Instant::now() + POLL_INTERVAL;
        loop {
            let due = heard.map(|(first, last)| (last + QUIET).min(first + LATENCY_MAX));
            let wake = due.map_or(next_tick, |due| due.min(next_tick));
            match events.recv_timeout(wake.saturating_duration_since(Instant::now())) {
                // An error says as little about what is there as an event does.
                Ok(_) => {
                    let now = Instant::now();
                    heard = Some((heard.map_or(now, |(first, _)| first), now));
                }
                Err(RecvTimeoutError::Timeout) => {}
                // Unheard of: the other end is kept beside this one.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            let mut look = due.is_some_and(|due| due <= now);
            if now >= next_tick {
                next_tick = now + TICK;
                look |= self.watches.renew(&self.library);
            }
            if now >= next_poll {
                next_poll = now + POLL_INTERVAL;
                look |= self.watches.watcher.is_none();
            }
            if self.offering.has_ended() {
                return;
            }
            if look {
                heard = None;
                self.look();
            }
        }
    }

    fn look(&mut self) {
        self.library.refresh();
        self.offering.update(self.library.selection());
    }
}

/// The system's watches on all folders.
struct Watches {
    /// `None` where looks are taken instead.
    watcher: Option<RecommendedWatcher>,
    /// What each folder was when its watch was set; `None` while it is missing.
    identities: Vec<Option<(u64, u64)>>,
}

impl Watches {
    fn set(library: &Library, sender: Sender<notify::Result<notify::Event>>) -> Self {
        let handler = move |event: notify::Result<notify::Event>| {
            // Reading templates causes events, too.
            if !event.as_ref().is_ok_and(|event| event.kind.is_access()) {
                let _ = sender.send(event);
            }
        };
        let mut watches = Self {
            watcher: None,
            identities: vec![None; library.folders().len()],
        };
        match notify::recommended_watcher(handler) {
            Ok(watcher) => watches.watcher = Some(watcher),
            Err(error) => watches.failed(&error),
        }
        watches.renew(library);
        watches
    }

    /// Sets watches on folders that are new or made anew; says whether there were any, or went missing.
    fn renew(&mut self, library: &Library) -> bool {
        let mut changed = false;
        for (at, folder) in library.folders().iter().enumerate() {
            let identity = folder.identity();
            if identity == self.identities[at] {
                continue;
            }
            changed = true;
            self.identities[at] = identity;
            let Some(watcher) = &mut self.watcher else {
                continue;
            };
            // The watch of a deleted folder is gone already.
            let _ = watcher.unwatch(&folder.path);
            if identity.is_some()
                && let Err(error) = watcher.watch(&folder.path, RecursiveMode::NonRecursive)
            {
                match error.kind {
                    // It went away in between; the next tick looks again.
                    notify::ErrorKind::PathNotFound => self.identities[at] = None,
                    _ => self.failed(&error),
                }
            }
        }
        changed
    }

    fn failed(&mut self, error: &notify::Error) {
        let reason = match &error.kind {
            notify::ErrorKind::MaxFilesWatch => "the system has no file watches left".to_owned(),
            notify::ErrorKind::Io(error) => error.to_string(),
            other => format!("{other:?}"),
        };
        tracing::warn!(reason, interval = ?POLL_INTERVAL, "changed prompts are noticed by looking, not by watching");
        self.watcher = None;
    }
}
