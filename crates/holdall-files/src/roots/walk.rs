//! Goes through a folder and those below it, in the order of names, by open handles, without following any link.

use std::ops::ControlFlow;

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, FileType};

use super::{Place, Root};
use crate::error::FileError;
use crate::names::turns_text;

/// Most names of one folder that are looked at: they are sorted in memory.
const FOLDER_ENTRIES_MAX: usize = 100_000;
/// Folders below each other that are entered: each is an open handle.
pub(super) const DEPTH_MAX: usize = 64;

/// One name that was met.
pub(super) struct Met<'a> {
    /// The folder it is in.
    pub(super) dir: &'a Dir,
    pub(super) name: &'a str,
    /// The names from the root down to it.
    pub(super) names: &'a [String],
    pub(super) kind: FileType,
}

/// Whether to look at what is below a folder that was met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    Enter,
    PassOver,
}

/// A way through folders.
pub(super) struct Walk<'a> {
    pub(super) root: &'a Root,
    /// How many levels are looked at; 1 is the folder itself.
    pub(super) depth: usize,
    /// The names behind which to begin.
    pub(super) after: Option<&'a [String]>,
    /// Names that cannot be asked for: not UTF-8, or with characters that are not shown.
    pub(super) left_out: usize,
}

impl Walk<'_> {
    /// Calls `visit` for everything below `dir`, which is at `place`, until it breaks off.
    pub(super) fn run(
        &mut self,
        dir: &Dir,
        place: &Place,
        visit: &mut dyn FnMut(&Met<'_>) -> ControlFlow<(), Below>,
    ) -> Result<ControlFlow<()>, FileError> {
        let entries = self
            .entries(dir)
            .map_err(|error| FileError::from_io(&place.shown, "read", error))?;
        let mut names = place.names.clone();
        Ok(self.folder(dir, entries, &mut names, 1, visit))
    }

    fn folder(
        &mut self,
        dir: &Dir,
        entries: Vec<(String, FileType)>,
        names: &mut Vec<String>,
        level: usize,
        visit: &mut dyn FnMut(&Met<'_>) -> ControlFlow<(), Below>,
    ) -> ControlFlow<()> {
        for (name, kind) in entries {
            names.push(name);
            let name = names.last().expect("it was just put there");
            // Everything below a name comes after it and before the next one.
            let (is_before, is_above) = match self.after {
                Some(after) => (names.as_slice() <= after, after.starts_with(names)),
                None => (false, false),
            };
            let below = match is_before {
                true if is_above => Below::Enter,
                true => Below::PassOver,
                false => visit(&Met {
                    dir,
                    name,
                    names,
                    kind,
                })?,
            };
            if kind.is_dir()
                && below == Below::Enter
                && level < self.depth.min(DEPTH_MAX)
                // What may not be read, or is no folder any more, has nothing below it.
                && let Ok(below) = dir.open_dir_nofollow(name)
                && let Ok(entries) = self.entries(&below)
            {
                self.folder(&below, entries, names, level + 1, visit)?;
            }
            names.pop();
        }
        ControlFlow::Continue(())
    }

    /// The names of a folder that are served, sorted.
    fn entries(&mut self, dir: &Dir) -> std::io::Result<Vec<(String, FileType)>> {
        let mut entries = Vec::new();
        for entry in dir.entries()? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                self.left_out += 1;
                continue;
            };
            if !self.root.serves(&name) {
                continue;
            }
            if name.chars().any(char::is_control) || turns_text(&name) || entries.len() == FOLDER_ENTRIES_MAX
            {
                self.left_out += 1;
                continue;
            }
            // It is gone again.
            let Ok(kind) = entry.file_type() else { continue };
            entries.push((name, kind));
        }
        entries.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Ok(entries)
    }
}
