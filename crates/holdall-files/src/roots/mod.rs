//! Named folders, and the way from a path as text to what lies there.
//!
//! A path is `root/folder/file`: the name of a root, then names below it. `names` judges the text; this file judges what
//! is really on the disk, by open directory handles and never by joining strings. Symbolic links to files of the same
//! root are followed when read, links in place of folders never are, and nothing is written through a link.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which roots are there, and what does a path mean |
//! | `look` | what is there: listings, one entry, contents |
//! | `search` | which files have such a name, and which lines match |
//! | `change` | how is something written, moved, made, removed |
//! | `media` | what kind of file is it |
//! | `walk` | what lies below a folder, name by name |
//!
//! Hearing of changes is `watch`'s work.

mod change;
mod look;
mod media;
mod search;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cap_fs_ext::DirExt;
use cap_std::fs::Dir;

use crate::error::FileError;
use crate::folder::Folder;
use crate::names::{broken_rule, shortened, turns_text};
use crate::put::is_temporary;
use crate::twins::{folded, spelled};

pub use change::{Edit, IfExists, Moved, Removal, Written};
pub use look::{Contents, Entry, EntryKind, ListRequest, Listing};
pub use media::{is_text_type, media_type_of};
pub use search::{FileMatches, LineMatch, SearchRequest, SearchResults};

/// Largest file that is read or written unless said otherwise: 16 MiB.
pub const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most roots: each is named to models.
pub const ROOTS_MAX: usize = 64;
/// Longest name of a root, in bytes: it stands in front of every path.
const ROOT_NAME_BYTES_MAX: usize = 64;

/// A folder to serve.
#[derive(Clone, Debug)]
pub struct RootOptions {
    /// What paths begin with: 1 to 64 ASCII letters, digits, `-`, `_` and `.`, no dot in front.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// Whether files in it may be changed.
    pub write: bool,
    /// Whether names that begin with a dot are there, too.
    pub hidden: bool,
}

/// The roots of a server, opened.
#[derive(Debug)]
pub struct Roots {
    roots: Vec<Root>,
    file_bytes_max: u64,
    /// One change at a time.
    writing: Mutex<()>,
}

/// A named folder.
#[derive(Debug)]
pub struct Root {
    name: String,
    folder: Folder,
    write: bool,
    hidden: bool,
}

/// A path whose text is right: its root and the names below, as given or as spelled on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) root: usize,
    /// Empty for the root itself.
    pub(crate) names: Vec<String>,
    /// `root/names`, for people.
    pub(crate) shown: String,
}

/// The folder something lies in, open, and its name there.
#[derive(Debug)]
pub(crate) struct Spot {
    pub(crate) dir: Dir,
    pub(crate) name: String,
    pub(crate) place: Place,
}

impl Roots {
    /// Opens folders. A folder may lie in another, or be given twice: each name has its own access.
    ///
    /// # Errors
    /// [`FileError::Root`] when there are none or too many, a name is no name or there twice, a folder is missing, a
    /// file, or unreadable.
    pub fn open(
        options: impl IntoIterator<Item = RootOptions>,
        file_bytes_max: u64,
    ) -> Result<Self, FileError> {
        let mut roots: Vec<Root> = Vec::new();
        for options in options {
            let refused = |folder: &str, reason: String| FileError::Root {
                folder: folder.to_owned(),
                reason,
            };
            if !is_root_name(&options.name) {
                let reason =
                    "the name of a root has 1 to 64 ASCII letters, digits, `-`, `_` and `.`, no dot in front";
                return Err(refused(&shortened(&options.name), reason.to_owned()));
            }
            if roots
                .iter()
                .any(|root| root.name.eq_ignore_ascii_case(&options.name))
            {
                return Err(refused(&options.name, "another root has this name".to_owned()));
            }
            if roots.len() == ROOTS_MAX {
                return Err(refused(
                    &options.name,
                    format!("there are more than {ROOTS_MAX} roots"),
                ));
            }
            let folder = Folder::open(&options.path)
                .map_err(|reason| refused(&options.path.display().to_string(), reason.to_string()))?;
            roots.push(Root {
                name: options.name,
                folder,
                write: options.write,
                hidden: options.hidden,
            });
        }
        if roots.is_empty() {
            return Err(FileError::Root {
                folder: String::new(),
                reason: "no folder was given".to_owned(),
            });
        }
        Ok(Self {
            roots,
            file_bytes_max,
            writing: Mutex::new(()),
        })
    }

