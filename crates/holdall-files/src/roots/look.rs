//! What is there: listings, one entry, contents.

use std::ops::ControlFlow;

use cap_fs_ext::DirExt;
use cap_std::fs::{Dir, Metadata};
use jiff::Timestamp;

use super::media::{as_text, media_type_of, media_type_of_bytes, media_type_of_text};
use super::walk::{Below, Walk};
use super::{Place, Roots, Spot, invalid};
use crate::error::FileError;
use crate::hash::ContentHash;
use crate::plain;

/// Links one after the other that are followed to a file.
const LINKS_MAX: usize = 8;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A root.
    Root,
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device: never opened.
    Other,
}

/// What is known of a file or folder without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `root/folder/name`, spelled as on the disk.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Size of a file.
    pub bytes: Option<u64>,
    /// When it last changed.
    pub modified: Option<Timestamp>,
    /// What kind of file it is, by its name.
    pub media_type: Option<String>,
}

/// What to list.
#[derive(Clone, Debug)]
pub struct ListRequest<'a> {
    /// The folder; `None` for the roots, or for the content of the only one.
    pub path: Option<&'a str>,
    /// How many levels; 1 is the folder itself.
    pub depth: usize,
    /// Most entries.
    pub limit: usize,
    /// The path behind which to begin.
    pub after: Option<&'a str>,
}

/// A part of what is in a folder, in the order of names, each folder before what is in it.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The folder; `None` where the roots are listed.
    pub path: Option<String>,
    /// What is there.
    pub entries: Vec<Entry>,
    /// [`after`](ListRequest::after) of the next part.
    pub next: Option<String>,
    /// Names that cannot be asked for: not UTF-8, or with characters that are not shown.
    pub left_out: usize,
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The file, spelled as on the disk; that a link leads to, if it is one.
    pub path: String,
    /// The text, or the bytes of what is none.
    pub body: Result<String, Vec<u8>>,
    /// What kind of file it is.
    pub media_type: String,
    /// Hash of the whole file.
    pub hash: ContentHash,
    /// Its size.
    pub bytes: u64,
    /// When it last changed.
    pub modified: Timestamp,
}

impl Roots {
    /// Lists a folder.
    ///
    /// # Errors
    /// `invalid_path`, `not_found`, `ambiguous`, `refused` where it is no folder, `io`.
    pub fn list(&self, request: &ListRequest<'_>) -> Result<Listing, FileError> {
        let place = match request.path {
            Some(path) => self.place(path)?,
            None if self.roots.len() == 1 => self.at(0, Vec::new()),
            None => return Ok(self.list_roots()),
        };
        let after = match request.after {
            Some(after) => Some(self.place(after)?),
            None => None,
        };
        if let Some(after) = &after
            && after.root != place.root
        {
            return Err(invalid(&after.shown, "it is not in the folder that is listed"));
        }
        let (dir, place) = self.folder_at(&place)?;
        let mut walk = Walk {
            root: self.root(&place),
            depth: request.depth,
            after: after.as_ref().map(|after| after.names.as_slice()),
            left_out: 0,
        };
        let mut listing = Listing::default();
        let _ = walk.run(&dir, &place, &mut |met| {
            if listing.entries.len() == request.limit {
                listing.next = listing.entries.last().map(|last| last.path.clone());
                return ControlFlow::Break(());
            }
            // What is gone by now is not there.
            if let Ok(metadata) = met.dir.symlink_metadata(met.name) {
                let path = self.at(place.root, met.names.to_vec()).shown;
                listing.entries.push(entry(path, met.name, &metadata));
            }
            ControlFlow::Continue(Below::Enter)
        })?;
        listing.left_out = walk.left_out;
        listing.path = Some(place.shown);
        Ok(listing)
    }

    /// What lies at a path; a link is not followed.
    ///
    /// # Errors
    /// Those of [`list`](Self::list).
    pub fn entry(&self, path: &str) -> Result<Entry, FileError> {
        let place = self.place(path)?;
        if place.names.is_empty() {
            let metadata = self
                .dir(&place)?
                .dir_metadata()
                .map_err(|error| FileError::from_io(&place.shown, "read", error))?;
            return Ok(Entry {
                kind: EntryKind::Root,
                ..entry(place.shown, "", &metadata)
            });
        }
        let Spot { dir, name, place } = self.spot(&place)?;
        let metadata = dir
            .symlink_metadata(&name)
            .map_err(|error| FileError::from_io(&place.shown, "read", error))?;
        Ok(entry(place.shown, &name, &metadata))
    }

