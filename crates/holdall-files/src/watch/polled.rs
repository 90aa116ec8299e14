use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Changed;
use crate::roots::{ListRequest, Roots};

/// Entries looked at each time.
pub(super) const ENTRIES_MAX: usize = 100_000;
/// Levels below a root that are looked at.
const DEPTH_MAX: usize = 64;

/// What was there at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot(BTreeMap<String, (Option<u64>, Option<Timestamp>)>);

impl Snapshot {
    pub(super) fn of(roots: &Roots) -> Self {
        let mut entries = BTreeMap::new();
        for root in roots.iter() {
            let request = ListRequest {
                path: Some(root.name()),
                depth: DEPTH_MAX,
                limit: ENTRIES_MAX - entries.len(),
                after: None,
            };
            // A root that is missing has nothing in it.
            let listing = roots.list(&request).unwrap_or_default();
            let there = listing.entries.into_iter();
            entries.extend(there.map(|entry| (entry.path, (entry.bytes, entry.modified))));
        }
        Self(entries)
    }

    pub(super) fn different_from(&self, before: &Self) -> Vec<Changed> {
        let changed = |path: &String, came_or_went| Changed {
            path: path.clone(),
            came_or_went,
        };
        let now = self
            .0
            .iter()
            .filter_map(|(path, state)| match before.0.get(path) {
                None => Some(changed(path, true)),
                Some(other) if other != state => Some(changed(path, false)),
                Some(_) => None,
            });
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path));
        now.chain(gone.map(|path| changed(path, true))).collect()
    }

    /// All of it, as if it had just come.
    pub(super) fn into_paths(self) -> impl Iterator<Item = Changed> {
        self.0.into_keys().map(|path| Changed {
            path,
            came_or_went: true,
        })
    }
}
