use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::note::NotePath;
use crate::scan::walk;

/// Ends a test that would wait for ever; no test passes by waiting this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A consumer as the index will be one: it keeps what the walks say.
struct Follower {
    folder: TempDir,
    roots: Arc<Roots>,
    changes: Receiver<Scope>,
    known: BTreeMap<NotePath, u64>,
    watcher: Watcher,
}

impl Follower {
    fn new(options: WatchOptions) -> Self {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("notes")).unwrap();
        let roots = Arc::new(Roots::open(&[parent.path().join("notes")]).unwrap());
        let (sender, changes) = mpsc::channel();
        let watcher = Watcher::start(Arc::clone(&roots), sender, options).unwrap();
        Self {
            folder: parent,
            roots,
            changes,
            known: BTreeMap::new(),
            watcher,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("notes").join(name)
    }

    /// Follows the batches until exactly these notes are known.
    fn until(&mut self, expected: &[(&str, u64)]) {
        let expected: BTreeMap<NotePath, u64> = expected
            .iter()
            .map(|(path, bytes)| (NotePath::new(*path), *bytes))
            .collect();
        let deadline = Instant::now() + PATIENCE;
        while self.known != expected {
            let left = deadline.saturating_duration_since(Instant::now());
            let scope = self
                .changes
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("known {:?}, expected {expected:?}", self.known));
            let found = walk(&self.roots, &scope);
            if found.missing_roots.is_empty() {
                self.known.retain(|path, _| !scope.covers(&self.roots, path));
                self.known
                    .extend(found.entries.into_iter().map(|entry| (entry.path, entry.bytes)));
            }
        }
    }
}

#[test]
fn saves_renames_and_deletions_are_followed() {
    let mut follower = Follower::new(WatchOptions::default());
    assert_eq!(follower.watcher.mode(), WatchMode::Native);
    fs::write(follower.path("a.md"), "1").unwrap();
    follower.until(&[("a.md", 1)]);
    fs::write(follower.path("a.md"), "12").unwrap();
    follower.until(&[("a.md", 2)]);
    // As editors save: a temporary file takes the place of the note.
    fs::write(follower.path(".a.tmp"), "123").unwrap();
    fs::rename(follower.path(".a.tmp"), follower.path("a.md")).unwrap();
    follower.until(&[("a.md", 3)]);
    fs::rename(follower.path("a.md"), follower.path("b.md")).unwrap();
    follower.until(&[("b.md", 3)]);
    fs::remove_file(follower.path("b.md")).unwrap();
    follower.until(&[]);
}

#[test]
fn whole_folders_are_followed() {
    let mut follower = Follower::new(WatchOptions::default());
    fs::create_dir_all(follower.path("x/y/z")).unwrap();
    fs::write(follower.path("x/y/z/deep.md"), "1").unwrap();
    fs::write(follower.path("x/top.md"), "1").unwrap();
    follower.until(&[("x/top.md", 1), ("x/y/z/deep.md", 1)]);
    fs::rename(follower.path("x"), follower.path("w")).unwrap();
    follower.until(&[("w/top.md", 1), ("w/y/z/deep.md", 1)]);
    fs::write(follower.path("w/y/z/deep.md"), "12").unwrap();
    follower.until(&[("w/top.md", 1), ("w/y/z/deep.md", 2)]);
    fs::rename(follower.path("w/y"), follower.folder.path().join("outside")).unwrap();
    follower.until(&[("w/top.md", 1)]);
    fs::remove_dir_all(follower.path("w")).unwrap();
    follower.until(&[]);
}

#[test]
fn ignore_rules_take_effect_when_they_change() {
    let mut follower = Follower::new(WatchOptions::default());
    fs::create_dir(follower.path("drafts")).unwrap();
    fs::write(follower.path("drafts/a.md"), "1").unwrap();
    follower.until(&[("drafts/a.md", 1)]);
    fs::write(follower.path(".gitignore"), "drafts\n").unwrap();
    follower.until(&[]);
    fs::remove_file(follower.path(".gitignore")).unwrap();
    follower.until(&[("drafts/a.md", 1)]);
}

