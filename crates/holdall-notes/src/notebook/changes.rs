//! Who wants to know hears which notes have come, changed and gone.
//!
//! Nothing is queued. A feed keeps what it has told of, which shares its records with the index, and compares it with
//! what is there when it is asked again. What a slow listener has not heard of yet is merged by that: a note that came
//! and went in between was never there.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::library::Library;
use crate::lexical::FileRecord;
use crate::note::NotePath;
use crate::scan::FileState;

/// How long a wait lasts before it is begun anew; nothing depends on it.
const WAIT: Duration = Duration::from_secs(3600);
/// How often to look whether notes that are missing from an index being made have turned up or are gone.
const DOUBT_INTERVAL: Duration = Duration::from_millis(250);

/// What is known of each file.
type Files = BTreeMap<NotePath, Arc<FileRecord>>;

/// Which notes are not what they were, each group sorted by path. A note that was renamed is one that is gone and one
/// that has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoteChanges {
    /// Notes that can be found now and could not before.
    pub added: Vec<NotePath>,
    /// Notes whose text is another. Files that are not indexed count here too, when they come, change or go.
    pub changed: Vec<NotePath>,
    /// Notes that can no longer be found.
    pub removed: Vec<NotePath>,
}

impl NoteChanges {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Every note concerned, whatever has become of it.
    pub fn paths(&self) -> impl Iterator<Item = &NotePath> {
        self.added.iter().chain(&self.changed).chain(&self.removed)
    }
}

/// What changes in a notebook, from [`Notebook::changes`](super::Notebook::changes).
///
/// As an iterator it waits for the next changes, without limit, and ends with the notebook, which it does not keep
/// open. What changes between two calls comes as one.
pub struct ChangeFeed {
    library: Arc<Library>,
    /// What the listener knows of.
    told: Arc<Files>,
    /// What was looked at last. The same as `told` but for notes of which it is not known whether they are gone.
    seen: Option<Arc<Files>>,
    in_doubt: bool,
}

impl ChangeFeed {
    pub(super) fn new(library: Arc<Library>) -> Self {
        let seen = library.files();
        Self {
            library,
            told: seen.clone().unwrap_or_default(),
            seen,
            in_doubt: false,
        }
    }

    /// What has changed since the last call, which may be nothing. Does not wait.
    pub fn now(&mut self) -> NoteChanges {
        let Some(files) = self.library.files() else {
            return NoteChanges::default();
        };
        let mut changes = differences(&self.told, &files);
        let mut told = Arc::clone(&files);
        // In an index that is being made, or made again, notes are missing that are there.
        self.in_doubt =
            changes.removed.iter().any(|path| !files.contains_key(path)) && !self.library.knows_all();
        if self.in_doubt {
            let mut known = (*files).clone();
            changes.removed.retain(|path| match self.told.get(path) {
                Some(record) if !files.contains_key(path) => {
                    known.insert(path.clone(), Arc::clone(record));
                    false
                }
                _ => true,
            });
            told = Arc::new(known);
        }
        self.told = told;
        self.seen = Some(files);
        changes
    }

    fn has_news(&self) -> bool {
        match (&self.seen, self.library.files()) {
            (Some(seen), Some(files)) => !Arc::ptr_eq(seen, &files),
            (None, files) => files.is_some(),
            (Some(_), None) => false,
        }
    }
}

impl Iterator for ChangeFeed {
    type Item = NoteChanges;

    fn next(&mut self) -> Option<NoteChanges> {
        loop {
            let wait = if self.in_doubt { DOUBT_INTERVAL } else { WAIT };
            let news = self.library.wait_for(Instant::now() + wait, |_| self.has_news());
            if !news && self.library.is_stopping() {
                return None;
            }
            let changes = self.now();
            if !changes.is_empty() {
                return Some(changes);
            }
        }
    }
}

/// Compares two states, both of which are sorted.
fn differences(before: &Files, now: &Files) -> NoteChanges {
    let mut changes = NoteChanges::default();
    let (mut old, mut new) = (before.values().peekable(), now.values().peekable());
    while let Some((old, new)) = pair(&mut old, &mut new) {
        let (was, is) = (old.is_some_and(is_note), new.is_some_and(is_note));
        let group = match (was, is) {
            (false, true) => &mut changes.added,
            (true, false) => &mut changes.removed,
            _ if !is_same(old, new) => &mut changes.changed,
            _ => continue,
        };
        group.extend(new.or(old).map(|record| record.path.clone()));
    }
    changes
}

/// What was and what is known of one file.
type Sides<'a> = (Option<&'a Arc<FileRecord>>, Option<&'a Arc<FileRecord>>);

/// The next records in the order of paths: two of the same file, or one of a file only one side knows.
fn pair<'a>(
    old: &mut Peekable<impl Iterator<Item = &'a Arc<FileRecord>>>,
    new: &mut Peekable<impl Iterator<Item = &'a Arc<FileRecord>>>,
) -> Option<Sides<'a>> {
    let order = match (old.peek(), new.peek()) {
        (None, None) => return None,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(old), Some(new)) => old.path.cmp(&new.path),
    };
    Some(match order {
        Ordering::Less => (old.next(), None),
        Ordering::Equal => (old.next(), new.next()),
        Ordering::Greater => (None, new.next()),
    })
}

fn is_note(record: &Arc<FileRecord>) -> bool {
    record.state == FileState::Indexed
}

/// Whether the text is the same. What is not indexed was not read, so its size and time must do.
fn is_same(old: Option<&Arc<FileRecord>>, new: Option<&Arc<FileRecord>>) -> bool {
    let (Some(old), Some(new)) = (old, new) else {
        return false;
    };
    Arc::ptr_eq(old, new)
        || (old.hash == new.hash && (is_note(new) || (old.bytes, old.modified) == (new.bytes, new.modified)))
}
