//! Which files are notes, and what became of each.
//!
//! Walking is cheap and reads no file; reading judges one file and parses it. The watcher asks the same walk
//! about the paths it heard of (`Scope::Under`), so that scanner and watcher cannot disagree on what a note is.
//! `ignored` judges a single path by the same ignore files, for those who name a note.

mod ignored;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::WalkBuilder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::NotesError;
use crate::note::{Note, NotePath};
use crate::parse::NoteParser;
use crate::root::{NOTE_BYTES_MAX, Roots, is_note_name};

pub(crate) use ignored::is_ignored;

/// Files that say what is ignored.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// What is too much to index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// Largest file, in bytes (16 MiB).
    pub file_bytes_max: u64,
    /// Longest line, in bytes (1 MiB): longer ones are data, not prose.
    pub line_bytes_max: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self {
            file_bytes_max: NOTE_BYTES_MAX,
            line_bytes_max: 1024 * 1024,
        }
    }
}

/// A path below a root that may have changed; empty means the whole root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hint {
    /// The position of the root.
    pub root: usize,
    /// A file or folder below it.
    pub relative: PathBuf,
}

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    All,
    /// At these files and below these folders.
    Under(BTreeSet<Hint>),
}

impl Scope {
    /// Both places.
    pub fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Under(mut here), Self::Under(there)) => {
                here.extend(there);
                Self::Under(here)
            }
            _ => Self::All,
        }
    }

    /// Whether a known note lies in the scope: if so and the walk did not see it, it is gone.
    pub fn covers(&self, roots: &Roots, path: &NotePath) -> bool {
        match self {
            Self::All => true,
            Self::Under(hints) => hints.iter().any(|hint| {
                if hint.relative.as_os_str().is_empty() {
                    let name = roots.get(hint.root).map_or("", |root| root.name());
                    return roots.iter().len() == 1 || path.as_str().split('/').next() == Some(name);
                }
                roots.note_path(hint.root, &hint.relative).is_some_and(|hinted| {
                    path.as_str()
                        .strip_prefix(hinted.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            }),
        }
    }
}

/// A file seen by the walk. Equal entries mean an unchanged file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The note.
    pub path: NotePath,
    /// Its size.
    pub bytes: u64,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Device and inode: a new path with an old identity is a rename. Zeros where unknown.
    pub identity: (u64, u64),
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// The notes, sorted by path.
    pub entries: Vec<Entry>,
    /// Files and folders that could not be looked at, with the reason.
    pub problems: BTreeMap<NotePath, FileState>,
    /// Positions of roots that are missing at the moment; notes of theirs are not gone, only out of reach.
    pub missing_roots: Vec<usize>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FileState {
    /// It can be found.
    Indexed,
    /// It was left out on purpose.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It could not be read.
    Failed {
        /// Why.
        reason: String,
    },
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Outcome {
    /// A note.
    Indexed(Box<Note>),
    /// It was left out on purpose.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It could not be read.
    Failed {
        /// Why.
        reason: String,
    },
    /// It is gone since the walk.
    Gone,
}

impl Outcome {
    /// The state to keep and show; `None` for a file that is gone.
    pub fn state(&self) -> Option<FileState> {
        match self {
            Self::Indexed(_) => Some(FileState::Indexed),
            Self::Skipped { reason } => Some(FileState::Skipped {
                reason: reason.clone(),
            }),
            Self::Failed { reason } => Some(FileState::Failed {
                reason: reason.clone(),
            }),
            Self::Gone => None,
        }
    }
}

/// Looks through the roots for notes: `.md`, `.markdown`, `.mdx`; `.gitignore` and `.ignore` are obeyed from the
/// root downwards, names that begin with a dot and symbolic links to folders are passed over.
pub fn walk(roots: &Roots, scope: &Scope) -> Walk {
    let mut found = Walk::default();
    for (index, root) in roots.iter().enumerate() {
        let hints: Option<Vec<PathBuf>> = match scope {
            Scope::All => None,
            Scope::Under(hints) => Some(
                hints
                    .iter()
                    .filter(|hint| hint.root == index)
                    .map(|hint| root.path().join(&hint.relative))
                    .collect(),
            ),
        };
        if hints.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        if root.dir().is_err() {
            found.missing_roots.push(index);
            continue;
        }
        walk_root(roots, index, hints, &mut found);
    }
    found.entries.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Reads and parses one note. Never fails as a whole: the outcome says what became of the file.
pub fn read(roots: &Roots, path: &NotePath, limits: ScanLimits, parser: &NoteParser<'_>) -> Outcome {
    let raw = match roots.read(path, limits.file_bytes_max) {
        Ok(raw) => raw,
        Err(NotesError::NotFound { .. }) => return Outcome::Gone,
        Err(NotesError::TooLarge { bytes, limit, .. }) => {
            return Outcome::Skipped {
                reason: format!("the file has {bytes} bytes, at most {limit} are indexed"),
            };
        }
        Err(NotesError::Refused { reason, .. }) => return Outcome::Skipped { reason },
        Err(NotesError::Io { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            return Outcome::Failed {
                reason: "permission denied".to_owned(),
            };
        }
        Err(NotesError::Io { source, .. }) => {
            return Outcome::Failed {
                reason: source.to_string(),
            };
        }
        Err(error) => {
            return Outcome::Failed {
                reason: error.to_string(),
            };
        }
    };
    match text_of(&raw.bytes, limits.line_bytes_max) {
        Ok(text) => Outcome::Indexed(Box::new(parser.parse(raw.path, text, raw.modified))),
        Err(reason) => Outcome::Skipped { reason },
    }
}

/// Whether a change at this path can concern notes: `None` if not, else what to look at. A changed ignore file
/// concerns its whole folder.
pub(crate) fn concerned(relative: &Path) -> Option<PathBuf> {
    let name = relative.file_name().map(|name| name.to_string_lossy());
    if name.as_deref().is_some_and(|name| IGNORE_FILES.contains(&name)) {
        return concerned(relative.parent()?);
    }
    let hidden = relative
        .components()
        .any(|part| part.as_os_str().to_string_lossy().starts_with('.'));
    (!hidden).then(|| relative.to_owned())
}

fn walk_root(roots: &Roots, index: usize, hints: Option<Vec<PathBuf>>, found: &mut Walk) {
    let Some(root) = roots.get(index) else { return };
    let mut builder = WalkBuilder::new(root.path());
    builder
        .follow_links(false)
        .hidden(true)
        .parents(false)
        .require_git(false)
        .git_global(false)
        .git_exclude(false)
        .git_ignore(true)
        .ignore(true);
    if let Some(hints) = hints {
        let hints: Arc<[PathBuf]> = hints.into();
        builder.filter_entry(move |entry| {
            hints
                .iter()
                .any(|hint| entry.path().starts_with(hint) || hint.starts_with(entry.path()))
        });
    }
    for entry in builder.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.problems.extend(problem(roots, index, &error));
                continue;
            }
        };
        if let Ok(relative) = entry.path().strip_prefix(root.path())
            && is_note_name(&entry.file_name().to_string_lossy())
            && entry.file_type().is_some_and(|kind| !kind.is_dir())
        {
            note_found(roots, index, &entry, relative, found);
        }
    }
}

/// Judges a file or link that is named like a note.
fn note_found(roots: &Roots, index: usize, entry: &ignore::DirEntry, relative: &Path, found: &mut Walk) {
    let mut skip = |path: NotePath, reason: &str| {
        let reason = reason.to_owned();
        found.problems.insert(path, FileState::Skipped { reason });
    };
    let Some(path) = roots.note_path(index, relative) else {
        let shown = roots.note_path(index, Path::new(&*relative.to_string_lossy()));
        return shown.map_or((), |shown| skip(shown, "its name is not UTF-8"));
    };
    // What a link points to may change without the link; the target's times count, if it is inside.
    if entry.path_is_symlink() {
        let target = roots
            .get(index)
            .and_then(|root| root.dir().ok()?.metadata(relative).ok());
        return match target {
            Some(target) if target.is_file() => found.entries.push(linked_entry(path, &target)),
            Some(target) if target.is_dir() => {}
            _ => skip(path, "it leads nowhere, or out of the notes folder"),
        };
    }
    match entry.metadata() {
        Ok(metadata) if metadata.is_file() => found.entries.push(plain_entry(path, &metadata)),
        Ok(_) => skip(path, "it is not a regular file"),
        Err(error) => found.problems.extend(problem(roots, index, &error)),
    }
}

fn plain_entry(path: NotePath, metadata: &std::fs::Metadata) -> Entry {
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| Timestamp::try_from(time).ok());
    #[cfg(unix)]
    let identity = {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino())
    };
    #[cfg(not(unix))]
    let identity = (0, 0);
    Entry {
        path,
        bytes: metadata.len(),
        modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
        identity,
    }
}

