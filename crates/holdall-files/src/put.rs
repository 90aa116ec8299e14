//! Puts bytes in the place of a file, as a whole or not at all.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, OpenOptions, Permissions};

use crate::error::FileError;
use crate::plain::Current;

const TEMPORARY_BEGIN: &str = ".holdall-";
const TEMPORARY_END: &str = ".tmp";
/// No write takes this long: what is older was left by a writer that was killed.
const TEMPORARY_AGE_MAX: Duration = Duration::from_secs(3600);

/// A name for a file that is being written, which nobody else uses.
pub fn temporary_name() -> String {
    let nanoseconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let process = std::process::id();
    format!("{TEMPORARY_BEGIN}{nanoseconds:x}-{process:x}{TEMPORARY_END}")
}

/// Whether a name is one of [`temporary_name`]'s.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY_BEGIN) && name.ends_with(TEMPORARY_END)
}

/// Makes a file that must not be there yet. After a crash there is the whole file or none.
///
/// # Errors
/// `already_exists`, `read_only`, `disk_full`, `io`.
pub fn create(dir: &Dir, name: &str, temporary: &str, bytes: &[u8], shown: &str) -> Result<(), FileError> {
    let failed = |error| FileError::from_io(shown, "written", error);
    let exists = || FileError::AlreadyExists {
        existing: shown.to_owned(),
    };
    let guard = Temporary::write(dir, temporary, bytes, None).map_err(failed)?;
    // Unlike renaming, linking fails if the name is taken.
    match dir.hard_link(temporary, dir, name) {
        Ok(()) => guard.remove().map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
        Err(_) => {
            // A file system without hard links: an empty file claims the name.
            match dir.open_with(name, OpenOptions::new().write(true).create_new(true)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
                Err(error) => return Err(failed(error)),
            }
            guard
                .rename_to(name)
                .inspect_err(|_| drop(dir.remove_file(name)))
                .map_err(failed)?;
        }
    }
    sync(dir).map_err(failed)
}

/// Replaces a file that must still be as it was read. Its mode is kept.
///
/// # Errors
/// `conflict`, and those of reading and writing; the old file is whole then.
pub fn replace(
    dir: &Dir,
    name: &str,
    temporary: &str,
    bytes: &[u8],
    (current, limit): (&Current, u64),
    shown: &str,
) -> Result<(), FileError> {
    let failed = |error| FileError::from_io(shown, "written", error);
    // The file itself must be writable, though renaming would not need it.
    let mut options = OpenOptions::new();
    options.write(true).nonblock(true).follow(FollowSymlinks::No);
    dir.open_with(name, &options).map_err(failed)?;
    let guard = Temporary::write(dir, temporary, bytes, Some(&current.permissions)).map_err(failed)?;
    let now = Current::read(dir, name, limit, shown)?.ok_or_else(|| FileError::NotFound {
        path: shown.to_owned(),
    })?;
    if now.hash != current.hash {
        return Err(FileError::Conflict {
            path: shown.to_owned(),
            current: now.hash,
        });
    }
    guard.rename_to(name).map_err(failed)?;
    sync(dir).map_err(failed)
}

/// Removes a file, or a link itself.
///
/// # Errors
/// `not_found`, `read_only`, `io`.
pub fn remove(dir: &Dir, name: &str, shown: &str) -> Result<(), FileError> {
    let failed = |error| FileError::from_io(shown, "written", error);
    dir.remove_file(name).map_err(failed)?;
    sync(dir).map_err(failed)
}

/// Removes what writers that were killed left in a folder an hour ago or earlier.
pub(crate) fn clean_up(dir: &Dir) {
    let Ok(entries) = dir.entries() else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_left = || {
            let modified = entry.metadata().ok()?.modified().ok()?.into_std();
            Some(modified.elapsed().ok()? > TEMPORARY_AGE_MAX)
        };
        if is_temporary(&name) && is_left() == Some(true) {
            // What cannot be removed now is tried again by the next writer.
            let _ = dir.remove_file(&name);
        }
    }
}

/// A file under a name nobody looks at; gone when dropped.
struct Temporary<'a> {
    dir: &'a Dir,
    name: &'a str,
    done: bool,
}

impl<'a> Temporary<'a> {
    /// Writes all bytes down to the disk.
    fn write(
        dir: &'a Dir,
        name: &'a str,
        bytes: &[u8],
        permissions: Option<&Permissions>,
    ) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).follow(FollowSymlinks::No);
        let mut file = dir.open_with(name, &options)?;
        let guard = Self {
            dir,
            name,
            done: false,
        };
        if let Some(permissions) = permissions {
            file.set_permissions(permissions.clone())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(guard)
    }

    fn rename_to(mut self, name: &str) -> io::Result<()> {
        self.dir.rename(self.name, self.dir, name)?;
        self.done = true;
        Ok(())
    }

    fn remove(mut self) -> io::Result<()> {
        self.done = true;
        self.dir.remove_file(self.name)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.done {
            // Otherwise a later writer removes it.
            let _ = self.dir.remove_file(self.name);
        }
    }
}

/// Makes a change of names last through a power failure.
#[cfg(unix)]
pub(crate) fn sync(dir: &Dir) -> io::Result<()> {
    dir.open(".")?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync(_: &Dir) -> io::Result<()> {
    Ok(())
}