    /// The roots, in the order given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Root> {
        self.roots.iter()
    }

    /// The largest file that is read or written, in bytes.
    pub fn file_bytes_max(&self) -> u64 {
        self.file_bytes_max
    }

    /// The root a path begins with, judged as text only.
    ///
    /// # Errors
    /// `invalid_path`.
    pub fn root_of(&self, text: &str) -> Result<&Root, FileError> {
        Ok(&self.roots[self.place(text)?.root])
    }

    /// What a path means, judged as text only. A name of a root in front is the root, always; where there is one root
    /// only, it may be left out.
    pub(crate) fn place(&self, text: &str) -> Result<Place, FileError> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        if let Some(rule) = broken_rule(trimmed) {
            return Err(invalid(text, rule));
        }
        if turns_text(trimmed) {
            return Err(invalid(
                text,
                "it holds invisible characters that change the reading direction",
            ));
        }
        let mut names: Vec<String> = trimmed.split('/').map(str::to_owned).collect();
        let named = self
            .roots
            .iter()
            .position(|root| root.name.eq_ignore_ascii_case(&names[0]));
        let root = match named {
            Some(root) => {
                names.remove(0);
                root
            }
            None if self.roots.len() == 1 => 0,
            None => {
                let roots: Vec<String> = self
                    .roots
                    .iter()
                    .map(|root| format!("`{}/`", root.name))
                    .collect();
                let rule = format!("it has to begin with the name of a root: {}", roots.join(", "));
                return Err(invalid(text, &rule));
            }
        };
        let is_served = |name: &String| self.roots[root].serves(name);
        if !names.iter().all(is_served) {
            return Err(invalid(text, "names that begin with a dot are not served here"));
        }
        Ok(self.at(root, names))
    }

    pub(crate) fn at(&self, root: usize, names: Vec<String>) -> Place {
        let mut shown = self.roots[root].name.clone();
        for name in &names {
            shown.push('/');
            shown.push_str(name);
        }
        Place { root, names, shown }
    }

    pub(crate) fn root(&self, place: &Place) -> &Root {
        &self.roots[place.root]
    }

    /// The folder a path leads to and its names as spelled on the disk, or, from the first name that is not there on, as
    /// given: the handle is that of the last folder that is.
    pub(crate) fn enter(&self, place: &Place, folders: &[String]) -> Result<(Dir, Vec<String>), FileError> {
        let failed = |error| FileError::from_io(&place.shown, "read", error);
        let mut dir = self.dir(place)?.try_clone().map_err(failed)?;
        let mut names = Vec::with_capacity(folders.len());
        for folder in folders {
            let Some(name) = spelled(&dir, folder, &place.shown)? else {
                break;
            };
            dir = dir
                .open_dir_nofollow(&name)
                .map_err(|error| self.no_folder(&dir, &name, place, error))?;
            names.push(name);
        }
        Ok((dir, names))
    }

    /// What there is of a path: the open folder it lies in, and its name as spelled on the disk. The root itself lies in
    /// no folder.
    ///
    /// # Errors
    /// `not_found` unless the whole path is there, `ambiguous`, `refused`.
    pub(crate) fn spot(&self, place: &Place) -> Result<Spot, FileError> {
        let not_found = || FileError::NotFound {
            path: place.shown.clone(),
        };
        let Some((name, folders)) = place.names.split_last() else {
            return Err(FileError::refused(
                &place.shown,
                "it is a root, a folder of its own",
            ));
        };
        let (dir, mut names) = self.enter(place, folders)?;
        if names.len() < folders.len() {
            return Err(not_found());
        }
        let name = spelled(&dir, name, &place.shown)?.ok_or_else(not_found)?;
        names.push(name.clone());
        Ok(Spot {
            dir,
            name,
            place: self.at(place.root, names),
        })
    }

    /// The open folder of a root.
    pub(crate) fn dir(&self, place: &Place) -> Result<std::sync::Arc<Dir>, FileError> {
        let root = self.root(place);
        root.folder.dir().map_err(|reason| FileError::Root {
            folder: root.name.clone(),
            reason: reason.to_string(),
        })
    }

    fn no_folder(&self, dir: &Dir, name: &str, place: &Place, error: std::io::Error) -> FileError {
        match dir.symlink_metadata(name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => FileError::NotFound {
                path: place.shown.clone(),
            },
            Ok(there) if there.is_symlink() => FileError::refused(
                &place.shown,
                format!("`{name}` is a symbolic link; links in place of folders are not followed"),
            ),
            Ok(there) if !there.is_dir() => {
                FileError::refused(&place.shown, format!("`{name}` is a file, not a folder"))
            }
            _ => FileError::from_io(&place.shown, "read", error),
        }
    }
}

impl Root {
    /// What paths in it begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether files in it may be changed.
    pub fn is_writable(&self) -> bool {
        self.write
    }

    /// Whether names that begin with a dot are there.
    pub fn shows_hidden(&self) -> bool {
        self.hidden
    }

    /// Where it is on the machine. Never shown to clients.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Whether a name is one clients may see and ask for.
    pub(crate) fn serves(&self, name: &str) -> bool {
        !(name.starts_with('.') && (!self.hidden || is_temporary(name)))
    }
}

/// The name a folder gets that was given without one: its own, as far as it is fit for it.
pub fn root_name_of(path: &Path) -> String {
    let own = std::path::absolute(path).ok();
    let own = own
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    let kept: String = own
        .unwrap_or_default()
        .chars()
        .map(|c| if is_fit(c) { c } else { '-' })
        .collect();
    let name = kept.trim_matches(['.', '-']);
    match name.get(..ROOT_NAME_BYTES_MAX).unwrap_or(name) {
        "" => "root".to_owned(),
        name => name.to_owned(),
    }
}

fn is_root_name(name: &str) -> bool {
    (1..=ROOT_NAME_BYTES_MAX).contains(&name.len()) && !name.starts_with('.') && name.chars().all(is_fit)
}

/// What stands in the host of a URI without being escaped.
fn is_fit(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Whether a part of a path means Git's own folder, on any file system.
pub(crate) fn is_git(name: &str) -> bool {
    matches!(folded(name).as_str(), ".git" | "git~1")
}

pub(crate) fn invalid(text: &str, rule: &str) -> FileError {
    FileError::InvalidPath {
        path: shortened(text),
        reason: rule.to_owned(),
    }
}
