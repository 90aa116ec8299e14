//! Changes notes: creates, appends, edits, undoes.
//!
//! One change at a time: a lock inside the process and an advisory file lock between processes. Every change
//! goes the same way: find the file by handles (`root`), make the new text (`text`), keep the old one
//! (`journal`), put the new one in place as a whole or not at all (`holdall-files`).

mod journal;
mod text;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use holdall_files::{Current, diff};

use crate::error::NotesError;
use crate::note::{ContentHash, NotePath};
use crate::root::{NOTE_BYTES_MAX, Place, Roots};
use journal::{Journal, Record};

pub use text::Edit;

/// How long a writer waits for the one in another process.
const LOCK_WAIT: Duration = Duration::from_secs(10);
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// Changes the notes of some roots.
#[derive(Debug)]
pub struct Writer {
    roots: Arc<Roots>,
    journal: Journal,
    lock: Mutex<File>,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The note, spelled as on the disk.
    pub path: NotePath,
    /// Hash of the file now; `None` when undoing removed it.
    pub hash: Option<ContentHash>,
    /// Hash of the file before; `None` when it was created.
    pub old_hash: Option<ContentHash>,
    /// Unified diff, at most 64 KiB of it. Empty when nothing changed.
    pub diff: String,
    /// Size of the file now, in bytes.
    pub bytes: u64,
}

impl Writer {
    /// Opens a writer that keeps its lock and its journal in the folder `state`, made if missing. All
    /// processes that write to the same notes must name the same folder. Temporary files of a writer that
    /// was killed are removed.
    ///
    /// # Errors
    /// `io`, `disk_full`, `read_only` about the state folder.
    pub fn open(roots: Arc<Roots>, state: &Path) -> Result<Self, NotesError> {
        let journal = Journal::open(state)?;
        let lock = journal::open_lock(state)?;
        let writer = Self {
            roots,
            journal,
            lock: Mutex::new(lock),
        };
        writer.clean_up()?;
        Ok(writer)
    }

    /// Removes the temporary files of writers that were killed.
    ///
    /// # Errors
    /// `io` about the state folder.
    pub fn clean_up(&self) -> Result<(), NotesError> {
        let _guard = self.exclusive()?;
        self.journal.remove_unfinished();
        for record in self.journal.records()? {
            // What cannot be removed now is tried again at the next start.
            if let Ok(place) = self.roots.locate_named(&record.path)
                && let Ok(dir) = self.roots.open_folder(&place, false)
            {
                let _ = dir.remove_file(&record.temporary);
            }
        }
        Ok(())
    }

    /// Makes a note; folders are made as needed, `.md` is added to a name without extension. A line break is
    /// added at the end where it is missing.
    ///
    /// # Errors
    /// `already_exists` if a note of this name, or one differing only in case or Unicode form, is there;
    /// `invalid_path`, `too_large`, `refused`, `read_only`, `disk_full`, `io`.
    pub fn create_note(&self, path: &str, content: &str) -> Result<Written, NotesError> {
        check_text(content)?;
        let guard = self.exclusive()?;
        let place = self.roots.locate_new(path)?;
        let mut content = content.to_owned();
        if !content.is_empty() && !content.ends_with('\n') {
            content.push_str(text::LineEnding::of(&content).as_str());
        }
        check_size(&place, &content)?;
        let dir = self.roots.open_folder(&place, true)?;
        let record = Record::new(&place, None, ContentHash::of(content.as_bytes()));
        let sequence = self.journal.append(&record, b"")?;
        let (temporary, shown) = (&record.temporary, place.path.as_str());
        if let Err(error) = holdall_files::create(&dir, &place.name, temporary, content.as_bytes(), shown) {
            self.journal.forget(sequence);
            return Err(error.into());
        }
        drop(guard);
        Ok(written(&place, None, Some(&content)))
    }

    /// Appends to the end of a note, or to the end of the section under `heading`: before the next heading of
    /// the same or a higher level. One blank line separates the addition, none between items of one list.
    ///
    /// # Errors
    /// `heading_not_found` and `ambiguous` show the outline; `conflict` if the file is not `expected_hash`.
    pub fn append(
        &self,
        path: &str,
        addition: &str,
        heading: Option<&str>,
        expected_hash: Option<&str>,
    ) -> Result<Written, NotesError> {
        check_text(addition)?;
        self.change(path, expected_hash, |place, old| {
            text::appended(place.path.as_str(), old, addition, heading)
        })
    }

    /// Replaces text, or the body of a section.
    ///
    /// # Errors
    /// `count_mismatch` if the text is not there as often as expected, with the nearest line if it is not
    /// there at all; `heading_not_found`, `ambiguous`, `conflict` as for [`append`](Self::append).
    pub fn edit(&self, path: &str, edit: &Edit, expected_hash: Option<&str>) -> Result<Written, NotesError> {
        check_text(edit.new_text())?;
        self.change(path, expected_hash, |place, old| {
            text::edited(place.path.as_str(), old, edit)
        })
    }

