//! [`CacheHint`]: how long clients may keep what they were sent.

use std::time::Duration;

use rmcp::model::CacheScope;

/// How long a client may keep a list or the contents of a resource without asking again, and whether it may hand them
/// to others. Told to clients of protocol 2026-07-28; a promise of nothing more than that asking again is mostly
/// needless: what changes in the meantime is still told to those who [listen](crate::ServerHandle).
///
/// Unless said otherwise nothing may be kept, as the official SDK has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheHint {
    ttl: Duration,
    scope: CacheScope,
}

impl CacheHint {
    /// Fresh for so long, for the caller alone.
    pub fn private(ttl: Duration) -> Self {
        Self {
            ttl,
            scope: CacheScope::Private,
        }
    }

    /// Fresh for so long, and the same for everybody: a gateway may serve it to other users, also to those whom the
    /// server would not let in. Whatever depends on scopes is private in spite of this.
    pub fn public(ttl: Duration) -> Self {
        Self {
            ttl,
            scope: CacheScope::Public,
        }
    }

    /// As the protocol writes it. `depends` says whether others might be sent something else.
    pub(crate) fn told(self, depends: bool) -> (Option<u64>, Option<CacheScope>) {
        let scope = if depends { CacheScope::Private } else { self.scope };
        let ttl_ms = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        (Some(ttl_ms), Some(scope))
    }
}