    /// Reads a file: a regular one, at most [`file_bytes_max`](Self::file_bytes_max) bytes. A symbolic link to a file of
    /// the same root is followed.
    ///
    /// # Errors
    /// Those of [`list`](Self::list), `too_large`.
    pub fn read(&self, path: &str) -> Result<Contents, FileError> {
        let place = self.place(path)?;
        if place.names.is_empty() {
            return Err(FileError::refused(
                &place.shown,
                "it is a folder; list_directory shows what is in it",
            ));
        }
        let Spot { dir, name, place } = self.followed(self.spot(&place)?)?;
        let failed = |error| FileError::from_io(&place.shown, "read", error);
        let file = plain::open(&dir, &name).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(FileError::refused(
                &place.shown,
                "it is a folder; list_directory shows what is in it",
            ));
        }
        let bytes = plain::whole(file, &metadata, self.file_bytes_max, &place.shown)?;
        let (hash, size) = (ContentHash::of(&bytes), bytes.len() as u64);
        let body = as_text(bytes);
        let media_type = match &body {
            Ok(_) => media_type_of_text(&name),
            Err(bytes) => media_type_of_bytes(bytes, &name),
        };
        Ok(Contents {
            path: place.shown,
            body,
            media_type,
            hash,
            bytes: size,
            modified: plain::modified(&metadata),
        })
    }

    /// The file a link leads to, link by link: each target is judged like a path somebody asked for.
    fn followed(&self, mut spot: Spot) -> Result<Spot, FileError> {
        let shown = spot.place.shown.clone();
        let leads_out = || {
            FileError::refused(
                &shown,
                "it is a symbolic link that leads nowhere, or out of the root",
            )
        };
        for _ in 0..LINKS_MAX {
            let is_link = spot
                .dir
                .symlink_metadata(&spot.name)
                .is_ok_and(|there| there.is_symlink());
            if !is_link {
                return Ok(spot);
            }
            let target = spot.dir.read_link(&spot.name).map_err(|_| leads_out())?;
            let mut names = spot.place.names.clone();
            names.pop();
            for part in target.components() {
                use std::path::Component::{CurDir, Normal, ParentDir};
                match part {
                    Normal(name) => names.push(name.to_str().ok_or_else(leads_out)?.to_owned()),
                    // Folders on the way are no links, so this is where `..` leads on the disk, too.
                    ParentDir => drop(names.pop().ok_or_else(leads_out)?),
                    CurDir => {}
                    _ => return Err(leads_out()),
                }
            }
            let target = self.at(spot.place.root, names);
            let root = self.root(&target);
            if target.names.is_empty() || !target.names.iter().all(|name| root.serves(name)) {
                return Err(leads_out());
            }
            spot = self.spot(&target).map_err(|_| leads_out())?;
        }
        Err(leads_out())
    }

    /// A folder, open, and its place as spelled on the disk.
    pub(super) fn folder_at(&self, place: &Place) -> Result<(Dir, Place), FileError> {
        if place.names.is_empty() {
            let dir = self.dir(place)?.try_clone();
            let dir = dir.map_err(|error| FileError::from_io(&place.shown, "read", error))?;
            return Ok((dir, place.clone()));
        }
        let Spot { dir, name, place } = self.spot(place)?;
        let below = dir
            .open_dir_nofollow(&name)
            .map_err(|error| self.no_folder(&dir, &name, &place, error))?;
        Ok((below, place))
    }

    fn list_roots(&self) -> Listing {
        let entries = self.roots.iter().map(|root| Entry {
            path: root.name.clone(),
            kind: EntryKind::Root,
            bytes: None,
            modified: None,
            media_type: None,
        });
        Listing {
            entries: entries.collect(),
            ..Listing::default()
        }
    }
}

fn entry(path: String, name: &str, metadata: &Metadata) -> Entry {
    let kind = if metadata.is_file() {
        EntryKind::File
    } else if metadata.is_dir() {
        EntryKind::Folder
    } else if metadata.is_symlink() {
        EntryKind::Link
    } else {
        EntryKind::Other
    };
    Entry {
        path,
        kind,
        bytes: (kind == EntryKind::File).then(|| metadata.len()),
        modified: Some(plain::modified(metadata)),
        media_type: (kind == EntryKind::File).then(|| media_type_of(name)),
    }
}
