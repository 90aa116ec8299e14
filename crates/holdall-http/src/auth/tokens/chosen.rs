//! Keys somebody chose: hashed with Argon2, checked at a bounded pace away from the workers that serve requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use holdall::Secret;

/// Shorter keys could be guessed.
pub(crate) const KEY_CHARS_MIN: usize = 12;
/// Checks at once: each takes a core for some tens of milliseconds, and some 20 MiB.
const CHECKS_MAX: usize = 2;
/// Checks that wait for their turn; with more, callers are sent away to come back.
const WAITING_MAX: usize = 32;
/// Keys found right that are remembered, each some 100 bytes.
const REMEMBERED_MAX: usize = 1024;
/// The most memory a check may take, in KiB, so that a file cannot exhaust the machine.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// The most passes over the memory.
const PASSES_MAX: u32 = 16;

/// Checks keys against their hashes.
pub(crate) struct KeyChecks {
    running: Arc<Semaphore>,
    places: Semaphore,
    /// Under which the keys that were right are remembered, so that the memory of the process holds none of them.
    secret: [u8; 32],
    right: Mutex<HashMap<[u8; 32], ()>>,
}

/// There are too many checks already.
#[derive(Debug)]
pub(crate) struct Busy;

impl KeyChecks {
    pub(crate) fn new() -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).expect("the system gives random bytes");
        Self {
            running: Arc::new(Semaphore::new(CHECKS_MAX)),
            places: Semaphore::new(CHECKS_MAX + WAITING_MAX),
            secret,
            right: Mutex::default(),
        }
    }

    /// Whether this key was found to fit this hash before.
    pub(crate) fn remembers(&self, key: &str, phc: &str) -> bool {
        self.right().contains_key(&self.fingerprint(key, phc))
    }

    /// Whether `key` fits `phc`. Takes some tens of milliseconds.
    pub(crate) async fn check(&self, key: &str, phc: &str) -> Result<bool, Busy> {
        let _place = self.places.try_acquire().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let (given, against) = (Secret::new(key), phc.to_owned());
        // The turn goes with the work: who hangs up does not make room for more of it.
        let fits = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            fits(&given, &against)
        });
        let fits = fits.await.unwrap_or(false);
        if fits {
            let mut right = self.right();
            if right.len() >= REMEMBERED_MAX {
                // Rare enough that who was there is asked again.
                right.clear();
            }
            right.insert(self.fingerprint(key, phc), ());
        }
        Ok(fits)
    }

    /// A new hash of the same key has another salt, so what is remembered of the old one fits no longer.
    fn fingerprint(&self, key: &str, phc: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.secret);
        hasher.update((phc.len() as u64).to_le_bytes());
        hasher.update(phc);
        hasher.update(key);
        hasher.finalize().into()
    }

    fn right(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], ()>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hash under which a chosen key is kept.
pub(crate) fn hash(key: &Secret) -> String {
    Argon2::default()
        .hash_password(key.expose().as_bytes())
        .expect("any key within bounds can be hashed")
        .to_string()
}

/// What is wrong with a hash in a file.
pub(crate) fn problem(phc: &str) -> Option<String> {
    let Ok(hash) = PasswordHash::new(phc) else {
        return Some("the hash is no PHC string".into());
    };
    let params = Algorithm::try_from(hash.algorithm.as_str())
        .ok()
        .and_then(|_| Params::try_from(&hash).ok());
    match params {
        _ if hash.salt.is_none() || hash.hash.is_none() => Some("the hash is not whole".into()),
        None => Some("the hash is none of Argon2".into()),
        Some(params) if params.m_cost() > MEMORY_KIB_MAX || params.t_cost() > PASSES_MAX => Some(format!(
            "the hash asks for more than {MEMORY_KIB_MAX} KiB or {PASSES_MAX} passes"
        )),
        Some(_) => None,
    }
}

/// A hash no key fits, for names that do not exist: they are to take as long as those that do.
pub(crate) fn nobody() -> &'static str {
    static NOBODY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NOBODY.get_or_init(|| hash(&super::generate::token()))
}