#[test]
fn a_root_made_anew_is_followed() {
    let options = WatchOptions {
        root_check_interval: Duration::from_millis(20),
        ..WatchOptions::default()
    };
    let mut follower = Follower::new(options);
    fs::write(follower.path("a.md"), "1").unwrap();
    follower.until(&[("a.md", 1)]);
    fs::remove_dir_all(follower.path("")).unwrap();
    fs::create_dir(follower.path("")).unwrap();
    fs::write(follower.path("b.md"), "1").unwrap();
    follower.until(&[("b.md", 1)]);
    fs::write(follower.path("c.md"), "1").unwrap();
    follower.until(&[("b.md", 1), ("c.md", 1)]);
}

#[test]
fn polling_follows_too_and_says_why() {
    let poll_interval = Duration::from_millis(20);
    let mut follower = Follower::new(WatchOptions {
        poll_only: true,
        poll_interval,
        ..WatchOptions::default()
    });
    let WatchMode::Polling { reason, interval } = follower.watcher.mode() else {
        panic!("not polling")
    };
    assert_eq!(
        (reason.as_str(), interval),
        ("it was configured so", poll_interval)
    );
    fs::write(follower.path("a.md"), "1").unwrap();
    follower.until(&[("a.md", 1)]);
    fs::remove_file(follower.path("a.md")).unwrap();
    follower.until(&[]);
}

/// An engine without a thread, as if it had just started to watch.
fn engine() -> (TempDir, Engine, Receiver<Scope>) {
    let folder = tempfile::tempdir().unwrap();
    let roots = Arc::new(Roots::open(&[folder.path()]).unwrap());
    let (sender, _events) = mpsc::channel();
    let (changes, scopes) = mpsc::channel();
    let options = WatchOptions::default();
    let source = Source::open(&roots, &sender, options);
    let mode = Arc::new(Mutex::new(WatchMode::Native));
    let mut engine = Engine {
        roots,
        changes,
        options,
        mode,
        source: None,
    };
    engine.adopt(source);
    (folder, engine, scopes)
}

#[test]
fn running_out_of_watches_falls_back_to_polling() {
    for error in [
        notify::Error::new(notify::ErrorKind::MaxFilesWatch),
        notify::Error::io(std::io::Error::from_raw_os_error(24)),
        notify::Error::io(std::io::ErrorKind::StorageFull.into()),
    ] {
        let (_folder, mut engine, _scopes) = engine();
        assert_eq!(*engine.mode.lock().unwrap(), WatchMode::Native);
        let mut batch = Batch::default();
        engine.heard(Err(error), &mut batch);
        assert_eq!(batch.into_scope(), Scope::All);
        let mode = engine.mode.lock().unwrap().to_string();
        assert!(
            mode.starts_with("looking every 2s: the system has no") && mode.contains("fs.inotify.max_user"),
            "{mode}"
        );
        // From now on every tick asks for a rescan.
        let mut batch = Batch::default();
        engine.look(&mut batch);
        assert_eq!(batch.into_scope(), Scope::All);
    }
}

#[test]
fn lost_events_ask_for_a_rescan_and_other_errors_keep_watching() {
    let (_folder, mut engine, _scopes) = engine();
    let mut batch = Batch::default();
    let overflow = notify::Event::new(notify::EventKind::Other).set_flag(notify::event::Flag::Rescan);
    engine.heard(Ok(overflow), &mut batch);
    assert_eq!(batch.into_scope(), Scope::All);
    let mut batch = Batch::default();
    engine.heard(Err(notify::Error::generic("odd")), &mut batch);
    assert_eq!((batch.into_scope(), engine.source.is_some()), (Scope::All, true));
}

#[test]
fn the_watcher_ends_when_nobody_listens() {
    let poll_interval = Duration::from_millis(5);
    let follower = Follower::new(WatchOptions {
        poll_only: true,
        poll_interval,
        ..WatchOptions::default()
    });
    let Follower {
        changes,
        mut watcher,
        folder,
        ..
    } = follower;
    drop(changes);
    watcher.thread.take().unwrap().join().unwrap();
    drop(folder);
}
