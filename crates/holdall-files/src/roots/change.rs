//! Writes, moves, makes and removes: whole or not at all, one change at a time.

use std::io;
use std::sync::{MutexGuard, PoisonError};

use cap_fs_ext::{DirExt, MetadataExt};
use cap_std::fs::Dir;
use jiff::Timestamp;

use super::look::EntryKind;
use super::{Place, Roots, Spot, invalid, is_git};
use crate::diff::diff;
use crate::error::FileError;
use crate::folder::open_below;
use crate::hash::ContentHash;
use crate::names::{broken_rule_for_new, shortened};
use crate::plain::{Current, modified};
use crate::put::{self, temporary_name};
use crate::replace::replaced;
use crate::twins::spelled;

/// What to do where there is a file already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfExists {
    /// Change nothing: it is an error.
    #[default]
    Fail,
    /// Replace what it says.
    Replace,
    /// Add to its end.
    Append,
}

/// A text to replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The text as it stands in the file; line breaks match whatever kind the file uses.
    pub find: String,
    /// What to put there.
    pub replace: String,
    /// How often it must be there; all occurrences are replaced.
    pub expected: usize,
}

/// What a change did to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, spelled as on the disk.
    pub path: String,
    /// Hash of the file now.
    pub hash: ContentHash,
    /// Hash of the file before; `None` when it was made.
    pub old_hash: Option<ContentHash>,
    /// Unified diff, at most 64 KiB of it. Empty when nothing changed, or where the old file was no text.
    pub diff: String,
    /// Size of the file now.
    pub bytes: u64,
}

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it was.
    pub from: String,
    /// Where it is.
    pub to: String,
}

/// Something that could be removed, as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// `root/folder/name`, spelled as on the disk.
    pub path: String,
    /// A file, an empty folder or a link.
    pub kind: EntryKind,
    /// Size of a file.
    pub bytes: u64,
    /// When it last changed.
    pub modified: Timestamp,
    place: Place,
    identity: (u64, u64),
}

impl Roots {
    /// Writes a file. Folders are made as needed.
    ///
    /// # Errors
    /// `already_exists`, `conflict` if the file is not `expected_hash`, `not_writable`, `invalid_path`, `too_large`,
    /// `refused`, `read_only`, `disk_full`, `io`; nothing is changed then.
    pub fn write(
        &self,
        path: &str,
        content: &str,
        if_exists: IfExists,
        expected_hash: Option<&str>,
    ) -> Result<Written, FileError> {
        check_text(path, content)?;
        let place = self.place_to_change(path)?;
        let guard = self.exclusive();
        let (name, folders) = split(&place)?;
        let (dir, there) = self.enter(&place, folders)?;
        let known = match there.len() == folders.len() {
            true => spelled(&dir, name, &place.shown)?,
            false => None,
        };
        let mut names = there.clone();
        names.extend(folders[there.len()..].iter().cloned());
        names.push(known.clone().unwrap_or_else(|| name.to_owned()));
        let place = self.at(place.root, names);
        let (name, folders) = split(&place)?;
        if known.is_none() {
            self.check_size(&place, content.len() as u64)?;
            check_expected(&place, expected_hash, None)?;
            check_new(&place, there.len())?;
            let dir = open_below(&dir, &folders[there.len()..], true, &place.shown)?;
            put::create(&dir, name, &temporary_name(), content.as_bytes(), &place.shown)?;
            put::clean_up(&dir);
            drop(guard);
            return Ok(written(&place, None, content.as_bytes()));
        }
        if if_exists == IfExists::Fail {
            return Err(FileError::AlreadyExists {
                existing: place.shown,
            });
        }
        let current = self.current(&dir, name, &place)?;
        check_expected(&place, expected_hash, Some(current.hash))?;
        let mut new = match if_exists {
            IfExists::Append => current.bytes.clone(),
            _ => Vec::new(),
        };
        self.check_size(&place, (new.len() + content.len()) as u64)?;
        new.extend_from_slice(content.as_bytes());
        self.put(&dir, name, &place, &current, &new)?;
        drop(guard);
        Ok(written(&place, Some(&current.bytes), &new))
    }