/// A link has no identity: two links to one file are two notes, not a rename.
fn linked_entry(path: NotePath, target: &cap_std::fs::Metadata) -> Entry {
    let modified = target
        .modified()
        .ok()
        .and_then(|time| Timestamp::try_from(time.into_std()).ok());
    Entry {
        path,
        bytes: target.len(),
        modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
        identity: (0, 0),
    }
}

/// What to say about a file or folder that cannot be looked at; nothing if it just vanished.
fn problem(roots: &Roots, index: usize, error: &ignore::Error) -> Option<(NotePath, FileState)> {
    let io = error.io_error();
    if io.is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound) {
        return None;
    }
    let root = roots.get(index)?;
    let name = path_of(error)
        .and_then(|path| path.strip_prefix(root.path()).ok())
        .and_then(|relative| roots.note_path(index, relative))
        .unwrap_or_else(|| NotePath::new(root.name()));
    let reason = match io {
        Some(io) if io.kind() == std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        Some(io) => io.to_string(),
        None => "a pattern in an ignore file cannot be read".to_owned(),
    };
    Some((name, FileState::Failed { reason }))
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// The text of a file, or why it is none worth indexing.
fn text_of(bytes: &[u8], line_bytes_max: usize) -> Result<&str, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is UTF-16; save it as UTF-8".to_owned());
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!("it is binary: byte {at} is NUL"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8: byte {} is invalid", error.valid_up_to()))?;
    let long = bytes
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .find(|line| line.len() > line_bytes_max);
    match long {
        Some(line) => Err(format!(
            "a line has {} bytes, at most {line_bytes_max} are indexed",
            line.len()
        )),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests;
