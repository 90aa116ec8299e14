//! The schema lock: what a server promises, in a file, so that a change of it is noticed and judged.
//!
//! The file lies beside the code, like `Cargo.lock`, and is read in reviews: names, descriptions, schemas, annotations
//! and scopes of all tools, resources and prompts, sorted and indented. A test compares it with the server as it is:
//!
//! ```
//! use holdall::prelude::*;
//! use holdall::schema_lock::{self, Mode};
//!
//! /// Greet a person by name.
//! #[tool]
//! fn say_hello(name: String) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("holdall-lock-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join(schema_lock::FILE_NAME);
//! let service = Server::new("greeter").add(tools![say_hello]).build()?;
//! // The first run writes the file; later ones compare.
//! let report = schema_lock::check(&service, &path, Mode::Compatible)?;
//! assert!(report.changes().is_empty());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! Each difference is breaking, compatible or cosmetic, as in semantic versioning. What breaks a client differs by
//! direction: arguments may only become wider, because somebody sends them; results may only become narrower, because
//! somebody reads them. Whether a schema is wider than another is not guessed from keywords but shown: every value
//! that fits the one must be seen to fit the other. What cannot be shown is breaking, and says so.
//!
//! Two things are judged as people do, not as the letter of JSON Schema has it. A new optional argument is compatible,
//! although somebody could have sent just that name, with another meaning, to an object that says nothing about further
//! names; and a new field of a result is, although an old schema may forbid it, because clients read the schema anew.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `lock` | what does a server promise, as canonical JSON? |
//! | `change` | what is a change, how bad is it, and how is it told? |
//! | `compare` | what has changed between two locks? |
//! | `schemas` | what has changed between two schemas? |
//! | `containment` | does every value that fits one schema fit another? |
//! | `wording` | which words have changed? |

mod change;
mod compare;
mod containment;
mod lock;
#[cfg(test)]
mod properties;
mod schemas;
#[cfg(test)]
mod tests;
mod wording;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use self::change::{Bump, Change, ChangeKind, Report, Severity};
pub use self::lock::Lock;
use crate::service::Service;

/// What the file is best called.
pub const FILE_NAME: &str = "holdall.lock.json";

/// What [`check`] may write, and what it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is written; the file must be there and say what the server is. For continuous integration, as
    /// `cargo build --locked`.
    Locked,
    /// A missing file is written, and so is whatever does not break a client. Breaking changes are refused. For
    /// everyday work.
    Compatible,
    /// Whatever the server is now is written. For a change that is meant to break.
    Update,
}

/// Why a server does not pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// There is no lock file, and none may be written.
    #[error(
        "there is no lock file `{}`: write it once with `Mode::Compatible`, and commit it",
        .0.display()
    )]
    Missing(PathBuf),
    /// The server is not what the file says, and the file may not be changed.
    #[error(
        "the server is not what `{}` says\n\n{report}\nif that is meant, update the file with `Mode::{}`, and commit it",
        .path.display(),
        if .report.bump() == Bump::Major { "Update" } else { "Compatible" }
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What has changed.
        report: Report,
    },
    /// The file is not one of these.
    #[error("`{}` is no lock file: {problem}; delete it to begin anew", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file cannot be read or written.
    #[error("`{}` cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Compares `service` with the lock file at `path`, and updates the file as far as `mode` allows.
///
/// # Errors
/// If the file is missing or says something else and `mode` does not allow to change that, or if it cannot be used.
pub fn check(service: &Service, path: impl AsRef<Path>, mode: Mode) -> Result<Report, LockError> {
    let path = path.as_ref();
    let now = Lock::of(service);
    let io = |source| LockError::Io {
        path: path.to_owned(),
        source,
    };
    let write = || fs::write(path, now.to_string()).map_err(io);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && mode == Mode::Locked => {
            return Err(LockError::Missing(path.to_owned()));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return write().map(|()| Report::default());
        }
        Err(error) => return Err(io(error)),
    };
    let before: Lock = match text.parse() {
        Ok(before) => before,
        // What is there is given up anyway.
        Err(_) if mode == Mode::Update => return write().map(|()| Report::default()),
        Err(problem) => {
            return Err(LockError::Malformed {
                path: path.to_owned(),
                problem,
            });
        }
    };
    let report = before.changes_to(&now);
    let refused = match mode {
        Mode::Locked => !report.changes().is_empty(),
        Mode::Compatible => report.bump() == Bump::Major,
        Mode::Update => false,
    };
    if refused {
        return Err(LockError::Changed {
            path: path.to_owned(),
            report,
        });
    }
    if mode != Mode::Locked && before != now {
        write()?;
    }
    Ok(report)
}
