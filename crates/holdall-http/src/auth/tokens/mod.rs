//! Static tokens and keys: named, kept hashed in a file, with scopes and an end.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | whose token is this: [`Tokens`] |
//! | `entry` | what is known of a token, and what one is to be |
//! | `file` | how tokens are kept, made and revoked |
//! | `generate` | what a token looks like |
//! | `chosen` | how keys that somebody chose are checked |
//! | `error` | what can go wrong with the file |

mod chosen;
mod entry;
mod error;
mod file;
mod generate;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use holdall::Principal;
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use self::chosen::KeyChecks;
use self::entry::{EVERYTHING, KeptHash};
pub use self::entry::{NewToken, TokenEntry, TokenKind};
pub use self::error::TokenError;
pub use self::file::TokenFile;
use self::generate::Hash;
pub(crate) use self::generate::{PREFIX, holds_token};
use super::lasting::reached;

/// Why a token or key is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// It cannot be whole.
    Damaged,
    Unknown,
    /// That of this name has expired.
    Expired(String),
    /// That of this name was revoked.
    Revoked(String),
    /// Too many keys are being checked.
    Busy,
}

/// The tokens and keys of a [`TokenFile`], ready to tell who calls. Cloning is cheap; all clones are the same tokens.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use holdall_http::HttpConfig;
/// use holdall_http::auth::{NewToken, TokenFile, Tokens};
///
/// # fn run() -> Result<(), holdall_http::auth::TokenError> {
/// let file = TokenFile::at("/var/lib/holdall/tokens.toml");
/// let end = SystemTime::now() + Duration::from_secs(90 * 24 * 3600);
/// let (token, _) = file.create(NewToken::new("ada-laptop").scopes(["notes:read"]).expires(end))?;
/// println!("keep this, it is shown once: {}", token.expose());
///
/// let mut config = HttpConfig::default();
/// let tokens = Tokens::open(file.path())?;
/// config.auth.tokens = Some(tokens.clone());
/// // Later on, when the file has changed:
/// tokens.reload()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    file: TokenFile,
    book: ArcSwap<Book>,
    /// Tells those who wait for the end of a token that the book is another.
    reloads: watch::Sender<()>,
    checks: KeyChecks,
}

/// The tokens of one moment.
#[derive(Default)]
struct Book {
    by_hash: HashMap<Hash, Arc<Holder>>,
    /// Chosen keys, by name.
    by_name: HashMap<String, Arc<Holder>>,
}

/// Whose token or key something is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    entry: TokenEntry,
    principal: Principal,
}

