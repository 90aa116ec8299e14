//! What can go wrong with a file of tokens: [`TokenError`].

use std::io;
use std::path::PathBuf;

/// What went wrong with a file of tokens. No message holds a token, a key or a hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file cannot be read.
    #[error("the tokens in {} cannot be read: {source}; `holdall token new` makes the file", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("{} cannot be written: {source}; is the folder there, and yours?", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What stands in the file is wrong.
    #[error("the tokens in {} are not in order:\n- {}", path.display(), problems.join("\n- "))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All mistakes.
        problems: Vec<String>,
    },
    /// A token cannot be made as it was asked for.
    #[error("the token cannot be made: {}", problems.join("; "))]
    Token {
        /// All mistakes.
        problems: Vec<String>,
    },
    /// A key cannot be kept.
    #[error(
        "the key is not fit: choose at least {chars_min} visible ASCII characters, no space at either end, or have a token made"
    )]
    Key {
        /// How many characters a key has at least.
        chars_min: usize,
    },
    /// There is a token of this name.
    #[error("there is a token `{name}` already; choose another name: revoked ones keep theirs")]
    Taken {
        /// The name.
        name: String,
    },
    /// There is no token of this name.
    #[error("there is no token `{name}`; there are: {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}
