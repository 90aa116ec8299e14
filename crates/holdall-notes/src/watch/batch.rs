use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::scan::{Hint, Scope, concerned};

/// Hints kept apart; beyond, looking everywhere is cheaper.
const HINTS_MAX: usize = 1_000;

/// What was heard since the last batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    hints: BTreeSet<Hint>,
    everything: bool,
    /// When the first and the last event came.
    times: Option<(Instant, Instant)>,
}

impl Batch {
    /// Something happened at a path; paths that cannot concern notes are passed over.
    pub(super) fn add(&mut self, root: usize, relative: &Path) {
        let Some(relative) = concerned(relative) else {
            return;
        };
        self.touch();
        if !self.everything {
            self.hints.insert(Hint { root, relative });
            if self.hints.len() > HINTS_MAX {
                self.everything();
            }
        }
    }

    /// Nobody knows what happened.
    pub(super) fn everything(&mut self) {
        self.touch();
        self.everything = true;
        self.hints.clear();
    }

    /// When to send what was heard; `None` if that is nothing.
    pub(super) fn due(&self, quiet: Duration, latency_max: Duration) -> Option<Instant> {
        self.times
            .map(|(first, last)| (last + quiet).min(first + latency_max))
    }

    pub(super) fn into_scope(self) -> Scope {
        if self.everything {
            Scope::All
        } else {
            Scope::Under(self.hints)
        }
    }

    fn touch(&mut self) {
        let now = Instant::now();
        self.times = Some((self.times.map_or(now, |(first, _)| first), now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_wait_for_quiet_but_not_for_ever() {
        let (quiet, latest) = (Duration::from_millis(75), Duration::from_millis(500));
        let mut batch = Batch::default();
        assert_eq!(batch.due(quiet, latest), None);
        batch.add(0, Path::new(".git/index"));
        assert_eq!(batch.due(quiet, latest), None);
        batch.add(0, Path::new("a.md"));
        let (first, last) = batch.times.unwrap();
        assert_eq!(batch.due(quiet, latest), Some(last + quiet));
        batch.times = Some((first, first + Duration::from_secs(9)));
        assert_eq!(batch.due(quiet, latest), Some(first + latest));
    }

    #[test]
    fn too_many_hints_become_everything() {
        let mut batch = Batch::default();
        for number in 0..=HINTS_MAX {
            batch.add(0, Path::new(&format!("{number}.md")));
        }
        assert_eq!(batch.into_scope(), Scope::All);
    }
}
