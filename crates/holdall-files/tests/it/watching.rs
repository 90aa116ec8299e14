//! Changes are heard of, by watching and by looking.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use holdall_files::{Changes, IfExists, Listener, WatchOptions, Watching, watch};

use crate::support::Ground;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct Ear {
    told: Sender<Changes>,
    is_gone: Arc<AtomicBool>,
}

impl Listener for Ear {
    fn changed(&self, changes: Changes) {
        let _ = self.told.send(changes);
    }

    fn is_waiting(&self) -> bool {
        true
    }

    fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }
}

struct Heard {
    told: Receiver<Changes>,
    is_gone: Arc<AtomicBool>,
    mode: Watching,
}

fn listen(ground: &Ground, options: WatchOptions) -> Heard {
    let (told, receiver) = channel();
    let is_gone = Arc::new(AtomicBool::new(false));
    let ear = Ear {
        told,
        is_gone: Arc::clone(&is_gone),
    };
    let mode = watch(Arc::new(ground.roots()), ear, options).unwrap();
    let mode = mode.lock().unwrap().clone();
    Heard {
        told: receiver,
        is_gone,
        mode,
    }
}

impl Heard {
    /// Waits until all of these were told of; returns all that was.
    fn until(&self, wanted: &[&str]) -> (BTreeSet<String>, bool) {
        let (mut paths, mut listing) = (BTreeSet::new(), false);
        while !wanted.iter().all(|path| paths.contains(*path)) {
            let changes = self.told.recv_timeout(PATIENCE);
            let changes = changes.unwrap_or_else(|error| panic!("{error}: heard only of {paths:?}"));
            paths.extend(changes.paths);
            listing |= changes.listing;
        }
        (paths, listing)
    }
}

fn polling() -> WatchOptions {
    WatchOptions {
        poll_only: true,
        poll_interval: Duration::from_millis(20),
        ..WatchOptions::default()
    }
}

#[test]
fn changes_are_heard_of_by_watching_and_by_looking() {
    for options in [WatchOptions::default(), polling()] {
        let ground = Ground::new(&[("a.txt", "a"), ("f/b.txt", "b"), (".hidden", "h")]);
        let heard = listen(&ground, options);
        assert_eq!(
            heard.mode == Watching::Native,
            !options.poll_only,
            "{}",
            heard.mode
        );
        ground.put("served/f/b.txt", "longer");
        heard.until(&["r/f/b.txt"]);
        // A folder that is new is watched, too.
        ground.put("served/new/deep/c.txt", "c");
        let (_, listing) = heard.until(&["r", "r/new", "r/new/deep", "r/new/deep/c.txt"]);
        assert!(listing);
        ground.put("served/new/deep/c.txt", "longer");
        heard.until(&["r/new/deep/c.txt"]);
        fs::rename(ground.at("served/new"), ground.at("served/moved")).unwrap();
        heard.until(&["r/new", "r/moved/deep/c.txt"]);
        ground.put("served/moved/deep/c.txt", "c, the third");
        heard.until(&["r/moved/deep/c.txt"]);
        ground.put("served/.hidden", "longer");
        fs::remove_file(ground.at("served/a.txt")).unwrap();
        let (paths, listing) = heard.until(&["r/a.txt", "r"]);
        assert!(
            listing && !paths.iter().any(|path| path.contains(".hidden")),
            "{paths:?}"
        );
    }
}

#[test]
fn more_folders_than_are_watched_are_looked_at_and_that_is_said() {
    let ground = Ground::new(&[("a/1", ""), ("b/1", ""), ("c/1", "")]);
    let few = WatchOptions {
        folders_max: 3,
        poll_interval: Duration::from_millis(20),
        ..WatchOptions::default()
    };
    let heard = listen(&ground, few);
    assert_eq!(
        heard.mode.to_string(),
        "changes are noticed by looking every 20ms: there are more than 3 folders"
    );
    ground.put("served/c/1", "changed");
    heard.until(&["r/c/1"]);
}

#[test]
fn a_file_that_is_replaced_neither_came_nor_went() {
    let ground = Ground::new(&[("a.txt", "a"), ("f/b.txt", "b")]);
    let heard = listen(&ground, WatchOptions::default());
    let roots = ground.roots();
    for path in ["r/a.txt", "r/f/b.txt"] {
        roots.write(path, "new", IfExists::Replace, None).unwrap();
    }
    let (paths, listing) = heard.until(&["r/a.txt", "r/f/b.txt"]);
    assert_eq!((paths.len(), listing), (2, false), "{paths:?}");
}

#[test]
fn nothing_is_heard_of_the_outside() {
    for options in [WatchOptions::default(), polling()] {
        let ground = Ground::new(&[("a.txt", "a")]);
        symlink(ground.at("outside"), ground.at("served/out")).unwrap();
        let heard = listen(&ground, options);
        ground.put("outside/secret.txt", "changed");
        ground.put("outside/new.txt", "new");
        ground.put("served/a.txt", "changed");
        let (paths, _) = heard.until(&["r/a.txt"]);
        assert!(!paths.iter().any(|path| path.contains("out/")), "{paths:?}");
    }
}

#[test]
fn it_ends_with_its_listener_and_bears_a_root_that_goes_and_comes() {
    let ground = Ground::new(&[("a.txt", "a")]);
    let heard = listen(&ground, WatchOptions::default());
    fs::remove_dir_all(ground.at("served")).unwrap();
    heard.until(&["r/a.txt"]);
    ground.put("served/b.txt", "b");
    heard.until(&["r/b.txt"]);
    heard.is_gone.store(true, Ordering::Release);
    // The thread drops what it tells.
    while heard.told.recv_timeout(PATIENCE).is_ok() {}
    assert_eq!(
        heard.told.try_recv(),
        Err(std::sync::mpsc::TryRecvError::Disconnected)
    );
}
