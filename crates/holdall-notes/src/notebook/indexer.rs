//! Keeps the index in step with the files: one process does, the others follow.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::library::{Index, Keeper, Library, contained};
use super::status::Role;
use crate::chunk::estimated_tokens;
use crate::error::NotesError;
use crate::lexical::{FileRecord, LexicalWriter};
use crate::note::{ContentHash, DateSource, NoteDate};
use crate::parse::NoteParser;
use crate::scan::{self, Entry, FileState, Hint, Outcome, Scope};
use crate::watch::Watcher;
use crate::write::Writer;

/// How often a reader looks for commits, and whether it can take over.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(250);
/// Files between two commits of a long pass.
const COMMIT_FILES: usize = 512;
/// Time between two commits of a long pass.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// A file changed this recently may change again within the resolution of its time; its hash decides.
const RECENT: Duration = Duration::from_secs(2);
/// How long to wait after a failure before trying again.
const RETRY: Duration = Duration::from_secs(2);

/// Runs until the notebook ends.
pub(super) fn run(library: &Library, changes: &Receiver<Scope>) {
    while !library.is_stopping() {
        let outcome = contained("keeping the index", || match library.keeper()? {
            Some(keeper) => keep(library, &keeper, changes),
            None => follow(library),
        });
        let failed = outcome.is_err();
        library.report(outcome);
        if failed {
            library.wait_for(Instant::now() + RETRY, |state| state.stopping);
        }
    }
}

/// Reads what another process commits, until that one ends.
fn follow(library: &Library) -> Result<(), NotesError> {
    let mut opened = None;
    while !library.is_stopping() && library.keeper()?.is_none() {
        let index = match opened.take() {
            Some(index) => Some(index),
            None => library.open_to_follow()?,
        };
        library.refresh()?;
        let complete = index
            .as_ref()
            .map_or(Ok(false), |index| index.words.is_complete())?;
        library.update(|state| {
            state.progress.role = Role::Reader;
            state.progress.scanned = complete;
            state.watch_mode = None;
            state.index_error = None;
        });
        opened = index;
        library.wait_for(Instant::now() + FOLLOW_INTERVAL, |state| state.stopping);
    }
    Ok(())
}

/// Keeps the index: looks at everything once, then at whatever changes.
fn keep(library: &Library, keeper: &Keeper, changes: &Receiver<Scope>) -> Result<(), NotesError> {
    let index = library.open_to_keep(keeper)?;
    let mut writer = index.words.writer()?;
    library.update(|state| {
        state.progress.role = Role::Writer;
        state.progress.scanned = false;
    });
    // Watching begins before looking, so that nothing falls between the two.
    let watcher = Watcher::start(
        Arc::clone(&library.roots),
        library.changes.clone(),
        library.options.watch,
    )?;
    if let Err(error) = library.writer().and_then(Writer::clean_up) {
        tracing::warn!(%error, "what a killed writer left behind could not be removed");
    }
    let mut scope = Scope::All;
    loop {
        let mut pass = Pass {
            library,
            index: &index,
            writer: &mut writer,
            uncommitted: 0,
            committed_at: Instant::now(),
        };
        pass.run(&scope)?;
        let stopping = library.is_stopping();
        if scope == Scope::All && !stopping {
            writer.commit_complete()?;
        }
        library.update(|state| {
            state.progress.scanned |= scope == Scope::All && !stopping;
            state.watch_mode = Some(watcher.mode());
            state.index_error = None;
        });
        scope = match next(library, changes) {
            Some(scope) => scope,
            None => break,
        };
    }
    drop(watcher);
    writer.close()?;
    Ok(())
}

/// The next thing to look at; everything that waits is taken together. `None` when the notebook ends.
fn next(library: &Library, changes: &Receiver<Scope>) -> Option<Scope> {
    let mut scope = loop {
        if library.is_stopping() {
            return None;
        }
        match changes.recv_timeout(RETRY) {
            Ok(scope) => break scope,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    };
    while let Ok(more) = changes.try_recv() {
        scope = scope.joined(more);
    }
    (!library.is_stopping()).then_some(scope)
}

/// One look at some files.
struct Pass<'a> {
    library: &'a Library,
    index: &'a Index,
    writer: &'a mut LexicalWriter,
    uncommitted: usize,
    committed_at: Instant,
}

