use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use cap_fs_ext::MetadataExt;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::error::NotesError;

/// One folder of notes.
#[derive(Debug)]
pub struct Root {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Opened again when the folder is deleted and made anew.
    dir: RwLock<Arc<Dir>>,
}

impl Root {
    pub(super) fn open(folder: &Path) -> Result<Self, NotesError> {
        let refused = |reason: String| NotesError::Root {
            folder: folder.display().to_string(),
            reason,
        };
        let path = fs::canonicalize(folder).map_err(|error| {
            refused(match error.kind() {
                std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
                std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
                _ => error.to_string(),
            })
        })?;
        if !path.is_dir() {
            return Err(refused("it is a file, not a folder".to_owned()));
        }
        let dir =
            Dir::open_ambient_dir(&path, ambient_authority()).map_err(|error| refused(error.to_string()))?;
        dir.entries()
            .map_err(|_| refused("it may not be read".to_owned()))?;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|name| !name.is_empty())
            .unwrap_or("notes");
        // A name users type as the first part of a path.
        let name = name
            .trim_start_matches('.')
            .chars()
            .filter(|c| !c.is_control() && *c != '/')
            .collect::<String>();
        let name = if name.is_empty() { "notes".to_owned() } else { name };
        Ok(Self {
            name,
            path,
            dir: RwLock::new(Arc::new(dir)),
        })
    }

    /// The name under which its notes appear when there are several roots.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is on the machine. Never shown to clients.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells one incarnation of the folder from the next: device and inode. `None` while it is missing.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        let dir = self.dir().ok()?;
        let metadata = dir.dir_metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    /// The open folder; opened again if it was deleted and made anew, but never through a new symbolic link.
    pub(crate) fn dir(&self) -> Result<Arc<Dir>, NotesError> {
        let missing = |reason: String| NotesError::Root {
            folder: self.name.clone(),
            reason,
        };
        let held = Arc::clone(&self.dir.read().unwrap_or_else(PoisonError::into_inner));
        let there = fs::symlink_metadata(&self.path).map_err(|_| missing("it is missing".to_owned()))?;
        let ours = held.dir_metadata().map_err(|error| missing(error.to_string()))?;
        if there.is_dir() && same_file(&ours, &there) {
            return Ok(held);
        }
        if fs::canonicalize(&self.path).ok().as_deref() != Some(&self.path) {
            return Err(missing("it was replaced by something else".to_owned()));
        }
        let dir = Dir::open_ambient_dir(&self.path, ambient_authority())
            .map_err(|error| missing(error.to_string()))?;
        let dir = Arc::new(dir);
        *self.dir.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&dir);
        Ok(dir)
    }
}

#[cfg(unix)]
fn same_file(ours: &cap_std::fs::Metadata, there: &fs::Metadata) -> bool {
    ours.dev() == there.dev() && ours.ino() == there.ino()
}

#[cfg(not(unix))]
fn same_file(ours: &cap_std::fs::Metadata, there: &fs::Metadata) -> bool {
    // An open folder cannot be deleted here; creation times tell replaced ones apart.
    ours.created().ok().map(cap_std::time::SystemTime::into_std) == there.created().ok()
}
