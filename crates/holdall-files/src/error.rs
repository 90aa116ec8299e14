use std::io;

use crate::hash::ContentHash;

/// What can go wrong with files. `Display` says what failed and with which value, [`hint`](Self::hint) what to do next,
/// [`kind`](Self::kind) is the stable word programs go by. No message holds an absolute path, except those about the
/// folders an operator configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is nothing of that name.
    #[error("there is no `{path}`")]
    NotFound {
        /// The path as asked for.
        path: String,
    },
    /// The text cannot be a path here.
    #[error("`{path}` cannot be a path here: {reason}")]
    InvalidPath {
        /// The path as asked for, shortened and without control characters.
        path: String,
        /// The rule it breaks.
        reason: String,
    },
    /// Something of that name, or of one that differs only in case or Unicode form, is there already.
    #[error("`{existing}` exists already, nothing was changed")]
    AlreadyExists {
        /// What is there.
        existing: String,
    },
    /// The file is not what the writer last saw.
    #[error("`{path}` has changed: its hash is {current}, nothing was written")]
    Conflict {
        /// The file.
        path: String,
        /// Hash of the file now.
        current: ContentHash,
    },
    /// Several things answer to the name.
    #[error("`{name}` could be any of: {}", candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// What it could be.
        candidates: Vec<String>,
    },
    /// The text to replace is not there as often as expected.
    #[error(
        "the text to replace was found {found} times in `{path}`, not {expected}{}",
        nearest_text(nearest)
    )]
    CountMismatch {
        /// The file.
        path: String,
        /// How often it was expected.
        expected: usize,
        /// How often it was found.
        found: usize,
        /// The line most like it, with its number, when nothing was found.
        nearest: Option<(u32, String)>,
    },
    /// One of several edits does not fit; none was made.
    #[error("edit {number}: {source}")]
    Edit {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: Box<FileError>,
    },
    /// An argument makes no sense.
    #[error("{what}")]
    InvalidArgument {
        /// What is wrong with it.
        what: String,
    },
    /// More bytes than allowed.
    #[error("`{path}` has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
        /// The largest size.
        limit: u64,
    },
    /// The file is not a text.
    #[error("`{path}` is not a text: {reason}")]
    NotText {
        /// The file.
        path: String,
        /// What it is instead.
        reason: String,
    },
    /// A link, device or pipe, or a file with several names, where a plain file is needed.
    #[error("`{path}` is refused: {reason}")]
    Refused {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The root may only be read.
    #[error("`{path}` cannot be changed: `{root}` may only be read")]
    NotWritable {
        /// What was to be changed.
        path: String,
        /// The root it lies in.
        root: String,
    },
    /// The folder or file cannot be written.
    #[error("`{path}` cannot be written: it is read-only or its folder is")]
    ReadOnly {
        /// The file.
        path: String,
    },
    /// The disk is full.
    #[error("the disk is full, `{path}` is unchanged")]
    DiskFull {
        /// The file.
        path: String,
    },
    /// A configured folder cannot be used.
    #[error("the folder `{folder}` cannot be used: {reason}")]
    Root {
        /// The folder as configured, or the name of its root.
        folder: String,
        /// Why not.
        reason: String,
    },
    /// The operating system refused.
    #[error("`{path}` could not be {action}: {source}")]
    Io {
        /// What is concerned.
        path: String,
        /// `read`, `written`…
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

impl FileError {
    /// A short, stable word for the kind of error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::InvalidPath { .. } => "invalid_path",
            Self::AlreadyExists { .. } => "already_exists",
            Self::Conflict { .. } => "conflict",
            Self::Ambiguous { .. } => "ambiguous",
            Self::CountMismatch { .. } => "count_mismatch",
            Self::Edit { source, .. } => source.kind(),
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::TooLarge { .. } => "too_large",
            Self::NotText { .. } => "not_text",
            Self::Refused { .. } => "refused",
            Self::NotWritable { .. } => "not_writable",
            Self::ReadOnly { .. } => "read_only",
            Self::DiskFull { .. } => "disk_full",
            Self::Root { .. } => "root",
            Self::Io { .. } => "io",
        }
    }

    /// What to do next, where that is not obvious.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Edit { source, .. } => return source.hint(),
            Self::NotFound { .. } => "list_directory shows what there is; paths are `root/folder/file`",
            Self::InvalidPath { .. } => "write a path such as `root/folder/file.txt`",
            Self::AlreadyExists { .. } => "choose another name",
            Self::Conflict { .. } => "read the file again and repeat the change on what it says now",
            Self::Ambiguous { .. } => "name one of them exactly",
            Self::CountMismatch { found: 0, .. } => {
                "copy the text exactly as the file has it, spaces included, without line numbers"
            }
            Self::CountMismatch { .. } => {
                "add surrounding text until it is unique, or say the expected count"
            }
            Self::NotWritable { .. } => "the operator of the server decides which roots may be written",
            Self::DiskFull { .. } => "free some space and try again",
            Self::Root { .. } => "create the folder, correct its path or its permissions",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Turns a failure of the operating system into the error that says it best.
    pub fn from_io(path: &str, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::PermissionDenied if action == "written" => Self::ReadOnly { path },
            _ => Self::Io { path, action, source },
        }
    }

    pub(crate) fn refused(path: &str, reason: impl Into<String>) -> Self {
        Self::Refused {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

fn nearest_text(nearest: &Option<(u32, String)>) -> String {
    nearest
        .as_ref()
        .map(|(line, text)| format!("; the nearest is line {line}: `{text}`"))
        .unwrap_or_default()
}
