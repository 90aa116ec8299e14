//! [`Table`]: when each of many parties may be heard again, in memory that never grows.
//!
//! A set-associative table, as processors keep their caches: a key has eight slots where it can be. What is due by now
//! has used none of what it may, so its slot is free without anybody having to clear it; if all eight are taken, the
//! one closest to that gives way. A flood of new keys therefore displaces those that ask seldom, for whom it matters
//! least, and never a party that is being held back.

use std::sync::{Mutex, MutexGuard, PoisonError};

const WAYS: usize = 8;

/// When parties are due. Keys are hashes nobody outside can choose.
pub(super) struct Table {
    sets: Box<[Mutex<[Slot; WAYS]>]>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    due: u64,
}

impl Table {
    /// For at most `keys_max` parties at a time, rounded up to a power of two; 16 bytes each.
    pub(super) fn new(keys_max: usize) -> Self {
        let sets = keys_max.div_ceil(WAYS).clamp(1, 1 << 20).next_power_of_two();
        Self {
            sets: (0..sets).map(|_| Mutex::default()).collect(),
        }
    }

    /// When `key` is due; 0 if nothing is known of it.
    pub(super) fn due(&self, key: u64) -> u64 {
        let set = self.set(key);
        set.iter().find(|slot| slot.key == key).map_or(0, |slot| slot.due)
    }

    /// Changes when `key` is due, with nobody in between. It stays as it is where `change` gives an error.
    pub(super) fn change<E>(&self, key: u64, change: impl FnOnce(u64) -> Result<u64, E>) -> Result<(), E> {
        let mut set = self.set(key);
        if let Some(slot) = set.iter_mut().find(|slot| slot.key == key) {
            slot.due = change(slot.due)?;
            return Ok(());
        }
        let due = change(0)?;
        let least = set
            .iter_mut()
            .min_by_key(|slot| slot.due)
            .expect("a set has slots");
        *least = Slot { key, due };
        Ok(())
    }

    fn set(&self, key: u64) -> MutexGuard<'_, [Slot; WAYS]> {
        let set = (key >> 32) as usize & (self.sets.len() - 1);
        // Nothing panics while it is held, and a number is never half written.
        self.sets[set].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(table: &Table, key: u64, due: u64) {
        let changed: Result<(), ()> = table.change(key, |_| Ok(due));
        changed.expect("it is allowed");
    }

    #[test]
    fn keys_are_kept_apart_and_refusals_change_nothing() {
        let table = Table::new(64);
        set(&table, 1, 10);
        set(&table, 2, 20);
        assert_eq!((table.due(1), table.due(2), table.due(3)), (10, 20, 0));
        assert_eq!(table.change(1, Err::<u64, u64>), Err(10));
        assert_eq!(table.change(3, Err::<u64, u64>), Err(0));
        assert_eq!((table.due(1), table.due(3)), (10, 0));
    }

    #[test]
    fn a_flood_of_keys_displaces_those_that_ask_seldom() {
        let table = Table::new(8);
        // One that is held back for long, and one that asked once.
        set(&table, 1, 1_000_000);
        set(&table, 2, 5);
        for key in 10..10_000 {
            set(&table, key, 100);
        }
        assert_eq!(table.due(1), 1_000_000);
        assert_eq!(table.due(2), 0);
        assert_eq!(table.sets.len(), 1);
    }
}
