//! What keeps the toolset from starting, and what becomes of it in a call.

use std::path::PathBuf;

use holdall::{CallError, ErrorKind};
use thiserror::Error;

use crate::store::StoreError;

/// Why sites cannot be watched, or their history not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SitesError {
    /// A value of the configuration makes no sense.
    #[error("`{key}` of the sites is {found}; allowed is {allowed}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        allowed: String,
    },
    /// A site cannot be watched.
    #[error("`{site}` in `watch` of the sites cannot be watched: {problem}")]
    Watch {
        /// The site, without what may be secret.
        site: String,
        /// Why.
        problem: String,
    },
    /// A file of trusted certificates is of no use.
    #[error("the certificates in `{}` cannot be trusted: {problem}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The file of the history.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SitesError {
    pub(super) fn setting(key: &'static str, found: impl ToString, allowed: impl Into<String>) -> Self {
        Self::Setting {
            key,
            found: found.to_string(),
            allowed: allowed.into(),
        }
    }
}

/// A history that fails, as a caller learns of it: the details are for the log.
pub(super) fn call_error(error: StoreError) -> CallError {
    CallError::new(
        ErrorKind::Unavailable,
        "the history of the sites cannot be read now",
    )
    .hint("check_site_status looks at a site without it; try again in a minute")
    .caused_by(error)
}
