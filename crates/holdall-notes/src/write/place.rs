//! Puts bytes in the place of a note, as a whole or not at all.

use std::io::{self, Read, Write};

use cap_fs_ext::{FollowSymlinks, MetadataExt, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions, Permissions};

use crate::error::NotesError;
use crate::note::ContentHash;
use crate::root::{NOTE_BYTES_MAX, Place, open_plain};

/// A note as it is before a change.
pub(super) struct Current {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: ContentHash,
    permissions: Permissions,
}

impl Current {
    /// Reads a note that is to be changed: a plain file with one name.
    pub(super) fn read(dir: &Dir, place: &Place) -> Result<Self, NotesError> {
        Self::read_if_there(dir, place)?.ok_or_else(|| NotesError::NotFound {
            path: place.path.to_string(),
        })
    }

    pub(super) fn read_if_there(dir: &Dir, place: &Place) -> Result<Option<Self>, NotesError> {
        let path = place.path.as_str();
        let failed = |error| NotesError::from_io(path, "read", error);
        let refused = |reason: &str| NotesError::Refused {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        match dir.symlink_metadata(&place.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(metadata) if metadata.is_symlink() => {
                return Err(refused("it is a symbolic link; change the file it leads to"));
            }
            _ => {}
        }
        let file = open_plain(dir, &place.name).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(refused("it is not a regular file"));
        }
        if metadata.nlink() > 1 {
            return Err(refused(
                "the file has several names (hard links), a change would part them",
            ));
        }
        let too_large = |bytes| NotesError::TooLarge {
            path: path.to_owned(),
            bytes,
            limit: NOTE_BYTES_MAX,
        };
        if metadata.len() > NOTE_BYTES_MAX {
            return Err(too_large(metadata.len()));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        file.take(NOTE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > NOTE_BYTES_MAX {
            return Err(too_large(bytes.len() as u64));
        }
        let hash = ContentHash::of(&bytes);
        Ok(Some(Self {
            bytes,
            hash,
            permissions: metadata.permissions(),
        }))
    }
}

/// Makes a file that must not be there yet. After a crash there is the whole file or none.
pub(super) fn create(dir: &Dir, place: &Place, temporary: &str, bytes: &[u8]) -> Result<(), NotesError> {
    let path = place.path.as_str();
    let failed = |error| NotesError::from_io(path, "written", error);
    let exists = || NotesError::AlreadyExists {
        existing: path.to_owned(),
    };
    let guard = Temporary::write(dir, temporary, bytes, None).map_err(failed)?;
    // Unlike renaming, linking fails if the name is taken.
    match dir.hard_link(temporary, dir, &place.name) {
        Ok(()) => guard.remove().map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
        Err(_) => {
            // A file system without hard links: an empty file claims the name.
            match dir.open_with(&place.name, OpenOptions::new().write(true).create_new(true)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
                Err(error) => return Err(failed(error)),
            }
            guard
                .rename_to(&place.name)
                .inspect_err(|_| drop(dir.remove_file(&place.name)))
                .map_err(failed)?;
        }
    }
    sync(dir).map_err(failed)
}

/// Replaces a file that must still be as it was read. Its mode is kept.
pub(super) fn replace(
    dir: &Dir,
    place: &Place,
    temporary: &str,
    bytes: &[u8],
    current: &Current,
) -> Result<(), NotesError> {
    let path = place.path.as_str();
    let failed = |error| NotesError::from_io(path, "written", error);
    // The file itself must be writable, though renaming would not need it.
    let mut options = OpenOptions::new();
    options.write(true).follow(FollowSymlinks::No);
    dir.open_with(&place.name, &options).map_err(failed)?;
    let guard = Temporary::write(dir, temporary, bytes, Some(&current.permissions)).map_err(failed)?;
    let now = Current::read(dir, place)?;
    if now.hash != current.hash {
        return Err(NotesError::Conflict {
            path: path.to_owned(),
            current: now.hash,
        });
    }
    guard.rename_to(&place.name).map_err(failed)?;
    sync(dir).map_err(failed)
}

/// Removes a file.
pub(super) fn remove(dir: &Dir, place: &Place) -> Result<(), NotesError> {
    let failed = |error| NotesError::from_io(place.path.as_str(), "written", error);
    dir.remove_file(&place.name).map_err(failed)?;
    sync(dir).map_err(failed)
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
            // Otherwise it is removed when the next writer starts.
            let _ = self.dir.remove_file(self.name);
        }
    }
}

/// Makes a rename last through a power failure.
#[cfg(unix)]
fn sync(dir: &Dir) -> io::Result<()> {
    dir.open(".")?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Dir) -> io::Result<()> {
    Ok(())
}