fn fits(key: &Secret, phc: &str) -> bool {
    let Ok(hash) = PasswordHash::new(phc) else {
        return false;
    };
    let argon2 = Argon2::new(Algorithm::default(), Version::default(), Params::default());
    argon2.verify_password(key.expose().as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_are_checked_and_remembered() {
        let checks = KeyChecks::new();
        let key = Secret::new("correct horse battery");
        let (phc, other) = (hash(&key), hash(&key));
        assert!(problem(&phc).is_none() && phc.starts_with("$argon2id$"), "{phc}");
        assert!(
            !checks
                .check("correct horse", &phc)
                .await
                .expect("there is a place")
        );
        assert!(!checks.remembers(key.expose(), &phc));
        assert!(checks.check(key.expose(), &phc).await.expect("there is a place"));
        assert!(checks.remembers(key.expose(), &phc));
        assert!(!checks.remembers("correct horse", &phc));
        assert!(
            !checks.remembers(key.expose(), &other),
            "another salt, another hash"
        );
        assert!(
            !checks
                .check(key.expose(), nobody())
                .await
                .expect("there is a place")
        );
    }

    /// A hash that takes next to no time to check.
    fn quick(key: &str) -> String {
        let params = Params::new(8, 1, 1, None).expect("they are right");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password(key.as_bytes()).expect("a hash").to_string()
    }

    #[tokio::test]
    async fn so_many_are_remembered_and_no_more() {
        let checks = KeyChecks::new();
        let phc = quick("one of them");
        for key in ["one of them", "another"] {
            let _ = checks.check(key, &phc).await.expect("there is a place");
        }
        let other = quick("another");
        assert!(checks.check("another", &other).await.expect("there is a place"));
        assert!(checks.remembers("one of them", &phc) && checks.remembers("another", &other));
        assert_eq!(checks.right().len(), 2);
        // Others, until there is room for one more.
        let others = (0..REMEMBERED_MAX - 3).map(|n| (Sha256::digest(n.to_le_bytes()).into(), ()));
        checks.right().extend(others);
        let last = quick("the last");
        assert!(checks.check("the last", &last).await.expect("there is a place"));
        assert_eq!(checks.right().len(), REMEMBERED_MAX);
        let beyond = quick("one more");
        assert!(checks.check("one more", &beyond).await.expect("there is a place"));
        assert_eq!(checks.right().len(), 1, "all the others are asked again");
    }

    #[test]
    fn a_name_that_does_not_exist_takes_as_long_as_one_that_does() {
        let cost = |phc: &str| {
            let hash = PasswordHash::new(phc).expect("a hash");
            let params = Params::try_from(&hash).expect("those of Argon2");
            (
                hash.algorithm.as_str().to_owned(),
                params.m_cost(),
                params.t_cost(),
                params.p_cost(),
            )
        };
        assert_eq!(problem(nobody()), None);
        assert_eq!(cost(nobody()), cost(&hash(&Secret::new("correct horse battery"))));
    }

    #[tokio::test]
    async fn checks_are_bounded() {
        let checks = Arc::new(KeyChecks::new());
        let all = checks
            .places
            .try_acquire_many(u32::try_from(CHECKS_MAX + WAITING_MAX).expect("few"));
        assert!(checks.check("correct horse", nobody()).await.is_err());
        drop(all);
        assert!(checks.check("correct horse", nobody()).await.is_ok());
    }

    #[test]
    fn hashes_that_are_none_or_too_much_are_refused() {
        let salted = |params: &str| {
            format!("$argon2id$v=19${params}$c29tZXNhbHRzb21l$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo")
        };
        assert_eq!(problem(&salted("m=19456,t=2,p=1")), None);
        assert_eq!(
            problem(&salted("m=262144,t=16,p=1")),
            None,
            "as much as there may be"
        );
        for wrong in [
            String::new(),
            "sha256:".into(),
            "$argon2id$v=19$m=19456,t=2,p=1".into(),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l".into(),
            salted("m=262145,t=2,p=1"),
            salted("m=19456,t=17,p=1"),
            salted("m=9000000,t=2,p=1"),
            salted("m=19456,t=99,p=1"),
            salted("m=19456,t=2,p=1").replace("argon2id", "scrypt"),
        ] {
            assert!(problem(&wrong).is_some(), "{wrong}");
        }
    }
}
