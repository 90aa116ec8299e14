//! Folders with files in them, served and not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use holdall_files::{FILE_BYTES_MAX, FileError, RootOptions, Roots};
use tempfile::TempDir;

/// `served` is a root, `outside` is none.
pub(crate) struct Ground {
    folder: TempDir,
}

impl Ground {
    /// In memory, where writing is fast and many small files do no harm.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let ground = Self {
            folder: folder.unwrap(),
        };
        ground.put("outside/secret.txt", "canary");
        fs::create_dir(ground.at("served")).unwrap();
        for (path, text) in files {
            ground.put(&format!("served/{path}"), text);
        }
        ground
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(crate) fn options(&self, name: &str) -> RootOptions {
        RootOptions {
            name: name.to_owned(),
            path: self.at("served"),
            write: true,
            hidden: false,
        }
    }

    /// The one root, `r`, to be written.
    pub(crate) fn roots(&self) -> Roots {
        Roots::open([self.options("r")], FILE_BYTES_MAX).unwrap()
    }

    /// Everything there is, served and not: what must not change when something is refused.
    pub(crate) fn everything(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut waiting = vec![self.folder.path().to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let there = fs::symlink_metadata(&path).unwrap();
                let state = if there.is_symlink() {
                    fs::read_link(&path).unwrap().display().to_string()
                } else if there.is_file() && there.len() < FILE_BYTES_MAX {
                    String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
                } else {
                    format!("{:?} {}", there.file_type(), there.len())
                };
                if there.is_dir() {
                    waiting.push(path.clone());
                }
                found.insert(path.display().to_string(), state);
            }
        }
        found
    }
}

#[track_caller]
pub(crate) fn kind<T: std::fmt::Debug>(outcome: Result<T, FileError>) -> &'static str {
    outcome.unwrap_err().kind()
}
