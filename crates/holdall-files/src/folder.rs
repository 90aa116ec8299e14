//! An open folder, and the folders below it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use cap_fs_ext::{DirExt, MetadataExt};
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::error::FileError;

/// A folder everything happens below, held open.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Opened again when the folder is deleted and made anew.
    dir: RwLock<Arc<Dir>>,
}

/// Why a folder cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

impl Folder {
    /// Opens a folder, symbolic links in its own path resolved once.
    ///
    /// # Errors
    /// [`Unusable`] when it is missing, a file, or may not be read.
    pub fn open(folder: &Path) -> Result<Self, Unusable> {
        let path = fs::canonicalize(folder).map_err(|error| {
            Unusable(match error.kind() {
                io::ErrorKind::NotFound => "it does not exist".to_owned(),
                io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
                _ => error.to_string(),
            })
        })?;
        if !path.is_dir() {
            return Err(Unusable("it is a file, not a folder".to_owned()));
        }
        let dir =
            Dir::open_ambient_dir(&path, ambient_authority()).map_err(|error| Unusable(error.to_string()))?;
        dir.entries()
            .map_err(|_| Unusable("it may not be read".to_owned()))?;
        Ok(Self {
            path,
            dir: RwLock::new(Arc::new(dir)),
        })
    }

    /// Where it is on the machine. Never shown to clients.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells one incarnation of the folder from the next: device and inode. `None` while it is missing.
    pub fn identity(&self) -> Option<(u64, u64)> {
        let metadata = self.dir().ok()?.dir_metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    /// The open folder; opened again if it was deleted and made anew, but never through a new symbolic link.
    ///
    /// # Errors
    /// [`Unusable`] while it is missing or something else is in its place.
    pub fn dir(&self) -> Result<Arc<Dir>, Unusable> {
        let held = Arc::clone(&self.dir.read().unwrap_or_else(PoisonError::into_inner));
        let there = fs::symlink_metadata(&self.path).map_err(|_| Unusable("it is missing".to_owned()))?;
        let ours = held.dir_metadata().map_err(|error| Unusable(error.to_string()))?;
        if there.is_dir() && same_file(&ours, &there) {
            return Ok(held);
        }
        if fs::canonicalize(&self.path).ok().as_deref() != Some(&self.path) {
            return Err(Unusable("it was replaced by something else".to_owned()));
        }
        let dir = Dir::open_ambient_dir(&self.path, ambient_authority())
            .map_err(|error| Unusable(error.to_string()))?;
        let dir = Arc::new(dir);
        *self.dir.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&dir);
        Ok(dir)
    }
}

/// Opens a folder below `dir` without following any symbolic link, making missing folders if asked to.
///
/// `shown` is what errors call it.
///
/// # Errors
/// `not_found`, `io`; `read_only` and `disk_full` when folders are made.
pub fn open_below<N: AsRef<str>>(
    dir: &Dir,
    folders: &[N],
    create: bool,
    shown: &str,
) -> Result<Dir, FileError> {
    let failed = |error| FileError::from_io(shown, "written", error);
    let mut dir = dir.try_clone().map_err(failed)?;
    for folder in folders {
        let folder = folder.as_ref();
        dir = match dir.open_dir_nofollow(folder) {
            Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
                match dir.create_dir(folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
                    _ => {}
                }
                dir.open_dir_nofollow(folder).map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
    }
    Ok(dir)
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
