//! The folders notes lie in, and the way from a path as text to an open file that cannot leave them.
//!
//! Everything that reads or writes a note goes through [`Roots`]: `names` judges the text of a path, this file
//! judges what is really on the disk, by open directory handles and never by joining strings (`holdall-files` has the
//! means, `folder` gives a root its name). Walking folders is `scan`'s work, changing files that of `write`.

mod folder;
mod names;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt;
use cap_std::fs::Dir;
pub(crate) use holdall_files::shortened;
use holdall_files::{folded, open_below, spelled, twins};
use jiff::Timestamp;

use crate::error::NotesError;
use crate::note::NotePath;
use crate::scan::{Hint, is_ignored};

pub use folder::Root;
pub use names::{NOTE_EXTENSIONS, is_note_name};
use names::{check_existing, check_new};

/// Largest note that is read or written unless said otherwise: 16 MiB.
pub const NOTE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The folders of a knowledge base, opened.
#[derive(Debug)]
pub struct Roots {
    roots: Vec<Root>,
}

/// The bytes of a note as they were when it was opened.
#[derive(Debug)]
pub struct RawNote {
    /// The note, spelled as on the disk.
    pub path: NotePath,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// Where a note is or would be: its root and the names below it, spelled as on the disk.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: NotePath,
    pub(crate) root: usize,
    pub(crate) folders: Vec<String>,
    pub(crate) name: String,
}

impl Roots {
    /// Opens folders. The same folder twice counts once; a folder inside another is refused, because its
    /// notes would have two names. Display names are the folders' own names, made unique with `-2`, `-3`… in
    /// the order of their paths, so that the same folders have the same names in whatever order they are given.
    ///
    /// # Errors
    /// [`NotesError::Root`] when there is no folder, or one is missing, a file, unreadable or nested.
    pub fn open<P: AsRef<Path>>(folders: &[P]) -> Result<Self, NotesError> {
        let mut roots: Vec<Root> = Vec::with_capacity(folders.len());
        for folder in folders {
            let root = Root::open(folder.as_ref())?;
            if roots.iter().any(|other| other.path() == root.path()) {
                continue;
            }
            if let Some(other) = roots
                .iter()
                .find(|other| other.path().starts_with(root.path()) || root.path().starts_with(other.path()))
            {
                let reason = format!(
                    "it and `{}` lie one inside the other; keep the outer one",
                    other.path().display()
                );
                return Err(NotesError::Root {
                    folder: folder.as_ref().display().to_string(),
                    reason,
                });
            }
            roots.push(root);
        }
        if roots.is_empty() {
            return Err(NotesError::Root {
                folder: String::new(),
                reason: "no folder was given".to_owned(),
            });
        }
        make_names_unique(&mut roots);
        Ok(Self { roots })
    }

