//! What the tools reply: structured for programs, and as text for models.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use holdall::prelude::*;
use holdall_files::{
    Entry, EntryKind, FileError, FileMatches, Listing, Moved, Removal, Roots, SearchResults, Watching,
    Written,
};
use serde::Serialize;

use super::uri_of;
use crate::counted::counted;

/// The MIME type of a folder.
pub(super) const FOLDER_TYPE: &str = "inode/directory";

/// A file or folder in a listing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct EntryReply {
    path: String,
    /// "root", "folder", "file", "link", or "other" for pipes, sockets and devices.
    kind: &'static str,
    /// Size of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Of a root: "read", or "read and write".
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'static str>,
}

impl EntryReply {
    fn new(entry: Entry, roots: &Roots) -> Self {
        let access = match entry.kind {
            EntryKind::Root => Some(access(roots, &entry.path)),
            _ => None,
        };
        Self {
            path: entry.path,
            kind: word(entry.kind),
            bytes: entry.bytes,
            modified: entry
                .modified
                .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            access,
        }
    }

    fn line(&self) -> String {
        let mut line = self.path.clone();
        match self.kind {
            "root" | "folder" => line.push('/'),
            "file" => {}
            kind => _ = write!(line, " ({kind})"),
        }
        if let Some(bytes) = self.bytes {
            let _ = write!(line, "  {}", bytes_of(bytes));
        }
        if let Some(access) = self.access {
            let _ = write!(line, "  {access}");
        } else if let Some(modified) = &self.modified {
            let _ = write!(line, "  {modified}");
        }
        line
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ListReply {
    /// The folder; absent where the roots are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// What may be done in the folder: "read", or "read and write".
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<&'static str>,
    entries: Vec<EntryReply>,
    /// `cursor` of the next part.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What limits this answer, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl ListReply {
    pub(super) fn new(listing: Listing, roots: &Roots, watching: Option<&Arc<Mutex<Watching>>>) -> Self {
        let mut notes = Vec::new();
        if listing.left_out > 0 {
            notes.push(format!(
                "{} left out: not UTF-8, or with characters that are not shown",
                counted(listing.left_out, "name is", "names are")
            ));
        }
        if listing.path.is_none()
            && let Some(watching) = watching
        {
            let watching = watching.lock().unwrap_or_else(PoisonError::into_inner);
            if let Watching::Polling { .. } = *watching {
                notes.push(watching.to_string());
            }
        }
        Self {
            access: listing.path.as_deref().map(|path| access(roots, path)),
            path: listing.path,
            entries: listing
                .entries
                .into_iter()
                .map(|entry| EntryReply::new(entry, roots))
                .collect(),
            next: listing.next,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        }
    }

    pub(super) fn text(&self) -> String {
        let count = self.entries.len();
        let mut text = match (&self.path, self.access) {
            (Some(path), Some(access)) => {
                format!("{path}/ ({access}), {}:\n", counted(count, "entry", "entries"))
            }
            _ => format!("{}:\n", counted(count, "root", "roots")),
        };
        for entry in &self.entries {
            let _ = writeln!(text, "- {}", entry.line());
        }
        if let Some(next) = &self.next {
            let _ = writeln!(text, "(go on with cursor=\"{next}\")");
        }
        if let Some(note) = &self.note {
            let _ = writeln!(text, "({note})");
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct SearchReply {
    /// Files in the order of their paths.
    files: Vec<FoundReply>,
    /// Files looked at.
    searched: usize,
    /// Files passed over: no text, or too large.
    skipped: usize,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct FoundReply {
    path: String,
    /// "folder", "file", "link" or "other".
    kind: &'static str,
    /// Lines that match, and those around them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineReply>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LineReply {
    /// Counted from 1.
    line: u32,
    text: String,
    /// Whether it only stands beside a match.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    beside: bool,
}

impl FoundReply {
    fn new(found: FileMatches) -> Self {
        let lines = found.lines.into_iter().map(|line| LineReply {
            line: line.number,
            text: line.text,
            beside: !line.matches,
        });
        Self {
            path: found.path,
            kind: word(found.kind),
            lines: lines.collect(),
        }
    }
}

impl SearchReply {
    pub(super) fn new(results: SearchResults) -> Self {
        Self {
            files: results.files.into_iter().map(FoundReply::new).collect(),
            searched: results.searched,
            skipped: results.skipped,
            stopped: results.stopped,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = match self.files.len() {
            0 => format!("Nothing found in {}", counted(self.searched, "file", "files")),
            count => format!("{}:\n", counted(count, "file", "files")),
        };
        let mut last = None;
        for file in &self.files {
            let slash = if file.kind == "folder" { "/" } else { "" };
            let _ = writeln!(text, "{}{slash}", file.path);
            for line in &file.lines {
                if last.is_some_and(|last| last + 1 < line.line) && file.lines.iter().any(|line| line.beside)
                {
                    text.push_str("  …\n");
                }
                last = Some(line.line);
                let mark = if line.beside { '-' } else { ':' };
                let _ = writeln!(text, "  {}{mark} {}", line.line, line.text);
            }
            last = None;
        }
        if self.files.is_empty() && (self.skipped > 0 || self.stopped.is_some()) {
            text.push('\n');
        }
        if self.skipped > 0 {
            let _ = writeln!(
                text,
                "({} passed over: no text, or too large)",
                counted(self.skipped, "file", "files")
            );
        }
        if let Some(stopped) = &self.stopped {
            let _ = writeln!(text, "(there may be more: {stopped})");
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct InfoReply {
    #[serde(flatten)]
    entry: EntryReply,
    /// URI of the resource.
    uri: String,
    /// "read", or "read and write".
    root_access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    /// Hash of a file: the `expected_hash` of a write. Absent where the file is too large to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// Lines of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<usize>,
}

impl InfoReply {
    pub(super) fn new(entry: Entry, roots: &Roots) -> Result<Self, FileError> {
        let contents = match entry.kind {
            EntryKind::File => match roots.read(&entry.path) {
                Ok(contents) => Some(contents),
                Err(FileError::TooLarge { .. }) => None,
                Err(error) => return Err(error),
            },
            _ => None,
        };
        let read = contents.as_ref();
        Ok(Self {
            uri: uri_of(&entry.path),
            root_access: access(roots, &entry.path),
            mime_type: read
                .map(|read| read.media_type.clone())
                .or(entry.media_type.clone()),
            hash: read.map(|read| read.hash.to_string()),
            lines: read.and_then(|read| Some(read.body.as_ref().ok()?.lines().count())),
            entry: EntryReply::new(entry, roots),
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{} {}", self.entry.kind, self.entry.line());
        if self.entry.access.is_none() {
            let _ = write!(text, "  {}", self.root_access);
        }
        for (name, value) in [("type", &self.mime_type), ("hash", &self.hash)] {
            if let Some(value) = value {
                let _ = write!(text, "\n{name} {value}");
            }
        }
        if let Some(lines) = self.lines {
            let _ = write!(text, "\n{}", counted(lines, "line", "lines"));
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ChangeReply {
    path: String,
    /// URI of the resource.
    uri: String,
    /// Hash of the file now; of a dry run, what it would be.
    hash: String,
    /// Hash of the file before; absent if it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_hash: Option<String>,
    /// What changed, as a unified diff.
    diff: String,
    /// Size of the file now.
    bytes: u64,
    /// Whether nothing was written.
    dry_run: bool,
}

impl ChangeReply {
    pub(super) fn new(written: Written, dry_run: bool) -> Self {
        Self {
            uri: uri_of(&written.path),
            path: written.path,
            hash: written.hash.to_string(),
            old_hash: written.old_hash.map(|hash| hash.to_string()),
            diff: written.diff,
            bytes: written.bytes,
            dry_run,
        }
    }

    pub(super) fn text(&self) -> String {
        let Self {
            path,
            bytes,
            hash,
            diff,
            ..
        } = self;
        match &self.old_hash {
            None => format!("Created {path}, {}, hash {hash}", bytes_of(*bytes)),
            Some(old) if old == hash => format!("{path} is unchanged, hash {hash}"),
            Some(_) if self.dry_run => format!("Nothing was written; {path} would change:\n\n{diff}"),
            Some(_) => format!("Changed {path}, hash {hash}\n\n{diff}"),
        }
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct DoneReply {
    path: String,
    /// URI of the resource, if it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    /// Whether anything was changed.
    changed: bool,
}

impl DoneReply {
    pub(super) fn made(path: String, is_new: bool) -> JsonWithText<Self> {
        let text = match is_new {
            true => format!("Created {path}/"),
            false => format!("{path}/ was there already"),
        };
        Self::there(path, is_new).with_text(text)
    }

    pub(super) fn moved(moved: Moved) -> JsonWithText<Self> {
        let text = format!("Moved {} to {}", moved.from, moved.to);
        Self::there(moved.to, true).with_text(text)
    }

    pub(super) fn kept(path: String) -> JsonWithText<Self> {
        let text = format!("{path} was kept: the user said no");
        Self::there(path, false).with_text(text)
    }

    pub(super) fn deleted(path: String) -> JsonWithText<Self> {
        let text = format!("Deleted {path}");
        let reply = Self {
            path,
            uri: None,
            changed: true,
        };
        Json(reply).with_text(text)
    }

    fn there(path: String, changed: bool) -> Json<Self> {
        Json(Self {
            uri: Some(uri_of(&path)),
            path,
            changed,
        })
    }
}

/// What the user is asked before something is deleted. It names all that could change before the answer comes, so that
/// the answer counts for this and nothing else.
pub(super) fn question_of(removal: &Removal) -> String {
    let path = &removal.path;
    let changed = removal.modified.strftime("%Y-%m-%d %H:%M:%S UTC");
    match removal.kind {
        EntryKind::Folder => format!("Delete the empty folder `{path}` for good?"),
        EntryKind::Link => format!("Delete the link `{path}` for good? What it leads to stays."),
        _ => format!(
            "Delete `{path}` for good ({}, last changed {changed})?",
            bytes_of(removal.bytes)
        ),
    }
}

/// A root in `resources/list`.
pub(super) fn listed_root(roots: &Roots, name: &str) -> holdall::Entry {
    holdall::Entry::new(uri_of(name), name)
        .mime_type(FOLDER_TYPE)
        .description(format!("A root, to {}", access(roots, name)))
}

/// An entry of `resources/list`; `None` for what is no resource.
pub(super) fn listed(entry: &Entry) -> Option<holdall::Entry> {
    let listed = holdall::Entry::new(uri_of(&entry.path), &entry.path);
    let listed = match entry.kind {
        EntryKind::Folder | EntryKind::Root => listed.mime_type(FOLDER_TYPE),
        EntryKind::File => listed
            .mime_type(entry.media_type.clone().unwrap_or_default())
            .size(entry.bytes.unwrap_or_default()),
        EntryKind::Link | EntryKind::Other => return None,
    };
    Some(match entry.modified {
        Some(at) => listed.last_modified(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        None => listed,
    })
}

/// What is in a folder, a line each: the URI of a resource.
pub(super) fn names(listing: &Listing) -> String {
    let mut text = String::new();
    for entry in &listing.entries {
        let _ = writeln!(text, "{}", uri_of(&entry.path));
    }
    if listing.next.is_some() {
        text.push_str("… there are more\n");
    }
    text
}

fn access(roots: &Roots, path: &str) -> &'static str {
    match roots.root_of(path).is_ok_and(|root| root.is_writable()) {
        true => "read and write",
        false => "read",
    }
}

fn word(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Root => "root",
        EntryKind::Folder => "folder",
        EntryKind::File => "file",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    }
}

/// A size for people.
pub(super) fn bytes_of(bytes: u64) -> String {
    counted(bytes, "byte", "bytes")
}
