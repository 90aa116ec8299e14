use std::io;

use holdall_files::FileError;

use crate::embed::EmbedError;
use crate::lexical::IndexError;
use crate::note::{ContentHash, Heading};
use crate::search::SearchError;
use crate::vectors::VectorError;

/// What can go wrong with notes. `Display` says what failed and with which value, [`hint`](Self::hint) what to
/// do next, [`kind`](Self::kind) is the stable word programs go by. No message holds an absolute path, except
/// those about the folders an operator configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotesError {
    /// There is no such note.
    #[error("there is no note `{path}`")]
    NotFound {
        /// The path as asked for.
        path: String,
    },
    /// The text cannot be the path of a note.
    #[error("`{path}` cannot be the path of a note: {reason}")]
    InvalidPath {
        /// The path as asked for, shortened and without control characters.
        path: String,
        /// The rule it breaks.
        reason: String,
    },
    /// A note of that name, or one that differs only in case or Unicode form, is there already.
    #[error("`{existing}` exists already, nothing was written")]
    AlreadyExists {
        /// The note that is there.
        existing: String,
    },
    /// The file is not what the writer last saw.
    #[error("`{path}` has changed: its hash is {current}, nothing was written")]
    Conflict {
        /// The note.
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
    /// The note has no such heading.
    #[error("`{path}` has no heading `{heading}`; its outline: {}", outline_text(outline))]
    HeadingNotFound {
        /// The note.
        path: String,
        /// The heading as asked for.
        heading: String,
        /// The headings there are.
        outline: Vec<Heading>,
    },
    /// The note has that heading several times.
    #[error(
        "`{path}` has the heading `{heading}` {count} times; its outline: {}",
        outline_text(outline)
    )]
    HeadingAmbiguous {
        /// The note.
        path: String,
        /// The heading as asked for.
        heading: String,
        /// How often it is there.
        count: usize,
        /// The headings there are.
        outline: Vec<Heading>,
    },
    /// The text to replace is not there as often as expected.
    #[error(
        "the text to replace was found {found} times in `{path}`, not {expected}{}",
        nearest_text(nearest)
    )]
    CountMismatch {
        /// The note.
        path: String,
        /// How often it was expected.
        expected: usize,
        /// How often it was found.
        found: usize,
        /// The line most like it, with its number, when nothing was found.
        nearest: Option<(u32, String)>,
    },
    /// An argument makes no sense.
    #[error("{what}")]
    InvalidArgument {
        /// What is wrong with it.
        what: String,
    },
    /// A time expression that is not understood.
    #[error("`{text}` is not a time this understands")]
    UnknownTime {
        /// The expression, shortened.
        text: String,
    },
    /// More bytes than allowed.
    #[error("`{path}` has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// The note.
        path: String,
        /// Its size.
        bytes: u64,
        /// The largest size.
        limit: u64,
    },
    /// The file is not a text this can work with.
    #[error("`{path}` is not a text note: {reason}")]
    NotText {
        /// The note.
        path: String,
        /// What it is instead.
        reason: String,
    },
    /// A link, device or pipe, or a file with several names, where a plain file is needed.
    #[error("`{path}` is refused: {reason}")]
    Refused {
        /// The note.
        path: String,
        /// Why.
        reason: String,
    },
    /// The folder or file cannot be written.
    #[error("`{path}` cannot be written: it is read-only or its folder is")]
    ReadOnly {
        /// The note.
        path: String,
    },
    /// The disk is full.
    #[error("the disk is full, `{path}` is unchanged")]
    DiskFull {
        /// The note.
        path: String,
    },
    /// No change is left to undo.
    #[error("there is no change left to undo")]
    NothingToUndo,
    /// A configured folder cannot be used.
    #[error("the notes folder `{folder}` cannot be used: {reason}")]
    Root {
        /// The folder as configured.
        folder: String,
        /// Why not.
        reason: String,
    },
    /// The folder for index and vectors cannot be used.
    #[error("the data folder `{folder}` cannot be used: {source}")]
    DataFolder {
        /// The folder as configured.
        folder: String,
        /// The system's error.
        source: io::Error,
    },
    /// The program failed where it must not.
    #[error("{work} failed because of a defect in the program; its log has the details")]
    Defect {
        /// What it was at.
        work: &'static str,
    },
    /// The index cannot be asked yet.
    #[error("the index is not ready: {reason}")]
    IndexNotReady {
        /// What keeps it.
        reason: String,
    },
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The vectors failed.
    #[error(transparent)]
    Vectors(#[from] VectorError),
    /// The embedding model failed.
    #[error(transparent)]
    Embedding(#[from] EmbedError),
    /// The operating system refused.
    #[error("`{path}` could not be {action}: {source}")]
    Io {
        /// The note, or what is concerned.
        path: String,
        /// `read`, `written`…
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

impl From<SearchError> for NotesError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Index(error) => error.into(),
            SearchError::Vectors(error) => error.into(),
        }
    }
}

