//! A folder of templates: which files are there, and what is in them.
//!
//! A file is judged by its open handle, never by its path: links are not followed, what is no regular file is not
//! waited for, and no more is read than a template may have.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::PromptsError;

/// The most templates of a folder.
pub const FILES_MAX: usize = 200;
/// The largest template, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The most names of a folder that are looked at: more is no folder of templates.
const ENTRIES_MAX: usize = 10_000;

/// A folder of templates.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// Its own name: what clients may know of where it lies.
    pub(super) name: String,
    /// Where it lies, without links on the way.
    pub(super) path: PathBuf,
}

/// A file that may be a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    /// Its text, or why there is none.
    pub(super) text: Result<String, String>,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// By their names.
    pub(super) files: Vec<File>,
    /// What is wrong beside single files.
    pub(super) problems: Vec<String>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, PromptsError> {
        let refused = |reason: &str| PromptsError::Folder {
            folder: path.display().to_string(),
            reason: reason.to_owned(),
        };
        let canonical = fs::canonicalize(path).map_err(|error| refused(reason(&error)))?;
        if !canonical.is_dir() {
            return Err(refused("it is a file, not a folder"));
        }
        fs::read_dir(&canonical).map_err(|error| refused(reason(&error)))?;
        let name = canonical.file_name().and_then(|name| name.to_str());
        Ok(Self {
            name: name.unwrap_or("prompts").to_owned(),
            path: canonical,
        })
    }

    /// Reads everything. The folder is opened anew each time: it may have been deleted and made again.
    ///
    /// # Errors
    /// If there is no such folder any more, in words.
    pub(super) fn read(&self) -> Result<Content, String> {
        let dir = self.dir().map_err(|error| reason(&error).to_owned())?;
        let entries = dir.entries().map_err(|error| reason(&error).to_owned())?;
        let mut content = Content::default();
        let mut names = Vec::new();
        for (count, entry) in entries.enumerate() {
            if count == ENTRIES_MAX {
                content.problems.push(format!(
                    "it holds more than {ENTRIES_MAX} files, and some were not looked at: keep templates in a folder \
                     of their own"
                ));
                break;
            }
            let Ok(name) = entry.map(|entry| entry.file_name()) else {
                continue;
            };
            match name.into_string() {
                Ok(name) if is_template(&name) => names.push(name),
                Err(name) if is_template(&name.to_string_lossy()) => {
                    let shown = name.to_string_lossy();
                    content
                        .problems
                        .push(format!("the name of `{shown}` is not UTF-8: rename it"));
                }
                _ => {}
            }
        }
        names.sort_unstable();
        if names.len() > FILES_MAX {
            content.problems.push(format!(
                "it holds {} templates, and the first {FILES_MAX} by their names are read: remove some",
                names.len()
            ));
            names.truncate(FILES_MAX);
        }
        content.files.extend(names.into_iter().map(|name| File {
            text: text(&dir, &name),
            name,
        }));
        Ok(content)
    }

    /// What tells this folder from another that takes its place.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        use cap_fs_ext::MetadataExt;
        let metadata = self.dir().and_then(|dir| dir.dir_metadata()).ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    fn dir(&self) -> io::Result<Dir> {
        // A link that was put in the place of the folder leads somewhere nobody has named.
        if fs::canonicalize(&self.path)? != self.path {
            return Err(io::ErrorKind::NotFound.into());
        }
        Dir::open_ambient_dir(&self.path, ambient_authority())
    }
}

/// Whether a file of this name is meant to be a template.
fn is_template(name: &str) -> bool {
    stem(name).is_some_and(|stem| {
        !stem.is_empty() && !stem.starts_with('.') && !stem.eq_ignore_ascii_case("readme")
    })
}

/// The name without its ending.
pub(super) fn stem(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    ending.eq_ignore_ascii_case("md").then_some(stem)
}

fn text(dir: &Dir, name: &str) -> Result<String, String> {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true).follow(FollowSymlinks::No);
    let file = dir.open_with(name, &options).map_err(|error| {
        match dir.symlink_metadata(name).is_ok_and(|file| file.is_symlink()) {
            true => "it is a link, and links are not followed: put the file itself here".to_owned(),
            false => reason(&error).to_owned(),
        }
    })?;
    let metadata = file.metadata().map_err(|error| reason(&error).to_owned())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let too_large = || format!("it is larger than {FILE_BYTES_MAX} bytes, the most a template may have");
    if metadata.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // A file may grow while it is read.
    let read = file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| reason(&error).to_owned())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text: save it in that encoding".to_owned())
}

/// Why, without the path.
fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist",
        io::ErrorKind::PermissionDenied => "it may not be read",
        io::ErrorKind::NotADirectory => "it is not a folder",
        _ => "the system cannot read it",
    }
}

#[cfg(test)]
mod tests;
