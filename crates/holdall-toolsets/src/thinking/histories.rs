//! How far each caller has come.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Histories that are remembered; whoever has been silent longest is forgotten first.
pub(super) const HISTORIES_MAX: usize = 1_000;
/// Sessions of one principal that are remembered: nobody can make the others be forgotten.
pub(super) const SESSIONS_MAX: usize = 100;
/// Branches of one history.
pub(super) const BRANCHES_MAX: usize = 50;

/// Whose history it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    pub(super) principal: String,
    pub(super) session: Option<String>,
}

/// What matters of a thought.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// It is the first of a new line of thought.
    pub(super) begins: bool,
    /// No other follows.
    pub(super) ends: bool,
    /// The branch it belongs to.
    pub(super) branch: Option<&'a str>,
}

/// How far a caller has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) thoughts: u64,
    pub(super) branches: Vec<String>,
}

#[derive(Debug, Default)]
struct History {
    standing: Standing,
    /// The last thought said that none follows.
    has_ended: bool,
    last_used: u64,
}

/// The histories of all callers.
#[derive(Debug, Default)]
pub(super) struct Histories(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    histories: HashMap<Owner, History>,
    /// Counts calls, to know what was used last.
    calls: u64,
}

impl Histories {
    /// Counts a thought and tells how far its owner has come. Without an owner each thought stands alone.
    ///
    /// # Errors
    /// The number of branches, if there is no room for another.
    pub(super) fn take(&self, owner: Option<Owner>, step: &Step<'_>) -> Result<Standing, usize> {
        let Some(owner) = owner else {
            let mut alone = History::default();
            return alone.take(step);
        };
        let mut shelf = self.shelf();
        shelf.calls += 1;
        let now = shelf.calls;
        if !shelf.histories.contains_key(&owner) {
            shelf.make_room(&owner.principal);
        }
        let history = shelf.histories.entry(owner).or_default();
        history.last_used = now;
        history.take(step)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Counts are right after each line, whatever happened in another.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn make_room(&mut self, principal: &str) {
        let own = self
            .histories
            .keys()
            .filter(|owner| owner.principal == principal)
            .count();
        if own < SESSIONS_MAX && self.histories.len() < HISTORIES_MAX {
            return;
        }
        let candidates = self
            .histories
            .iter()
            .filter(|(owner, _)| own < SESSIONS_MAX || owner.principal == principal);
        let oldest = candidates.min_by_key(|(_, history)| history.last_used);
        if let Some(oldest) = oldest.map(|(owner, _)| owner.clone()) {
            self.histories.remove(&oldest);
        }
    }
}

impl History {
    fn take(&mut self, step: &Step<'_>) -> Result<Standing, usize> {
        if step.begins && self.has_ended {
            self.standing = Standing::default();
        }
        if let Some(branch) = step.branch
            && !self.standing.branches.iter().any(|known| known == branch)
        {
            if self.standing.branches.len() >= BRANCHES_MAX {
                return Err(self.standing.branches.len());
            }
            self.standing.branches.push(branch.to_owned());
        }
        self.standing.thoughts += 1;
        self.has_ended = step.ends;
        Ok(self.standing.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Option<Owner> {
        Some(Owner {
            principal: name.to_owned(),
            session: None,
        })
    }

    fn step(branch: Option<&str>) -> Step<'_> {
        Step {
            begins: false,
            ends: false,
            branch,
        }
    }

    #[test]
    fn who_has_been_silent_longest_is_forgotten() {
        let histories = Histories::default();
        let count = |name: &str| histories.take(owner(name), &step(None)).unwrap().thoughts;
        for number in 0..HISTORIES_MAX {
            assert_eq!(count(&number.to_string()), 1);
        }
        assert_eq!(count("0"), 2);
        assert_eq!(count("another"), 1);
        assert_eq!(count("0"), 3, "it was used since");
        assert_eq!(count("1"), 1, "it made room");
        assert_eq!(histories.shelf().histories.len(), HISTORIES_MAX);
    }

    #[test]
    fn many_sessions_of_one_push_out_only_each_other() {
        let histories = Histories::default();
        let count = |principal: &str, session: usize| {
            let owner = Owner {
                principal: principal.to_owned(),
                session: Some(session.to_string()),
            };
            histories.take(Some(owner), &step(None)).unwrap().thoughts
        };
        assert_eq!(count("ada", 0), 1);
        for session in 0..HISTORIES_MAX {
            assert_eq!(count("mallory", session), 1);
        }
        assert_eq!(histories.shelf().histories.len(), SESSIONS_MAX + 1);
        assert_eq!(count("ada", 0), 2);
    }

    #[test]
    fn branches_are_bounded_and_those_there_are_can_be_gone_on_with() {
        let histories = Histories::default();
        let take = |branch: &str| histories.take(owner("ada"), &step(Some(branch)));
        for number in 0..BRANCHES_MAX {
            take(&number.to_string()).unwrap();
        }
        assert_eq!(take("one more").unwrap_err(), BRANCHES_MAX);
        let standing = take("0").unwrap();
        assert_eq!(standing.branches.len(), BRANCHES_MAX);
        assert_eq!(standing.thoughts, BRANCHES_MAX as u64 + 1);
    }

    #[test]
    fn who_cannot_be_told_from_others_leaves_nothing() {
        let histories = Histories::default();
        for _ in 0..2 {
            let standing = histories.take(None, &step(Some("a"))).unwrap();
            assert_eq!((standing.thoughts, standing.branches), (1, vec!["a".to_owned()]));
        }
        assert!(histories.shelf().histories.is_empty());
    }
}