impl From<FileError> for NotesError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotFound { path } => Self::NotFound { path },
            FileError::InvalidPath { path, reason } => Self::InvalidPath { path, reason },
            FileError::AlreadyExists { existing } => Self::AlreadyExists { existing },
            FileError::Conflict { path, current } => Self::Conflict { path, current },
            FileError::Ambiguous { name, candidates } => Self::Ambiguous { name, candidates },
            FileError::CountMismatch {
                path,
                expected,
                found,
                nearest,
            } => Self::CountMismatch {
                path,
                expected,
                found,
                nearest,
            },
            FileError::InvalidArgument { what } => Self::InvalidArgument { what },
            FileError::TooLarge { path, bytes, limit } => Self::TooLarge { path, bytes, limit },
            FileError::NotText { path, reason } => Self::NotText { path, reason },
            FileError::Refused { path, reason } => Self::Refused { path, reason },
            FileError::ReadOnly { path } | FileError::NotWritable { path, .. } => Self::ReadOnly { path },
            FileError::DiskFull { path } => Self::DiskFull { path },
            FileError::Root { folder, reason } => Self::Root { folder, reason },
            FileError::Io { path, action, source } => Self::Io { path, action, source },
            other => Self::Io {
                path: "a file".to_owned(),
                action: "used",
                source: io::Error::other(other),
            },
        }
    }
}

impl NotesError {
    /// A short, stable word for the kind of error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::InvalidPath { .. } => "invalid_path",
            Self::AlreadyExists { .. } => "already_exists",
            Self::Conflict { .. } => "conflict",
            Self::Ambiguous { .. } | Self::HeadingAmbiguous { .. } => "ambiguous",
            Self::HeadingNotFound { .. } => "heading_not_found",
            Self::CountMismatch { .. } => "count_mismatch",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::UnknownTime { .. } => "unknown_time",
            Self::TooLarge { .. } => "too_large",
            Self::NotText { .. } => "not_text",
            Self::Refused { .. } => "refused",
            Self::ReadOnly { .. } => "read_only",
            Self::DiskFull { .. } => "disk_full",
            Self::NothingToUndo => "nothing_to_undo",
            Self::Root { .. } => "root",
            Self::DataFolder { .. } => "data_folder",
            Self::Defect { .. } => "defect",
            Self::IndexNotReady { .. } => "index_not_ready",
            Self::Index(_) => "index",
            Self::Vectors(_) => "vectors",
            Self::Embedding(_) => "embedding",
            Self::Io { .. } => "io",
        }
    }

    /// What to do next, where that is not obvious.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound { .. } => "paths are relative to the notes folder, with `/` between folders",
            Self::InvalidPath { .. } => "write a relative path such as `projects/plan.md`",
            Self::AlreadyExists { .. } => "append to it or edit it, or choose another name",
            Self::Conflict { .. } => "read the note again and repeat the change on what it says now",
            Self::Ambiguous { .. } => "name one of them in full",
            Self::HeadingNotFound { .. } => "use a heading of the outline exactly as it stands there",
            Self::HeadingAmbiguous { .. } => "edit by find and replace instead, or make the headings differ",
            Self::CountMismatch { found: 0, .. } => {
                "copy the text exactly as the note has it, spaces included"
            }
            Self::CountMismatch { .. } => {
                "add surrounding text until it is unique, or say the expected count"
            }
            Self::UnknownTime { .. } => crate::when::UNDERSTOOD,
            Self::TooLarge { .. } => "split the note",
            Self::DiskFull { .. } => "free some space and try again",
            Self::Root { .. } => "create the folder, correct its path or its permissions",
            Self::DataFolder { .. } => "choose a folder that can be written",
            Self::IndexNotReady { .. } => "try again in a moment; notes_status tells more",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Turns a failure of the operating system into the error that says it best.
    pub(crate) fn from_io(path: &str, action: &'static str, source: io::Error) -> Self {
        FileError::from_io(path, action, source).into()
    }
}

fn outline_text(outline: &[Heading]) -> String {
    const SHOWN_MAX: usize = 60;
    if outline.is_empty() {
        return "it has no headings".to_owned();
    }
    let mut shown: Vec<String> = outline
        .iter()
        .take(SHOWN_MAX)
        .map(|heading| {
            format!(
                "line {}: {} {}",
                heading.line,
                "#".repeat(heading.level.into()),
                heading.text
            )
        })
        .collect();
    if outline.len() > SHOWN_MAX {
        shown.push(format!("and {} more", outline.len() - SHOWN_MAX));
    }
    shown.join("; ")
}

fn nearest_text(nearest: &Option<(u32, String)>) -> String {
    nearest
        .as_ref()
        .map(|(line, text)| format!("; the nearest is line {line}: `{text}`"))
        .unwrap_or_default()
}
