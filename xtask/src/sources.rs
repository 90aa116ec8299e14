//! Which files are looked at: those Git would see, by their path within the repository.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ignore::WalkBuilder;

/// Folders of a crate whose files are tests, benchmarks or examples.
const EXEMPT_FOLDERS: [&str; 3] = ["tests", "benches", "examples"];

/// A file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path within the repository, with `/` between its parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl Source {
    /// Whether this is code of tests, benchmarks or examples, which the rules about size and doors leave alone.
    pub(crate) fn is_exempt(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.split('/').any(|part| EXEMPT_FOLDERS.contains(&part))
    }
}

/// Every Rust file under `folders` (within `root`), in the order of their paths.
pub(crate) fn rust_files(root: &Path, folders: &[&str]) -> anyhow::Result<Vec<Source>> {
    files(root, folders, |path| {
        path.extension().is_some_and(|extension| extension == "rs")
    })
}

/// The files under `folders` (within `root`) that `wanted` accepts, in the order of their paths.
pub(crate) fn files(root: &Path, folders: &[&str], wanted: fn(&Path) -> bool) -> anyhow::Result<Vec<Source>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders
        .iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.exists())
    {
        for entry in WalkBuilder::new(&folder).require_git(false).build() {
            let path = entry
                .with_context(|| format!("cannot walk {}", folder.display()))?
                .into_path();
            if path.is_file() && wanted(&path) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| read(root, path)).collect()
}

fn read(root: &Path, path: &Path) -> anyhow::Result<Source> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let within = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
    Ok(Source {
        path: parts.join("/"),
        text,
    })
}
