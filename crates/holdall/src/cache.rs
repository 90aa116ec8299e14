//! [`Cache`]: who may keep what a client was sent, and for how long.

use std::time::Duration;

use rmcp::model::CacheScope;

/// Who may share what a client has been sent from a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cache {
    /// The one who asked.
    #[default]
    Private,
    /// Everybody: it says the same to all.
    Public,
}

impl Cache {
    /// As the protocol writes it. Where others might be sent something else (`depends`), only the one who asked.
    pub(crate) fn scope(self, depends: bool) -> CacheScope {
        match self {
            Self::Public if !depends => CacheScope::Public,
            _ => CacheScope::Private,
        }
    }
}

/// A duration as the protocol writes it.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