    /// Takes back the last change made through this journal, by any process. Can be repeated; the last 50
    /// changes are kept.
    ///
    /// # Errors
    /// `nothing_to_undo`; `conflict` if the note was changed or deleted since.
    pub fn undo_last(&self) -> Result<Written, NotesError> {
        let _guard = self.exclusive()?;
        while let Some((sequence, record, before)) = self.journal.last()? {
            let place = self.roots.locate_named(&record.path)?;
            let dir = match self.roots.open_folder(&place, false) {
                Err(NotesError::NotFound { .. }) => None,
                other => Some(other?),
            };
            let current = match &dir {
                Some(dir) => current(dir, &place)?,
                None => None,
            };
            let now = current.as_ref().map(|current| current.hash);
            if now != Some(record.after) && now == record.before {
                // The writer was killed before the change took place: there is nothing to take back.
                self.journal.forget(sequence);
                continue;
            }
            let (Some(dir), Some(current)) = (dir, current.filter(|current| current.hash == record.after))
            else {
                let current = now.unwrap_or(ContentHash::of(b""));
                return Err(NotesError::Conflict {
                    path: record.path,
                    current,
                });
            };
            let before = record.before.is_some().then_some(before);
            match &before {
                Some(before) => replace(&dir, &place, &record.temporary, before, &current)?,
                None => holdall_files::remove(&dir, &place.name, place.path.as_str())?,
            }
            self.journal.forget(sequence);
            let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            return Ok(written(
                &place,
                Some(&lossy(&current.bytes)),
                before.as_deref().map(lossy).as_deref(),
            ));
        }
        Err(NotesError::NothingToUndo)
    }

    fn change(
        &self,
        path: &str,
        expected_hash: Option<&str>,
        new_text: impl FnOnce(&Place, &str) -> Result<String, NotesError>,
    ) -> Result<Written, NotesError> {
        let guard = self.exclusive()?;
        let place = self.roots.locate(path)?;
        self.roots.check_not_ignored(&place)?;
        let dir = self.roots.open_folder(&place, false)?;
        let current = current(&dir, &place)?.ok_or_else(|| NotesError::NotFound {
            path: place.path.to_string(),
        })?;
        check_hash(&place, expected_hash, current.hash)?;
        let old = std::str::from_utf8(&current.bytes).map_err(|error| NotesError::NotText {
            path: place.path.to_string(),
            reason: format!("byte {} is not UTF-8", error.valid_up_to()),
        })?;
        let new = new_text(&place, old)?;
        check_size(&place, &new)?;
        if new != old {
            self.put(&dir, &place, &current, &new)?;
        }
        drop(guard);
        Ok(written(&place, Some(old), Some(&new)))
    }

    fn put(&self, dir: &Dir, place: &Place, current: &Current, new: &str) -> Result<(), NotesError> {
        let record = Record::new(place, Some(current.hash), ContentHash::of(new.as_bytes()));
        let sequence = self.journal.append(&record, &current.bytes)?;
        replace(dir, place, &record.temporary, new.as_bytes(), current).inspect_err(|_| {
            self.journal.forget(sequence);
        })
    }

    /// Waits until no other writer of this process or another one is at work.
    fn exclusive(&self) -> Result<Exclusive<'_>, NotesError> {
        let file = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            let error = match file.try_lock() {
                Ok(()) => return Ok(Exclusive { file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(LOCK_RETRY);
                    continue;
                }
                Err(TryLockError::WouldBlock) => std::io::ErrorKind::TimedOut.into(),
                Err(TryLockError::Error(error)) => error,
            };
            return Err(NotesError::Io {
                path: "the writers' lock".to_owned(),
                action: "taken",
                source: error,
            });
        }
    }
}

/// The right to write. The file lock also ends with the process.
struct Exclusive<'a> {
    file: MutexGuard<'a, File>,
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // A lock that cannot be released ends when the file is closed.
        let _ = self.file.unlock();
    }
}

fn check_text(text: &str) -> Result<(), NotesError> {
    if text.contains('\0') {
        return Err(NotesError::InvalidArgument {
            what: "the text holds a NUL character".to_owned(),
        });
    }
    Ok(())
}

fn check_size(place: &Place, text: &str) -> Result<(), NotesError> {
    let bytes = text.len() as u64;
    if bytes > NOTE_BYTES_MAX {
        return Err(NotesError::TooLarge {
            path: place.path.to_string(),
            bytes,
            limit: NOTE_BYTES_MAX,
        });
    }
    Ok(())
}

fn check_hash(place: &Place, expected: Option<&str>, current: ContentHash) -> Result<(), NotesError> {
    match expected.map(str::trim) {
        None => Ok(()),
        Some(expected) if expected.eq_ignore_ascii_case(&current.to_string()) => Ok(()),
        Some(expected) if expected.len() != 64 || !expected.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let what = "the expected hash is not one: it has 64 hexadecimal digits".to_owned();
            Err(NotesError::InvalidArgument { what })
        }
        Some(_) => Err(NotesError::Conflict {
            path: place.path.to_string(),
            current,
        }),
    }
}

fn written(place: &Place, old: Option<&str>, new: Option<&str>) -> Written {
    let hash = |text: Option<&str>| text.map(|text| ContentHash::of(text.as_bytes()));
    Written {
        path: place.path.clone(),
        hash: hash(new),
        old_hash: hash(old),
        diff: diff(place.path.as_str(), old, new),
        bytes: new.map_or(0, str::len) as u64,
    }
}

/// A note that is to be changed: a plain file with one name.
fn current(dir: &Dir, place: &Place) -> Result<Option<Current>, NotesError> {
    Ok(Current::read(
        dir,
        &place.name,
        NOTE_BYTES_MAX,
        place.path.as_str(),
    )?)
}

fn replace(
    dir: &Dir,
    place: &Place,
    temporary: &str,
    bytes: &[u8],
    current: &Current,
) -> Result<(), NotesError> {
    let before = (current, NOTE_BYTES_MAX);
    Ok(holdall_files::replace(
        dir,
        &place.name,
        temporary,
        bytes,
        before,
        place.path.as_str(),
    )?)
}

#[cfg(test)]
mod tests;
