//! What a note is once it has been read: the words every other room of this crate shares.
//!
//! A *note* is one Markdown file, a *chunk* is the piece of it that is indexed, found and shown. Both are plain
//! data; reading files is the work of `scan`, turning text into notes that of `parse` and `chunk`.

use std::fmt;
use std::ops::Range;

pub use holdall_files::ContentHash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of a note inside the knowledge base: `/`-separated, relative, never containing `.` or `..`.
///
/// With one root it is the path below that root (`projects/mcp.md`); with several, the root's name comes
/// first (`work/projects/mcp.md`). It is what users and models see; no absolute path ever is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotePath(String);

impl NotePath {
    /// Wraps a path that is known to be relative, normalised and `/`-separated.
    pub(crate) fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        debug_assert!(!path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | "..")));
        Self(path)
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder the note lies in, empty for a note at the top.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The file name, extension included.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(self.0.as_str(), |(_, name)| name)
    }

    /// The file name without its extension: what a wikilink names.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

impl fmt::Display for NotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the date of a note comes from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateSource {
    /// `date`, `created`, … in the frontmatter.
    Frontmatter,
    /// `2026-05-03` (or `20260503`) in the file name.
    FileName,
    /// The file's modification time.
    Modified,
}

/// The date a note is about. A note always has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteDate {
    /// The instant; for a bare day, its midnight in the time zone of the knowledge base.
    pub at: Timestamp,
    /// Where it was found.
    pub source: DateSource,
}

/// One heading of a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 for `#` … 6 for `######`.
    pub level: u8,
    /// Its text without markup.
    pub text: String,
    /// The line it stands on, counted from 1.
    pub line: u32,
}

/// A link out of a note, as written: not yet resolved to another note.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// What the link names: `ideas/mcp`, `../ideas/mcp.md`, `MCP`; without `#fragment` and alias.
    pub target: String,
    /// Whether it was written `[[target]]`.
    pub wiki: bool,
}

/// A note that was read and parsed.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its name inside the knowledge base.
    pub path: NotePath,
    /// Frontmatter `title` → first level-1 heading → the file name's words.
    pub title: String,
    /// The date filters and listings go by.
    pub date: NoteDate,
    /// When the file was last changed.
    pub modified: Timestamp,
    /// Tags of frontmatter and text, lower case, without `#`, sorted, each once. `a/b` also counts as `a`
    /// in filters, but stands here as written.
    pub tags: Vec<String>,
    /// Other frontmatter fields as JSON, in the order of the file.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// What is wrong with the frontmatter, if it could not be read; the body is indexed all the same.
    pub frontmatter_problem: Option<String>,
    /// The outline.
    pub headings: Vec<Heading>,
    /// Links to other notes, each once, in the order of the text.
    pub links: Vec<Link>,
    /// The passages to index, in the order of the text. Empty for a note without text.
    pub chunks: Vec<Chunk>,
    /// Hash of the whole file.
    pub hash: ContentHash,
    /// Size of the file.
    pub bytes: u64,
    /// Number of lines of the file.
    pub lines: u32,
}

/// A passage of a note: what is indexed, found and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its place in the note, from 0; neighbours are `ordinal ± 1`.
    pub ordinal: u32,
    /// Headings above it, outermost first, the note's title excluded.
    pub headings: Vec<String>,
    /// The lines of the file it covers, counted from 1, end excluded.
    pub lines: Range<u32>,
    /// The Markdown of the passage, without the headings above it.
    pub text: String,
}

impl Chunk {
    /// The text that is embedded: `title › headings` and the body.
    pub fn embedded_text(&self, title: &str) -> String {
        let mut path = String::from(title);
        for heading in self.headings.iter().filter(|heading| heading.as_str() != title) {
            if !path.is_empty() {
                path.push_str(" › ");
            }
            path.push_str(heading);
        }
        if path.is_empty() {
            self.text.clone()
        } else {
            format!("{path}\n{}", self.text)
        }
    }
}