impl Pass<'_> {
    fn run(&mut self, scope: &Scope) -> Result<(), NotesError> {
        let roots = &self.library.roots;
        let known = self.index.words.generation();
        let walk = scan::walk(roots, scope);
        let found = walk.entries.iter().map(|entry| &entry.path);
        let seen: HashSet<_> = found.chain(walk.problems.keys()).collect();
        let out_of_reach = Scope::Under(
            walk.missing_roots
                .iter()
                .map(|root| Hint {
                    root: *root,
                    relative: Default::default(),
                })
                .collect(),
        );
        for path in known.files().keys() {
            if !seen.contains(path) && scope.covers(roots, path) && !out_of_reach.covers(roots, path) {
                self.writer.remove(path);
                self.uncommitted += 1;
            }
        }
        let changed: Vec<&Entry> = walk
            .entries
            .iter()
            .filter(|entry| {
                known
                    .files()
                    .get(&entry.path)
                    .is_none_or(|record| self.may_differ(entry, record))
            })
            .collect();
        self.library.update(|state| {
            state.progress.files_to_do = changed.len() as u64;
            state.progress.files_done = 0;
        });
        for entry in changed {
            if self.library.is_stopping() {
                break;
            }
            self.take_up(entry, known.files().get(&entry.path).map(AsRef::as_ref))?;
        }
        for (path, state) in walk.problems {
            let known = known.files().get(&path).map(AsRef::as_ref);
            let unread = Entry {
                path,
                bytes: 0,
                modified: Timestamp::UNIX_EPOCH,
                identity: (0, 0),
            };
            self.put_unread(&unread, known, state)?;
        }
        self.commit()?;
        self.library
            .update(|state| (state.progress.files_to_do, state.progress.files_done) = (0, 0));
        Ok(())
    }

    fn may_differ(&self, entry: &Entry, record: &FileRecord) -> bool {
        let recent = Timestamp::now().duration_since(entry.modified).unsigned_abs() < RECENT;
        recent || entry.bytes != record.bytes || entry.modified != record.modified
    }

    fn take_up(&mut self, entry: &Entry, known: Option<&FileRecord>) -> Result<(), NotesError> {
        let options = &self.library.options;
        let parser = NoteParser {
            zone: &options.zone,
            limits: Default::default(),
            count_tokens: &estimated_tokens,
        };
        // A file that brings the parser down must not keep the others from being indexed.
        let outcome = contained("reading a note", || {
            Ok(scan::read(
                &self.library.roots,
                &entry.path,
                options.limits,
                &parser,
            ))
        });
        let outcome = outcome.unwrap_or_else(|error| Outcome::Failed {
            reason: error.to_string(),
        });
        match outcome {
            Outcome::Indexed(note) => {
                let same =
                    known.is_some_and(|known| known.hash == note.hash && known.modified == note.modified);
                if !same {
                    self.writer.put_note(&note)?;
                    self.uncommitted += 1;
                }
            }
            Outcome::Gone => {
                if known.is_some() {
                    self.writer.remove(&entry.path);
                    self.uncommitted += 1;
                }
            }
            Outcome::Skipped { reason } => self.put_unread(entry, known, FileState::Skipped { reason })?,
            Outcome::Failed { reason } => self.put_unread(entry, known, FileState::Failed { reason })?,
        }
        self.library.update(|state| state.progress.files_done += 1);
        if self.uncommitted >= COMMIT_FILES
            || (self.uncommitted > 0 && self.committed_at.elapsed() > COMMIT_INTERVAL)
        {
            self.commit()?;
        }
        Ok(())
    }

    /// Remembers a file that is not indexed, so that its state is shown and it is not read again in vain.
    fn put_unread(
        &mut self,
        entry: &Entry,
        known: Option<&FileRecord>,
        state: FileState,
    ) -> Result<(), NotesError> {
        if known.is_some_and(|known| {
            known.state == state && known.bytes == entry.bytes && known.modified == entry.modified
        }) {
            return Ok(());
        }
        let record = FileRecord {
            path: entry.path.clone(),
            state,
            hash: ContentHash([0; 32]),
            bytes: entry.bytes,
            modified: entry.modified,
            title: entry.path.stem().to_owned(),
            date: NoteDate {
                at: entry.modified,
                source: DateSource::Modified,
            },
            tags: Vec::new(),
            links: Vec::new(),
            lines: 0,
            passages: 0,
            frontmatter_problem: None,
        };
        self.writer.put_file(&record)?;
        self.uncommitted += 1;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), NotesError> {
        if self.uncommitted > 0 {
            self.writer.commit()?;
            self.uncommitted = 0;
            self.library.refresh()?;
        }
        self.committed_at = Instant::now();
        Ok(())
    }
}
