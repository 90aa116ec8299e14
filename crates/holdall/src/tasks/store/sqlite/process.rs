//! Which processes that share a file still live: each holds a lock that the system takes away when it dies.
//!
//! Everything here happens within a write transaction of the database, one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What comes between the name of the database and the id of a process.
const INFIX: &str = "-owner-";

/// This process, for as long as the value lives.
pub(super) struct Process {
    pub(super) id: String,
    path: PathBuf,
    _locked: File,
}

impl Process {
    /// Joins those that use the database.
    pub(super) fn join(database: &Path) -> io::Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(io::Error::other)?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = lock_path(database, &id);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.try_lock()?;
        Ok(Self {
            id,
            path,
            _locked: file,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What stays is removed by the next process.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the process with this id is gone. Its lock goes too, if it is.
pub(super) fn is_gone(database: &Path, id: &str) -> bool {
    let path = lock_path(database, id);
    match OpenOptions::new().write(true).open(&path) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(file) => match file.try_lock() {
            Ok(()) => {
                let _ = fs::remove_file(&path);
                true
            }
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "cannot find out whether a process lives; its tasks are left alone");
                false
            }
        },
    }
}

/// Removes what processes that died have left behind.
pub(super) fn tidy(database: &Path) -> io::Result<()> {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!("{name}{INFIX}");
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
        let name = entry?.file_name();
        if let Some(id) = name.to_string_lossy().strip_prefix(&prefix) {
            is_gone(database, id);
        }
    }
    Ok(())
}

fn lock_path(database: &Path, id: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(format!("{INFIX}{id}"));
    path.into()
}