impl Tokens {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or anything in it is wrong: a server with fewer tokens than it was told of is not what
    /// anybody wants.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TokenError> {
        let tokens = Self {
            inner: Arc::new(Inner {
                file: TokenFile::at(path),
                book: ArcSwap::default(),
                reloads: watch::Sender::default(),
                checks: KeyChecks::new(),
            }),
        };
        tokens.reload()?;
        Ok(tokens)
    }

    /// Reads the file again, and returns how many tokens and keys are good now. Requests see all of it or nothing.
    /// Blocks while the file is read.
    ///
    /// # Errors
    /// As [`open`](Self::open); then everything stays as it was.
    pub fn reload(&self) -> Result<usize, TokenError> {
        let now = SystemTime::now();
        let mut book = Book::default();
        let mut good = 0;
        for entry in self.inner.file.list()? {
            good += usize::from(entry.is_good_at(now));
            let holder = Arc::new(Holder {
                principal: principal(&entry),
                entry,
            });
            match &holder.entry.hash {
                KeptHash::Sha256(hash) => {
                    book.by_hash.insert(*hash, holder);
                }
                KeptHash::Argon2(_) => {
                    book.by_name.insert(holder.entry.name.clone(), holder);
                }
            }
        }
        if !book.by_name.is_empty() {
            // Takes as long as a check, so it is done before requests wait for it.
            chosen::nobody();
        }
        self.inner.book.store(Arc::new(book));
        self.inner.reloads.send_replace(());
        Ok(good)
    }

    /// Whose token this is. The hash is looked up, not the token, so how long that takes tells nothing about tokens.
    pub(crate) fn holder_of_token(&self, token: &str) -> Result<Arc<Holder>, Rejected> {
        if !generate::is_whole(token) {
            return Err(Rejected::Damaged);
        }
        let hash = generate::hash(token);
        let book = self.inner.book.load();
        let holder = book.by_hash.get(&hash).ok_or(Rejected::Unknown)?;
        let KeptHash::Sha256(kept) = &holder.entry.hash else {
            return Err(Rejected::Unknown);
        };
        if !bool::from(kept.ct_eq(&hash)) {
            return Err(Rejected::Unknown);
        }
        holder.if_good()
    }

    /// Whose key this is, if that is known without a long check.
    pub(crate) fn remembered_holder_of_key(
        &self,
        name: &str,
        key: &str,
    ) -> Option<Result<Arc<Holder>, Rejected>> {
        let book = self.inner.book.load();
        let holder = book.by_name.get(name)?;
        let KeptHash::Argon2(phc) = &holder.entry.hash else {
            return None;
        };
        self.inner.checks.remembers(key, phc).then(|| holder.if_good())
    }

    /// Whose key this is. A name that does not exist takes as long as one that does.
    pub(crate) async fn holder_of_key(&self, name: &str, key: &str) -> Result<Arc<Holder>, Rejected> {
        let book = self.inner.book.load_full();
        if book.by_name.is_empty() {
            return Err(Rejected::Unknown);
        }
        let holder = book.by_name.get(name);
        let phc = match holder.map(|holder| &holder.entry.hash) {
            Some(KeptHash::Argon2(phc)) => phc,
            _ => chosen::nobody(),
        };
        match self.inner.checks.check(key, phc).await {
            Ok(true) => holder.ok_or(Rejected::Unknown)?.if_good(),
            Ok(false) => Err(Rejected::Unknown),
            Err(chosen::Busy) => Err(Rejected::Busy),
        }
    }

    /// Resolves when what `holder` has brought is good no longer: it expires, is revoked, or is gone from the file or
    /// stands there with another name or other scopes.
    pub(crate) async fn ended(&self, holder: &Holder) {
        let mut reloads = self.inner.reloads.subscribe();
        loop {
            let end = match self.inner.book.load().as_it_is_now(holder) {
                Some(Ok(holder)) => holder.entry.expires,
                _ => return,
            };
            tokio::select! {
                // The sender lives as long as the tokens do.
                _ = reloads.changed() => {}
                () = reached(end) => {}
            }
        }
    }
}

impl Book {
    /// What is known of a credential now; nothing if it is another by now.
    fn as_it_is_now(&self, holder: &Holder) -> Option<Result<Arc<Holder>, Rejected>> {
        let entry = &holder.entry;
        let now = match &entry.hash {
            KeptHash::Sha256(hash) => self.by_hash.get(hash),
            KeptHash::Argon2(_) => self.by_name.get(&entry.name),
        };
        let now = now.filter(|now| now.entry.hash == entry.hash && now.principal == holder.principal);
        now.map(Holder::if_good)
    }
}

impl Holder {
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    fn if_good(self: &Arc<Self>) -> Result<Arc<Self>, Rejected> {
        if self.entry.revoked.is_some() {
            return Err(Rejected::Revoked(self.entry.name.clone()));
        }
        if self.entry.expires.is_some() && self.entry.is_expired_at(SystemTime::now()) {
            return Err(Rejected::Expired(self.entry.name.clone()));
        }
        Ok(Arc::clone(self))
    }
}

/// Only here does `*` mean everything: whoever wrote the file runs the server.
fn principal(entry: &TokenEntry) -> Principal {
    let name = format!("token:{}", entry.name);
    if entry.scopes.iter().any(|scope| scope == EVERYTHING) {
        return Principal::with_all_scopes(name);
    }
    Principal::new(name, entry.scopes.iter().cloned())
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("file", &self.inner.file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
