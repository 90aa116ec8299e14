//! [`Remembered`]: what was found out about tokens, for a while.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// Tokens remembered at once, each some 200 bytes beside what was found out.
const TOKENS_MAX: usize = 8 * 1024;

/// What was found out about tokens, by keyed hashes of them: the memory of the process holds no token.
pub(crate) struct Remembered<T> {
    secret: [u8; 32],
    found: RwLock<HashMap<[u8; 32], (T, SystemTime)>>,
}

impl<T: Clone> Remembered<T> {
    pub(crate) fn new() -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the system gives random bytes");
        Self {
            secret,
            found: RwLock::default(),
        }
    }

    /// What was found out, if that still holds.
    pub(crate) fn get(&self, token: &str) -> Option<T> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        let (found, until) = found.get(&self.fingerprint(token))?;
        (SystemTime::now() < *until).then(|| found.clone())
    }

    /// Notes what was found out, to hold for at most `ttl` and no longer than `end`.
    pub(crate) fn put(&self, token: &str, found: T, ttl: Duration, end: Option<SystemTime>) {
        let now = SystemTime::now();
        let until = end.map_or(now + ttl, |end| end.min(now + ttl));
        let fingerprint = self.fingerprint(token);
        let mut all = self.found.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TOKENS_MAX {
            all.retain(|_, (_, until)| now < *until);
        }
        if all.len() >= TOKENS_MAX {
            // Half of them have to be found out anew; which half nobody can choose, for the hash is keyed.
            let mut keep = false;
            all.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
        all.insert(fingerprint, (found, until));
    }

    fn fingerprint(&self, token: &str) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.secret)
            .chain_update(token)
            .finalize()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_forgotten_and_there_is_a_bound() {
        let remembered = Remembered::new();
        let hour = Duration::from_secs(3600);
        remembered.put("a", 1, hour, None);
        remembered.put("b", 2, hour, Some(SystemTime::now()));
        remembered.put("c", 3, Duration::ZERO, None);
        assert_eq!(
            (remembered.get("a"), remembered.get("b"), remembered.get("c")),
            (Some(1), None, None)
        );
        for n in 0..2 * TOKENS_MAX {
            remembered.put(&n.to_string(), n, hour, None);
        }
        assert!(remembered.found.read().expect("no panic").len() <= TOKENS_MAX);
        assert_eq!(
            remembered.get(&(2 * TOKENS_MAX - 1).to_string()),
            Some(2 * TOKENS_MAX - 1)
        );
    }

    /// Full of what lasts for an hour, but for so many that have ended.
    fn full(ended: usize) -> Remembered<usize> {
        let remembered = Remembered::new();
        let now = SystemTime::now();
        let (past, later) = (now - Duration::from_secs(1), now + Duration::from_secs(3600));
        let mut found = remembered.found.write().expect("no panic");
        for n in 0..TOKENS_MAX {
            let until = if n < ended { past } else { later };
            found.insert(remembered.fingerprint(&n.to_string()), (n, until));
        }
        drop(found);
        remembered
    }

    #[test]
    fn room_is_made_where_it_costs_least() {
        let hour = Duration::from_secs(3600);
        let count = |remembered: &Remembered<usize>| remembered.found.read().expect("no panic").len();

        let remembered = full(3);
        remembered.put("new", 0, hour, None);
        assert_eq!(
            count(&remembered),
            TOKENS_MAX - 3 + 1,
            "those that have ended go first"
        );

        let remembered = full(0);
        remembered.put("new", 0, hour, None);
        assert_eq!(
            count(&remembered),
            TOKENS_MAX / 2 + 1,
            "and half if there are none"
        );

        let remembered = Remembered::new();
        for n in 0..100 {
            remembered.put(&n.to_string(), n, hour, None);
        }
        let known = (0..100).filter(|n| remembered.get(&n.to_string()) == Some(*n));
        assert_eq!(known.count(), 100, "nobody goes while there is room");
    }
}
