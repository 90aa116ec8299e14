//! Reads plain files, and nothing else: no pipe is waited for, no link leads out, no size is believed.

use std::io::{self, Read};
use std::path::Path;

use cap_fs_ext::{FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::fs::{Dir, File, Metadata, OpenOptions, Permissions};
use jiff::Timestamp;

use crate::error::FileError;
use crate::hash::ContentHash;

/// The bytes of a file as they were when it was opened.
#[derive(Debug)]
pub struct Plain {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// Reads a file for which `relative` stands below `dir`: regular files only, at most `limit` bytes. A symbolic link to a
/// file below `dir` is followed. `shown` is what errors call the file.
///
/// # Errors
/// `not_found`, `refused`, `too_large`, `io`.
pub fn read(dir: &Dir, relative: &Path, limit: u64, shown: &str) -> Result<Plain, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    let file = dir.open_with(relative, &options).map_err(|error| {
        if dir.symlink_metadata(relative).is_ok_and(|link| link.is_symlink()) {
            return FileError::refused(
                shown,
                "it is a symbolic link that leads nowhere, or out of the folder",
            );
        }
        FileError::from_io(shown, "read", error)
    })?;
    let metadata = file
        .metadata()
        .map_err(|error| FileError::from_io(shown, "read", error))?;
    let bytes = whole(file, &metadata, limit, shown)?;
    Ok(Plain {
        bytes,
        modified: modified(&metadata),
    })
}

/// When a file was last changed; the beginning of 1970 where the system does not know.
pub fn modified(metadata: &Metadata) -> Timestamp {
    metadata
        .modified()
        .ok()
        .and_then(|time| Timestamp::try_from(time.into_std()).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A file as it is before a change.
#[derive(Debug)]
pub struct Current {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub hash: ContentHash,
    pub(crate) permissions: Permissions,
}

impl Current {
    /// Reads a file that is to be changed: a plain file with one name. `None` if there is nothing of that name.
    ///
    /// # Errors
    /// `refused`, `too_large`, `io`.
    pub fn read(dir: &Dir, name: &str, limit: u64, shown: &str) -> Result<Option<Self>, FileError> {
        let failed = |error| FileError::from_io(shown, "read", error);
        match dir.symlink_metadata(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(metadata) if metadata.is_symlink() => {
                return Err(FileError::refused(
                    shown,
                    "it is a symbolic link; change the file it leads to",
                ));
            }
            _ => {}
        }
        let file = open(dir, name).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_file() && metadata.nlink() > 1 {
            return Err(FileError::refused(
                shown,
                "the file has several names (hard links), a change would part them",
            ));
        }
        let bytes = whole(file, &metadata, limit, shown)?;
        Ok(Some(Self {
            hash: ContentHash::of(&bytes),
            bytes,
            permissions: metadata.permissions(),
        }))
    }
}

/// Opens a file of `dir` for reading, without following a symbolic link and without waiting for a pipe.
pub(crate) fn open(dir: &Dir, name: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true).follow(FollowSymlinks::No);
    dir.open_with(name, &options)
}

/// All bytes of an open file, if it is a regular one of at most `limit` bytes.
pub(crate) fn whole(file: File, metadata: &Metadata, limit: u64, shown: &str) -> Result<Vec<u8>, FileError> {
    if !metadata.is_file() {
        return Err(FileError::refused(shown, "it is not a regular file"));
    }
    let too_large = |bytes| FileError::TooLarge {
        path: shown.to_owned(),
        bytes,
        limit,
    };
    if metadata.len() > limit {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // A file may grow while it is read.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| FileError::from_io(shown, "read", error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}
