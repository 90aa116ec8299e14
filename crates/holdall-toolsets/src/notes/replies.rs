//! What the tools reply: structured for programs, and as text for models.
//!
//! The text says the same as the structure with fewer tokens: passages stay Markdown instead of becoming JSON
//! strings.

use std::fmt::Write;

use holdall::prelude::*;
use holdall_notes::when::Interval;
use holdall_notes::{
    DateSource, FileRecord, ListPage, NoteText, Notebook, RelatedNote, Relation, SearchMode, SearchResults,
    Status, Written,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::arguments::note_uri;
use crate::excerpt::{cut_line, fitting, from_byte_of};

/// A note as it is named in every reply.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct NoteName {
    /// Path, as the other tools take it.
    path: String,
    /// URI of the resource.
    uri: String,
    title: String,
    /// The day the note is about: YYYY-MM-DD.
    date: String,
    /// Where the date comes from: "frontmatter", "file_name" or "modified".
    date_source: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

impl NoteName {
    fn new(record: &FileRecord, zone: &TimeZone) -> Self {
        Self {
            path: record.path.to_string(),
            uri: note_uri(&record.path),
            title: record.title.clone(),
            date: day(record.date.at, zone),
            date_source: match record.date.source {
                DateSource::Frontmatter => "frontmatter",
                DateSource::FileName => "file_name",
                DateSource::Modified => "modified",
            },
            tags: record.tags.clone(),
        }
    }

    /// `path — title (date) #tag`
    fn line(&self) -> String {
        let tags: String = self.tags.iter().map(|tag| format!(" #{tag}")).collect();
        format!("{} — {} ({}){tags}", self.path, self.title, self.date)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct SearchReply {
    /// Passages, best first.
    hits: Vec<HitReply>,
    legs: LegsReply,
    /// The interval that was searched, with its time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    /// What limits this answer, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct HitReply {
    #[serde(flatten)]
    name: NoteName,
    /// Headings the passage stands under, outermost first.
    headings: Vec<String>,
    /// First line of the passage, counted from 1.
    from_line: u32,
    /// Last line of the passage.
    to_line: u32,
    /// Between 0 and 1; compare only within one reply.
    score: f64,
    /// BM25 of the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    lexical_score: Option<f64>,
    /// Cosine of the meanings.
    #[serde(skip_serializing_if = "Option::is_none")]
    dense_score: Option<f64>,
    /// The sentences that answer best.
    snippet: String,
    /// The passage, in Markdown.
    passage: String,
}

/// Which ways of searching took part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LegsReply {
    /// Words were searched.
    lexical: bool,
    /// Meaning was searched.
    dense: bool,
    /// Passages there are.
    passages: u32,
    /// Passages that can be found by meaning so far.
    embedded: u32,
}

impl SearchReply {
    pub(super) fn new(
        results: &SearchResults,
        mode: SearchMode,
        when: Option<Interval>,
        notebook: &Notebook,
        missing: Option<String>,
    ) -> Self {
        let now = notebook.now();
        let hits = results.hits.iter().map(|hit| HitReply {
            name: NoteName::new(&hit.file, now.time_zone()),
            headings: hit.chunk.headings.clone(),
            from_line: hit.chunk.lines.start,
            to_line: hit.chunk.lines.end.saturating_sub(1),
            score: rounded(hit.score.total),
            lexical_score: hit.score.lexical.map(rounded),
            dense_score: hit.score.dense.map(rounded),
            snippet: hit.snippet.clone(),
            passage: hit.chunk.text.clone(),
        });
        let legs = results.legs;
        Self {
            hits: hits.collect(),
            legs: LegsReply {
                lexical: legs.lexical,
                dense: legs.dense,
                passages: legs.passages,
                embedded: legs.embedded,
            },
            interval: when.map(|when| when.describe()),
            note: missing.or_else(|| limits(results, mode, notebook)),
        }
    }

    pub(super) fn text(&self, query: &str) -> String {
        let mut text = match self.hits.len() {
            0 => format!("No passage found for: {query}\n"),
            1 => "1 passage, from the user's notes:\n".to_owned(),
            count => format!("{count} passages, best first, from the user's notes:\n"),
        };
        if let Some(interval) = &self.interval {
            let _ = writeln!(text, "(notes dated {interval})");
        }
        if let Some(note) = &self.note {
            let _ = writeln!(text, "({note})");
        }
        for (index, hit) in self.hits.iter().enumerate() {
            let _ = write!(text, "\n[{}] {}", index + 1, hit.name.line());
            if !hit.headings.is_empty() {
                let _ = write!(text, " › {}", hit.headings.join(" › "));
            }
            let _ = writeln!(text, ", lines {}–{}", hit.from_line, hit.to_line);
            for line in hit.passage.trim_end().lines() {
                let _ = writeln!(text, "> {line}");
            }
        }
        text
    }
}

/// What a reader of the results should know about how complete they are.
fn limits(results: &SearchResults, mode: SearchMode, notebook: &Notebook) -> Option<String> {
    let progress = notebook.progress();
    let legs = results.legs;
    let mut said = Vec::new();
    if !progress.scanned {
        let (done, all) = (progress.files_done, progress.files_to_do);
        said.push(format!(
            "the notes are still being indexed, {done} of {all} files so far"
        ));
    }
    if mode != SearchMode::Lexical && !legs.dense && legs.passages > 0 {
        let searched = match mode {
            SearchMode::Dense => "nothing was searched",
            _ => "searched by words alone",
        };
        let reason = match notebook.is_semantic() {
            true => "search by meaning is not ready",
            false => "search by meaning is switched off",
        };
        said.push(format!("{searched}: {reason}"));
    } else if legs.dense && legs.embedded < legs.passages {
        let (done, all) = (legs.embedded, legs.passages);
        said.push(format!(
            "{done} of {all} passages can be found by meaning so far, the others by words"
        ));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct NoteReply {
    path: String,
    /// URI of the resource.
    uri: String,
    /// First line given, counted from 1.
    from_line: u32,
    /// Last line given.
    to_line: u32,
    /// Lines the note has.
    lines_total: u32,
    /// Hash of the whole note: the `expected_hash` of a write.
    hash: String,
    /// The Markdown.
    text: String,
    /// Where the note goes on, or why there is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl NoteReply {
    pub(super) fn new(note: NoteText, from_byte: usize) -> CallResult<Self> {
        let (from_line, lines_total) = (note.lines.start, note.lines_total);
        let first = from_line as usize;
        let (text, lines) = match note.text.is_empty() {
            true => ("", 0),
            false => fitting(from_byte_of(&note.text, first, from_byte)?),
        };
        let to_line = (from_line + lines).saturating_sub(1);
        let said = if lines_total == 0 {
            Some("the note is empty".to_owned())
        } else if from_line > lines_total {
            Some(format!("the note ends at line {lines_total}"))
        } else if let Some(said) = cut_line(&note.text, first, from_byte, text) {
            Some(said)
        } else if to_line < lines_total {
            Some(format!("read on with from_line={}", to_line + 1))
        } else {
            None
        };
        Ok(Self {
            uri: note_uri(&note.path),
            path: note.path.to_string(),
            from_line,
            to_line,
            lines_total,
            hash: note.hash.to_string(),
            text: text.to_owned(),
            note: said,
        })
    }

    pub(super) fn text(&self) -> String {
        let Self {
            path,
            from_line,
            to_line,
            lines_total,
            hash,
            text,
            note,
            ..
        } = self;
        let lines = match to_line < from_line {
            true => format!("no lines of {lines_total}"),
            false => format!("lines {from_line}–{to_line} of {lines_total}"),
        };
        let note = note.iter().map(|note| format!("\n({note})"));
        let note: String = note.collect();
        format!("{path}, {lines}, hash {hash}\n\n{text}{note}")
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ListReply {
    notes: Vec<NoteName>,
    /// Notes on all pages.
    total: usize,
    /// `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The interval that was listed, with its time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    /// Why there is nothing: what was asked for is not there at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl ListReply {
    pub(super) fn new(
        page: ListPage,
        when: Option<Interval>,
        zone: &TimeZone,
        missing: Option<String>,
    ) -> Self {
        Self {
            notes: page.notes.iter().map(|note| NoteName::new(note, zone)).collect(),
            total: page.total,
            next: page.next,
            interval: when.map(|when| when.describe()),
            note: missing,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{} of {} notes", self.notes.len(), self.total);
        if let Some(interval) = &self.interval {
            let _ = write!(text, " dated {interval}");
        }
        text.push_str(":\n");
        for note in &self.notes {
            let _ = writeln!(text, "- {}", note.line());
        }
        if let Some(note) = &self.note {
            let _ = writeln!(text, "({note})");
        }
        if let Some(next) = &self.next {
            let _ = writeln!(text, "(go on with cursor=\"{next}\")");
        }
        text
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ChangeReply {
    path: String,
    /// URI of the resource.
    uri: String,
    /// Hash of the note now; absent if undoing removed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// Hash of the note before; absent if it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_hash: Option<String>,
    /// What changed, as a unified diff.
    diff: String,
    /// Size of the note now.
    bytes: u64,
}

impl ChangeReply {
    pub(super) fn new(written: Written) -> Self {
        Self {
            uri: note_uri(&written.path),
            path: written.path.to_string(),
            hash: written.hash.map(|hash| hash.to_string()),
            old_hash: written.old_hash.map(|hash| hash.to_string()),
            diff: written.diff,
            bytes: written.bytes,
        }
    }

    pub(super) fn text(&self) -> String {
        let (path, bytes) = (&self.path, self.bytes);
        match (&self.old_hash, &self.hash) {
            (None, Some(hash)) => format!("Created {path}, {bytes} bytes, hash {hash}"),
            (_, None) => format!("Removed {path}, which the undone change had created"),
            (Some(_), Some(hash)) if self.diff.is_empty() => format!("{path} is unchanged, hash {hash}"),
            (Some(_), Some(hash)) => format!("Changed {path}, hash {hash}\n\n{}", self.diff),
        }
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct RelatedReply {
    notes: Vec<RelatedNoteReply>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct RelatedNoteReply {
    #[serde(flatten)]
    name: NoteName,
    /// "links_to": the note links to it; "linked_from": it links to the note; "similar": its meaning is close.
    relations: Vec<&'static str>,
    /// Cosine of the closest passages.
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<f64>,
}

impl RelatedReply {
    pub(super) fn new(related: Vec<RelatedNote>, zone: &TimeZone) -> Self {
        let notes = related.iter().map(|related| RelatedNoteReply {
            name: NoteName::new(&related.note, zone),
            relations: related.relations.iter().map(|relation| word(*relation)).collect(),
            similarity: related.similarity.map(rounded),
        });
        Self {
            notes: notes.collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        if self.notes.is_empty() {
            return "No related notes.".to_owned();
        }
        let lines = self
            .notes
            .iter()
            .map(|note| format!("- {} [{}]\n", note.name.line(), note.relations.join(", ")));
        lines.collect()
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct StatusReply {
    /// The folders.
    roots: Vec<String>,
    /// "writer" keeps the index, "reader" follows another process that does.
    role: String,
    /// Whether every file has been looked at since the start.
    scanned: bool,
    /// Notes that can be found.
    notes: u64,
    /// Passages that can be found by words.
    passages: u64,
    /// Passages that can be found by meaning too.
    embedded: u64,
    /// How changes are noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    watching: Option<String>,
    /// The embedding model.
    model: String,
    /// Files that were skipped or failed, or whose frontmatter is malformed.
    problems: Vec<ProblemReply>,
    /// What went wrong last in the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ProblemReply {
    path: String,
    /// "skipped", "failed", or "warning" for a note that is indexed all the same.
    state: &'static str,
    reason: String,
}

impl StatusReply {
    pub(super) fn new(status: Status) -> Self {
        let problems = status.problems.into_iter().map(|problem| ProblemReply {
            path: problem.path,
            state: problem.state,
            reason: problem.reason,
        });
        Self {
            roots: status.roots,
            role: status.progress.role.to_string(),
            scanned: status.progress.scanned,
            notes: status.progress.notes,
            passages: status.progress.passages,
            embedded: status.progress.embedded,
            watching: status.watching,
            model: status.model,
            problems: problems.collect(),
            last_error: status.last_error,
        }
    }
}

fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::LinksTo => "links_to",
        Relation::LinkedFrom => "linked_from",
        Relation::Similar => "similar",
    }
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).date().to_string()
}

/// Three decimals say enough and cost less.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1000.0).round() / 1000.0
}