    /// Replaces texts in a file, one after the other, all of them or none. A dry run only says what would come of it.
    ///
    /// # Errors
    /// `edit` with the number of the one that does not fit, `not_text`, and those of [`write`](Self::write).
    pub fn edit(
        &self,
        path: &str,
        edits: &[Edit],
        expected_hash: Option<&str>,
        dry_run: bool,
    ) -> Result<Written, FileError> {
        let place = match dry_run {
            true => self.place(path)?,
            false => self.place_to_change(path)?,
        };
        let guard = self.exclusive();
        let Spot { dir, name, place } = self.spot(&place)?;
        let current = self.current(&dir, &name, &place)?;
        check_expected(&place, expected_hash, Some(current.hash))?;
        let text = std::str::from_utf8(&current.bytes).map_err(|error| FileError::NotText {
            path: place.shown.clone(),
            reason: format!("byte {} is not UTF-8", error.valid_up_to()),
        })?;
        let mut new = text.to_owned();
        for (number, edit) in edits.iter().enumerate() {
            check_text(&place.shown, &edit.replace)?;
            let texts = (edit.find.as_str(), edit.replace.as_str());
            new = replaced(&place.shown, &new, texts, edit.expected, self.file_bytes_max).map_err(
                |source| match edits.len() {
                    1 => source,
                    _ => FileError::Edit {
                        number: number + 1,
                        source: Box::new(source),
                    },
                },
            )?;
        }
        if !dry_run {
            self.put(&dir, &name, &place, &current, new.as_bytes())?;
        }
        drop(guard);
        Ok(written(&place, Some(&current.bytes), new.as_bytes()))
    }

    /// Makes a folder, and those above it as needed. Says whether it was not there before.
    ///
    /// # Errors
    /// `already_exists` if there is a file of that name, and those of [`write`](Self::write).
    pub fn create_folder(&self, path: &str) -> Result<(String, bool), FileError> {
        let place = self.place_to_change(path)?;
        let _guard = self.exclusive();
        let (dir, there) = match self.enter(&place, &place.names) {
            Err(FileError::Refused { .. }) => {
                let spot = self.spot(&place)?;
                return Err(FileError::AlreadyExists {
                    existing: spot.place.shown,
                });
            }
            other => other?,
        };
        let missing = &place.names[there.len()..];
        let mut names = there.clone();
        names.extend_from_slice(missing);
        let place = self.at(place.root, names);
        check_new(&place, there.len())?;
        let made = open_below(&dir, &place.names[there.len()..], true, &place.shown)?;
        let is_new = there.len() < place.names.len();
        if is_new {
            for dir in [&made, &dir] {
                put::sync(dir).map_err(|error| FileError::from_io(&place.shown, "written", error))?;
            }
        }
        Ok((place.shown, is_new))
    }

