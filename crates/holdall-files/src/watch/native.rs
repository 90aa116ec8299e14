use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use notify::event::{EventKind, ModifyKind};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::failure::{watch_failure, watches_exhausted};
use super::polled::ENTRIES_MAX;
use super::{Changed, Sender};
use crate::error::FileError;
use crate::roots::{EntryKind, ListRequest, Place, Roots};

/// Levels below a root that are watched.
const DEPTH_MAX: usize = 64;

/// The system's watches, one for each folder.
pub(super) struct Native {
    watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    folders_max: usize,
    /// What there is, by its path: a file that is replaced did not come.
    known: BTreeSet<String>,
    /// What each root was when its watches were set; `None` while it was missing.
    identities: Vec<Option<(u64, u64)>>,
}

impl Native {
    pub(super) fn open(roots: &Roots, sender: Sender, folders_max: usize) -> Result<Self, String> {
        let handler = move |event: notify::Result<notify::Event>| {
            // Reading files causes access events, as many as there are files.
            if !event.as_ref().is_ok_and(|event| event.kind.is_access()) {
                sender.send(event);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(handler, config).map_err(|error| watch_failure(&error))?;
        let mut native = Self {
            watcher,
            folders: BTreeSet::new(),
            folders_max,
            known: BTreeSet::new(),
            identities: vec![None; roots.iter().len()],
        };
        native.refresh(roots)?;
        Ok(native)
    }

    /// Watches roots that are new or made anew; returns what is in those.
    pub(super) fn refresh(&mut self, roots: &Roots) -> Result<Vec<Changed>, String> {
        let mut found = Vec::new();
        for index in 0..self.identities.len() {
            let place = roots.at(index, Vec::new());
            let root = roots.root(&place);
            let identity = root.folder().identity();
            if identity == self.identities[index] {
                continue;
            }
            let path = root.path().to_owned();
            self.forget(&path);
            self.forget_names(&place.shown);
            self.identities[index] = identity;
            if identity.is_some() {
                found.extend(self.add(roots, &place, &path)?);
            }
        }
        Ok(found)
    }

    /// What an event says changed. Folders that came are watched from now on, those that went are not.
    pub(super) fn paths_of(&mut self, roots: &Roots, event: &notify::Event) -> Result<Vec<Changed>, String> {
        let may_have_come = matches!(
            event.kind,
            EventKind::Create(_)
                | EventKind::Remove(_)
                | EventKind::Modify(ModifyKind::Name(_))
                | EventKind::Any
                | EventKind::Other
        );
        let mut found = Vec::new();
        for path in &event.paths {
            for index in 0..self.identities.len() {
                let Some(place) = served(roots, index, path) else {
                    continue;
                };
                if place.names.is_empty() {
                    continue;
                }
                let is_there = roots
                    .entry(&place.shown)
                    .is_ok_and(|entry| entry.path == place.shown);
                let was_there = self.known.contains(&place.shown);
                if may_have_come {
                    self.forget(path);
                    if !is_there {
                        self.forget_names(&place.shown);
                    }
                    // What was put into a new folder before it was watched.
                    found.extend(self.add(roots, &place, path)?);
                }
                if is_there {
                    self.known.insert(place.shown.clone());
                }
                found.push(Changed {
                    path: place.shown,
                    came_or_went: is_there != was_there,
                });
            }
        }
        Ok(found)
    }

    /// Watches a folder and those below it, and returns what is in them. What is no folder is passed over.
    fn add(&mut self, roots: &Roots, place: &Place, path: &Path) -> Result<Vec<Changed>, String> {
        let is_folder = place.names.is_empty()
            || roots
                .entry(&place.shown)
                .is_ok_and(|entry| entry.kind == EntryKind::Folder);
        if !is_folder {
            return Ok(Vec::new());
        }
        self.watch(path)?;
        let request = ListRequest {
            path: Some(&place.shown),
            depth: DEPTH_MAX,
            limit: ENTRIES_MAX,
            after: None,
        };
        let mut found = Vec::new();
        // It may be gone by now.
        let listing = roots.list(&request).unwrap_or_default();
        if listing.next.is_some() {
            return Err(format!("there are more than {ENTRIES_MAX} files"));
        }
        for entry in listing.entries {
            if entry.kind == EntryKind::Folder
                && let Some(below) = entry.path.strip_prefix(&place.shown)
            {
                self.watch(&path.join(below.trim_start_matches('/')))?;
            }
            found.push(Changed {
                came_or_went: self.known.insert(entry.path.clone()),
                path: entry.path,
            });
        }
        Ok(found)
    }

    fn watch(&mut self, folder: &Path) -> Result<(), String> {
        if self.folders.contains(folder) {
            return Ok(());
        }
        if self.folders.len() >= self.folders_max {
            return Err(format!("there are more than {} folders", self.folders_max));
        }
        match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.folders.insert(folder.to_owned());
                Ok(())
            }
            // It may not be read, or is gone: there is nothing to hear of.
            Err(error) if !watches_exhausted(&error) => Ok(()),
            Err(error) => Err(watch_failure(&error)),
        }
    }

    /// Takes a path and all below it for gone.
    fn forget_names(&mut self, path: &str) {
        let below = format!("{path}/");
        self.known.remove(path);
        let gone: Vec<String> = self
            .known
            .range(below.clone()..)
            .take_while(|known| known.starts_with(&below))
            .cloned()
            .collect();
        for path in gone {
            self.known.remove(&path);
        }
    }

    /// Ends the watches of a folder and of those below it.
    fn forget(&mut self, folder: &Path) {
        let below: Vec<PathBuf> = self
            .folders
            .range(folder.to_owned()..)
            .take_while(|path| path.starts_with(folder))
            .cloned()
            .collect();
        for path in below {
            self.folders.remove(&path);
            // The watch of a deleted folder is gone already.
            let _ = self.watcher.unwatch(&path);
        }
    }
}

/// What a path on the machine is called in a root; `None` if it is not in it, is not served, or lies behind a link.
fn served(roots: &Roots, index: usize, path: &Path) -> Option<Place> {
    let place = roots.at(index, Vec::new());
    let root = roots.root(&place);
    let relative = path.strip_prefix(root.path()).ok()?;
    let names: Option<Vec<String>> = relative
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str().filter(|name| root.serves(name)).map(str::to_owned),
            _ => None,
        })
        .collect();
    let place = roots.at(index, names?);
    let folders = place.names.split_last().map_or(&[][..], |(_, folders)| folders);
    match roots.enter(&place, folders) {
        // A link is on the way: it is another's file.
        Err(FileError::Refused { .. }) => None,
        // Whatever else is wrong now, a moment ago it was there.
        _ => Some(place),
    }
}
