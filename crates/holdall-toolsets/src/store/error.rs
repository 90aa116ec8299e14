//! What can go wrong with a file: [`StoreError`].

use std::error::Error;
use std::path::PathBuf;

use holdall::{CallError, ErrorKind};
use rusqlite::ErrorCode;

/// Why a file cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It belongs to another program, or to another toolset, and was left as it is.
    #[error("`{}` is no file in which holdall keeps {what}; it was left alone, name another one", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// A newer version has written it.
    #[error("`{}` has layout {found}, and this version knows layouts up to {known}: use the version that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The newest layout known here.
        known: i64,
    },
    /// Other processes did not let go of it.
    #[error("others have kept the file busy for {} seconds, and nothing was changed", super::open::BUSY_MAX.as_secs())]
    Busy(#[source] rusqlite::Error),
    /// There is no room left.
    #[error(
        "there is no room to write, and nothing was changed: the disk is full, or the file has reached `file_bytes_max`"
    )]
    Full(#[source] rusqlite::Error),
    /// It may be read and not written.
    #[error("the file cannot be written, only read")]
    ReadOnly(#[source] rusqlite::Error),
    /// What is in it makes no sense.
    #[error("the file is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// Whatever else SQLite says.
    #[error("the file cannot be used")]
    Failed(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            _ => Self::Failed(error),
        }
    }
}

impl StoreError {
    /// What a caller is told. Neither the path nor the words of SQLite are.
    pub(crate) fn call_error(self) -> CallError {
        let hint = match &self {
            Self::Busy(_) => "try again",
            Self::Full(_) => "tell the user: something has to be deleted, or the bound raised",
            Self::ReadOnly(_) => "tell the user: who runs the server must be allowed to write the file",
            Self::Damaged(_) => "tell the user: the file has to be restored from a backup",
            Self::Open { .. } | Self::Foreign { .. } | Self::Newer { .. } | Self::Failed(_) => {
                return CallError::internal(self);
            }
        };
        CallError::new(ErrorKind::Unavailable, self.to_string())
            .hint(hint)
            .caused_by(self)
    }
}