    /// Moves or renames a file, a folder or a link. Folders are made as needed; nothing is ever replaced.
    ///
    /// # Errors
    /// `already_exists`, `not_found`, and those of [`write`](Self::write).
    pub fn rename(&self, from: &str, to: &str) -> Result<Moved, FileError> {
        let (from, to) = (self.place_to_change(from)?, self.place_to_change(to)?);
        let _guard = self.exclusive();
        let source = self.spot(&from)?;
        let (name, folders) = split(&to)?;
        let (dir, there) = self.enter(&to, folders)?;
        let mut names = there.clone();
        names.extend_from_slice(&folders[there.len()..]);
        if names.starts_with(&source.place.names) && to.root == source.place.root {
            let what = format!("`{}` cannot be moved into itself", source.place.shown);
            return Err(FileError::InvalidArgument { what });
        }
        if there.len() == folders.len()
            && let Some(existing) = spelled(&dir, name, &to.shown)?
        {
            names.push(existing);
            // Only the case or the Unicode form of the name is to change.
            let is_itself = to.root == source.place.root
                && names == source.place.names
                && names.last() != Some(&to.names[to.names.len() - 1]);
            if !is_itself {
                let existing = self.at(to.root, names).shown;
                return Err(FileError::AlreadyExists { existing });
            }
            names.pop();
        }
        names.push(name.to_owned());
        let target = self.at(to.root, names);
        check_new(&target, there.len())?;
        let (name, folders) = split(&target)?;
        let dir = open_below(&dir, &folders[there.len()..], true, &target.shown)?;
        rename_new(&source.dir, &source.name, &dir, name).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FileError::AlreadyExists {
                existing: target.shown.clone(),
            },
            io::ErrorKind::CrossesDevices => FileError::refused(
                &source.place.shown,
                "it cannot be moved to another disk; write it there and delete it here",
            ),
            _ => FileError::from_io(&source.place.shown, "written", error),
        })?;
        for dir in [&dir, &source.dir] {
            put::sync(dir).map_err(|error| FileError::from_io(&target.shown, "written", error))?;
        }
        Ok(Moved {
            from: source.place.shown,
            to: target.shown,
        })
    }

    /// Looks at what is to be removed: a file, a link itself, or an empty folder.
    ///
    /// # Errors
    /// `refused` for a root, a folder with something in it, and what is neither file nor folder.
    pub fn removal(&self, path: &str) -> Result<Removal, FileError> {
        let place = self.place_to_change(path)?;
        let Spot { dir, name, place } = self.spot(&place)?;
        let failed = |error| FileError::from_io(&place.shown, "read", error);
        let metadata = dir.symlink_metadata(&name).map_err(failed)?;
        let kind = if metadata.is_symlink() {
            EntryKind::Link
        } else if metadata.is_file() {
            EntryKind::File
        } else if metadata.is_dir() {
            let mut entries = dir
                .open_dir_nofollow(&name)
                .and_then(|dir| dir.entries())
                .map_err(failed)?;
            if entries.next().is_some() {
                return Err(FileError::refused(
                    &place.shown,
                    "the folder is not empty, hidden files counted; delete what is in it first",
                ));
            }
            EntryKind::Folder
        } else {
            return Err(FileError::refused(
                &place.shown,
                "it is neither a file nor a folder",
            ));
        };
        Ok(Removal {
            path: place.shown.clone(),
            kind,
            bytes: metadata.len(),
            modified: modified(&metadata),
            place,
            identity: (metadata.dev(), metadata.ino()),
        })
    }

    /// Removes what was looked at, if it is still the same.
    ///
    /// # Errors
    /// `refused` if it changed since, and those of [`removal`](Self::removal).
    pub fn remove(&self, removal: &Removal) -> Result<(), FileError> {
        let _guard = self.exclusive();
        let now = self.removal(&removal.path)?;
        if now != *removal {
            return Err(FileError::refused(&removal.path, "it has changed since"));
        }
        let Spot { dir, name, place } = self.spot(&removal.place)?;
        match removal.kind {
            EntryKind::Folder => {
                let failed = |error| FileError::from_io(&place.shown, "written", error);
                dir.remove_dir(&name).map_err(failed)?;
                put::sync(&dir).map_err(failed)
            }
            _ => put::remove(&dir, &name, &place.shown),
        }
    }

    /// What a path means that is to be changed: in a root that may be, not the root itself, and not Git's own.
    fn place_to_change(&self, path: &str) -> Result<Place, FileError> {
        let place = self.place(path)?;
        let root = self.root(&place);
        if !root.write {
            return Err(FileError::NotWritable {
                path: place.shown.clone(),
                root: root.name.clone(),
            });
        }
        if place.names.is_empty() {
            return Err(FileError::refused(
                &place.shown,
                "it is a root; name something in it",
            ));
        }
        if place.names.iter().any(|name| is_git(name)) {
            let reason = "Git's own files are not changed: they can hold commands";
            return Err(FileError::refused(&place.shown, reason));
        }
        Ok(place)
    }

    fn current(&self, dir: &Dir, name: &str, place: &Place) -> Result<Current, FileError> {
        Current::read(dir, name, self.file_bytes_max, &place.shown)?.ok_or_else(|| FileError::NotFound {
            path: place.shown.clone(),
        })
    }

    fn put(
        &self,
        dir: &Dir,
        name: &str,
        place: &Place,
        current: &Current,
        new: &[u8],
    ) -> Result<(), FileError> {
        if current.bytes == new {
            return Ok(());
        }
        let before = (current, self.file_bytes_max);
        put::replace(dir, name, &temporary_name(), new, before, &place.shown)?;
        put::clean_up(dir);
        Ok(())
    }

    fn check_size(&self, place: &Place, bytes: u64) -> Result<(), FileError> {
        if bytes > self.file_bytes_max {
            return Err(FileError::TooLarge {
                path: place.shown.clone(),
                bytes,
                limit: self.file_bytes_max,
            });
        }
        Ok(())
    }

    fn exclusive(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn split(place: &Place) -> Result<(&str, &[String]), FileError> {
    match place.names.split_last() {
        Some((name, folders)) => Ok((name, folders)),
        None => Err(FileError::refused(
            &place.shown,
            "it is a root; name something in it",
        )),
    }
}

/// Names from the one at `from` on are made now.
fn check_new(place: &Place, from: usize) -> Result<(), FileError> {
    let names = place.names[from..].join("/");
    match broken_rule_for_new(&names) {
        Some(rule) if !names.is_empty() => Err(invalid(&place.shown, rule)),
        _ => Ok(()),
    }
}

fn check_text(path: &str, text: &str) -> Result<(), FileError> {
    if let Some((before, _)) = text.split_once('\0') {
        let line = before.matches('\n').count() + 1;
        let path = shortened(path);
        let what = format!("the text for `{path}` holds a NUL character in its line {line}: leave it out");
        return Err(FileError::InvalidArgument { what });
    }
    Ok(())
}

fn check_expected(
    place: &Place,
    expected: Option<&str>,
    current: Option<ContentHash>,
) -> Result<(), FileError> {
    let Some(expected) = expected.map(str::trim).filter(|expected| !expected.is_empty()) else {
        return Ok(());
    };
    if expected.len() != 64 || !expected.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let (path, given) = (&place.shown, shortened(expected));
        let what = format!(
            "`{given}`, which `{path}` is expected to have as its hash, is none: a hash has 64 hexadecimal digits, as read_file says"
        );
        return Err(FileError::InvalidArgument { what });
    }
    match current {
        None => Err(FileError::NotFound {
            path: place.shown.clone(),
        }),
        Some(current) if expected.eq_ignore_ascii_case(&current.to_string()) => Ok(()),
        Some(current) => Err(FileError::Conflict {
            path: place.shown.clone(),
            current,
        }),
    }
}

fn written(place: &Place, old: Option<&[u8]>, new: &[u8]) -> Written {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let diff = match (old.map(text), text(new)) {
        (None, Some(new)) => diff(&place.shown, None, Some(new)),
        (Some(Some(old)), Some(new)) => diff(&place.shown, Some(old), Some(new)),
        _ => String::new(),
    };
    Written {
        path: place.shown.clone(),
        hash: ContentHash::of(new),
        old_hash: old.map(ContentHash::of),
        diff,
        bytes: new.len() as u64,
    }
}

/// Renames without ever replacing what has the name already.
fn rename_new(from: &Dir, name: &str, to: &Dir, new: &str) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
            // A file system that cannot promise it.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
            other => return Ok(other?),
        }
    }
    match to.symlink_metadata(new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => from.rename(name, to, new),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) => Err(error),
    }
}
