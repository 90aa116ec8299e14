//! Text becomes a [`Note`]: frontmatter, title, date, tags, headings, links and chunks.
//!
//! Nothing here touches the file system: `scan` reads files, `chunk` decides where passages begin and end.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `lines` | on which line is this byte |
//! | `frontmatter` | where does the body begin, what do the fields say |
//! | `dates` | which instant does a written date mean |
//! | `document` | which blocks, headings, links and tags does the Markdown hold |
//! | `tags` | which words of a text are tags |
//! | `links` | which note does a link name |

mod dates;
mod document;
mod frontmatter;
mod lines;
mod links;
mod tags;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chunk::{ChunkLimits, chunk};
use crate::note::{ContentHash, DateSource, Note, NoteDate, NotePath};

pub use dates::{date_in_file_name, parse_date};
pub use lines::Lines;
pub use links::LinkResolver;

pub(crate) use document::{BreakLevel, Document, HeadingLines};

/// Turns the text of files into notes.
///
/// ```
/// use holdall_notes::chunk::{ChunkLimits, estimated_tokens};
/// use holdall_notes::note::NotePath;
/// use holdall_notes::parse::NoteParser;
///
/// let parser = NoteParser {
///     zone: &jiff::tz::TimeZone::UTC,
///     limits: ChunkLimits::default(),
///     count_tokens: &estimated_tokens,
/// };
/// let path: NotePath = serde_json::from_str("\"ideas/mcp.md\"").expect("a string");
/// let note = parser.parse(path, "---\ntags: [rust]\n---\n# MCP\n\nServers in #Rust.\n", jiff::Timestamp::UNIX_EPOCH);
/// assert_eq!(note.title, "MCP");
/// assert_eq!(note.tags, ["rust"]);
/// assert_eq!(note.chunks[0].lines, 6..7);
/// ```
#[derive(Clone, Copy)]
pub struct NoteParser<'a> {
    /// Where dates without an offset are at home.
    pub zone: &'a TimeZone,
    /// How long passages are.
    pub limits: ChunkLimits,
    /// Counts the tokens of a text, as the embedding model would.
    pub count_tokens: &'a (dyn Fn(&str) -> usize + Sync),
}

impl NoteParser<'_> {
    /// Parses the whole text of a file. Never fails: what cannot be read is reported in the note itself.
    ///
    /// `modified` is the file's modification time; it dates notes that carry no date of their own.
    pub fn parse(&self, path: NotePath, text: &str, modified: Timestamp) -> Note {
        let mut front = frontmatter::read(text);
        let document = Document::parse(text, front.body_start);

        let title = front
            .take_title()
            .or_else(|| document.first_title())
            .unwrap_or_else(|| words_of_file_name(&path));
        let date = self.date(&mut front, &path, modified);
        let tags = tags::collected(&front.take_tags(), document.tags());
        let chunks = chunk(&document, &title, self.limits, self.count_tokens);

        Note {
            title,
            date,
            modified,
            tags,
            headings: document
                .headings()
                .map(|heading| heading.heading.clone())
                .collect(),
            links: document.links().to_vec(),
            chunks,
            hash: ContentHash::of(text.as_bytes()),
            bytes: text.len() as u64,
            lines: document.lines().count(),
            fields: front.fields,
            frontmatter_problem: front.problem,
            path,
        }
    }

    /// Frontmatter → file name → modification time.
    fn date(&self, front: &mut frontmatter::Frontmatter, path: &NotePath, modified: Timestamp) -> NoteDate {
        if let Some(at) = front.take_date(self.zone) {
            return NoteDate {
                at,
                source: DateSource::Frontmatter,
            };
        }
        match date_in_file_name(path.file_name(), self.zone) {
            Some(at) => NoteDate {
                at,
                source: DateSource::FileName,
            },
            None => NoteDate {
                at: modified,
                source: DateSource::Modified,
            },
        }
    }
}

impl fmt::Debug for NoteParser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteParser")
            .field("zone", &self.zone)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Where the body of a file begins, in bytes: after its byte order mark and frontmatter.
pub(crate) fn body_start(text: &str) -> usize {
    frontmatter::read(text).body_start
}

/// Text for a title: one line, without what a terminal obeys and without marks that reorder the text around it.
pub(crate) fn one_line(text: &str) -> String {
    let is_obeyed = |c: &char| {
        (c.is_control() && !c.is_whitespace())
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text: String = text.chars().filter(|c| !is_obeyed(c)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `mcp-server_notes.md` → `mcp server notes`; hyphens between digits stay, they are dates and versions.
fn words_of_file_name(path: &NotePath) -> String {
    let stem: Vec<char> = path.stem().chars().collect();
    let is_digit = |index: Option<usize>| {
        index
            .and_then(|at| stem.get(at))
            .is_some_and(char::is_ascii_digit)
    };
    let spaced: String = stem
        .iter()
        .enumerate()
        .map(|(at, &c)| match c {
            '_' | '-' if !(is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))) => ' ',
            other => other,
        })
        .collect();
    let words = one_line(&spaced);
    if words.is_empty() {
        path.file_name().to_owned()
    } else {
        words
    }
}

#[cfg(test)]
mod tests;