    /// The folders, in the order given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Root> {
        self.roots.iter()
    }

    /// One folder by its position.
    pub fn get(&self, index: usize) -> Option<&Root> {
        self.roots.get(index)
    }

    /// The name of the file at `relative` below a root; `None` if it is not UTF-8 or not a plain path.
    pub fn note_path(&self, root: usize, relative: &Path) -> Option<NotePath> {
        let parts: Option<Vec<&str>> = relative
            .components()
            .map(|part| match part {
                std::path::Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        let parts = parts.filter(|parts| !parts.is_empty())?;
        Some(self.named(root, &parts))
    }

    /// Where a note lies, as a hint for a scan; `None` for a path of no root.
    pub fn hint(&self, path: &NotePath) -> Option<Hint> {
        let (root, parts) = self.split(path.as_str()).ok()?;
        Some(Hint {
            root,
            relative: parts.iter().collect(),
        })
    }

    /// The root and the names below it of a path, judged as text only.
    fn split<'t>(&self, text: &'t str) -> Result<(usize, Vec<&'t str>), NotesError> {
        check_existing(text)?;
        let mut parts: Vec<&str> = text.split('/').collect();
        if self.roots.len() == 1 {
            return Ok((0, parts));
        }
        let wanted = parts.remove(0);
        let root = self
            .roots
            .iter()
            .position(|root| root.name == wanted)
            .or_else(|| {
                self.roots
                    .iter()
                    .position(|root| folded(&root.name) == folded(wanted))
            });
        match root {
            Some(root) if !parts.is_empty() => Ok((root, parts)),
            _ => {
                let names: Vec<String> = self
                    .roots
                    .iter()
                    .map(|root| format!("`{}/`", root.name))
                    .collect();
                Err(names::invalid(
                    text,
                    &format!(
                        "it has to begin with one of the notes folders: {}",
                        names.join(", ")
                    ),
                ))
            }
        }
    }

    fn named(&self, root: usize, parts: &[&str]) -> NotePath {
        let below = parts.join("/");
        match self.roots.get(root) {
            Some(root) if self.roots.len() > 1 => NotePath::new(format!("{}/{below}", root.name)),
            _ => NotePath::new(below),
        }
    }

    /// The existing note that `text` names. `.md` may be left out; where no file has exactly this name, one
    /// that differs only in case or Unicode form is meant. Files that `.gitignore` or `.ignore` leave out are
    /// no notes.
    ///
    /// # Errors
    /// `invalid_path`, `not_found`, `ambiguous` (several such twins), `refused` (left out).
    pub fn find(&self, text: &str) -> Result<NotePath, NotesError> {
        let place = self.locate(text)?;
        self.check_not_ignored(&place)?;
        Ok(place.path)
    }

    /// Reads a note: regular files only, at most `limit` bytes, never outside the roots. A symbolic link to a
    /// file inside the same root is followed, links in place of folders are not.
    ///
    /// # Errors
    /// Those of [`find`](Self::find), `refused`, `too_large`, `io`.
    pub fn read(&self, path: &NotePath, limit: u64) -> Result<RawNote, NotesError> {
        let place = self.locate(path.as_str())?;
        let dir = self.roots[place.root].dir()?;
        let plain = holdall_files::read(&dir, &place.relative(), limit, place.path.as_str())?;
        Ok(RawNote {
            path: place.path,
            bytes: plain.bytes,
            modified: plain.modified,
        })
    }

    /// The place of an existing note.
    pub(crate) fn locate(&self, text: &str) -> Result<Place, NotesError> {
        let (root, parts) = self.split(text)?;
        let Some((name, folders)) = parts.split_last() else {
            return Err(NotesError::NotFound {
                path: text.to_owned(),
            });
        };
        let not_found = || NotesError::NotFound {
            path: text.to_owned(),
        };
        let (dir, folders) = self.enter(root, folders, text)?;
        let dir = dir.ok_or_else(not_found)?;
        let names: Vec<String> = if is_note_name(name) {
            vec![(*name).to_owned()]
        } else {
            NOTE_EXTENSIONS
                .iter()
                .map(|extension| format!("{name}.{extension}"))
                .collect()
        };
        for name in names {
            if let Some(name) = spelled(&dir, &name, text)? {
                return Ok(self.place(root, folders, name));
            }
        }
        Err(not_found())
    }

    /// The place of a note that is to be made: `.md` added when no note extension is there, existing folders
    /// spelled as on the disk.
    ///
    /// Folders that differ from an existing one only in case or Unicode form mean that one.
    pub(crate) fn locate_new(&self, text: &str) -> Result<Place, NotesError> {
        let named = names::with_extension(text)?;
        check_new(&named)?;
        let (root, parts) = self.split(&named)?;
        let Some((name, folders)) = parts.split_last() else {
            return Err(names::invalid(text, "it names no file"));
        };
        let (dir, mut spelled_folders) = self.enter(root, folders, text)?;
        if let Some(dir) = dir
            && let Some(existing) = twins(&dir, name, text)?.into_iter().next()
        {
            let existing = self.place(root, spelled_folders, existing).path;
            return Err(NotesError::AlreadyExists {
                existing: existing.to_string(),
            });
        }
        spelled_folders.extend(
            folders[spelled_folders.len()..]
                .iter()
                .map(|folder| (*folder).to_owned()),
        );
        let place = self.place(root, spelled_folders, (*name).to_owned());
        self.check_not_ignored(&place)?;
        Ok(place)
    }

    /// What ignore files leave out is no note: it is not found by searches, and not by its name either.
    pub(crate) fn check_not_ignored(&self, place: &Place) -> Result<(), NotesError> {
        if is_ignored(self.roots[place.root].path(), &place.relative()) {
            return Err(NotesError::Refused {
                path: place.path.to_string(),
                reason: "a .gitignore or .ignore file leaves it out of the notes".to_owned(),
            });
        }
        Ok(())
    }

    /// The place a path names exactly, whether or not there is such a note.
    pub(crate) fn locate_named(&self, text: &str) -> Result<Place, NotesError> {
        let (root, parts) = self.split(text)?;
        let mut folders: Vec<String> = parts.into_iter().map(str::to_owned).collect();
        let name = folders
            .pop()
            .ok_or_else(|| names::invalid(text, "it names no file"))?;
        Ok(self.place(root, folders, name))
    }

    /// Opens the folder of a place without following any symbolic link, making missing folders if asked to.
    pub(crate) fn open_folder(&self, place: &Place, create: bool) -> Result<Dir, NotesError> {
        let dir = self.roots[place.root].dir()?;
        Ok(open_below(&dir, &place.folders, create, place.path.as_str())?)
    }

    /// Follows folder names as far as they exist. `None` with the names found so far if one does not.
    fn enter(
        &self,
        root: usize,
        folders: &[&str],
        text: &str,
    ) -> Result<(Option<Dir>, Vec<String>), NotesError> {
        let failed = |error| NotesError::from_io(text, "read", error);
        let mut dir = self.roots[root].dir()?.try_clone().map_err(failed)?;
        let mut names = Vec::with_capacity(folders.len());
        for folder in folders {
            let Some(name) = spelled(&dir, folder, text)? else {
                return Ok((None, names));
            };
            dir = dir.open_dir_nofollow(&name).map_err(|_| NotesError::Refused {
                path: shortened(text),
                reason: format!("`{name}` is not a plain folder"),
            })?;
            names.push(name);
        }
        Ok((Some(dir), names))
    }

    fn place(&self, root: usize, folders: Vec<String>, name: String) -> Place {
        let mut parts: Vec<&str> = folders.iter().map(String::as_str).collect();
        parts.push(&name);
        Place {
            path: self.named(root, &parts),
            root,
            folders,
            name,
        }
    }
}

impl Place {
    /// The path below the root.
    pub(crate) fn relative(&self) -> PathBuf {
        self.folders.iter().chain([&self.name]).collect()
    }
}

fn make_names_unique(roots: &mut [Root]) {
    let mut by_path: Vec<usize> = (0..roots.len()).collect();
    by_path.sort_by(|one, other| roots[*one].path().cmp(roots[*other].path()));
    let mut taken: HashSet<String> = HashSet::new();
    for index in by_path {
        let base = roots[index].name.clone();
        let mut number = 1;
        while !taken.insert(folded(&roots[index].name)) {
            number += 1;
            roots[index].name = format!("{base}-{number}");
        }
    }
}

#[cfg(test)]
mod tests;
