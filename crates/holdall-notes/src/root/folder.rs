use std::path::Path;
use std::sync::Arc;

use cap_std::fs::Dir;
use holdall_files::Folder;

use crate::error::NotesError;

/// One folder of notes.
#[derive(Debug)]
pub struct Root {
    pub(super) name: String,
    pub(super) folder: Folder,
}

impl Root {
    pub(super) fn open(path: &Path) -> Result<Self, NotesError> {
        let folder = Folder::open(path).map_err(|reason| NotesError::Root {
            folder: path.display().to_string(),
            reason: reason.to_string(),
        })?;
        let name = folder
            .path()
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
        Ok(Self { name, folder })
    }

    /// The name under which its notes appear when there are several roots.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is on the machine. Never shown to clients.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Tells one incarnation of the folder from the next. `None` while it is missing.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        self.folder.identity()
    }

    /// The open folder; opened again if it was deleted and made anew, but never through a new symbolic link.
    pub(crate) fn dir(&self) -> Result<Arc<Dir>, NotesError> {
        self.folder.dir().map_err(|reason| NotesError::Root {
            folder: self.name.clone(),
            reason: reason.to_string(),
        })
    }
}
