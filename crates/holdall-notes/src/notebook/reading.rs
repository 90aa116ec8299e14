//! What notes say, which there are, and which belong together.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::library::Library;
use crate::error::NotesError;
use crate::lexical::FileRecord;
use crate::note::{ContentHash, NotePath};
use crate::parse::LinkResolver;
use crate::root::NOTE_BYTES_MAX;
use crate::scan::FileState;
use crate::search::{self, Filter};

/// A note, or some lines of it, as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteText {
    /// The note, spelled as on the disk.
    pub path: NotePath,
    /// The text asked for, line breaks as in the file.
    pub text: String,
    /// The lines given, counted from 1, end excluded.
    pub lines: Range<u32>,
    /// How many lines the note has.
    pub lines_total: u32,
    /// Hash of the whole file: the `expected_hash` of a write.
    pub hash: ContentHash,
    /// When the file was last changed.
    pub modified: Timestamp,
}

/// How a listing is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By date, youngest first.
    #[default]
    Date,
    /// By last change, youngest first.
    Modified,
    /// By path.
    Path,
    /// By title.
    Title,
}

/// Which notes to list.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// Which notes.
    pub filter: Filter,
    /// The order.
    pub sort: Sort,
    /// How many at most.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// The notes.
    pub notes: Vec<Arc<FileRecord>>,
    /// How many there are on all pages.
    pub total: usize,
    /// Where to go on.
    pub next: Option<String>,
}

/// Why a note is related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The note links to it.
    LinksTo,
    /// It links to the note.
    LinkedFrom,
    /// It means something similar.
    Similar,
}

/// A related note.
#[derive(Clone, Debug)]
pub struct RelatedNote {
    /// The note.
    pub note: Arc<FileRecord>,
    /// Why, each reason once.
    pub relations: Vec<Relation>,
    /// Cosine similarity of the closest passages, where it is known.
    pub similarity: Option<f32>,
}

impl Library {
    pub(super) fn read(&self, path: &str, lines: Option<Range<u32>>) -> Result<NoteText, NotesError> {
        let path = self.resolve(path)?;
        let raw = self.roots.read(&path, NOTE_BYTES_MAX)?;
        let hash = ContentHash::of(&raw.bytes);
        let text = String::from_utf8(raw.bytes).map_err(|error| NotesError::NotText {
            path: raw.path.to_string(),
            reason: format!("it is not UTF-8 text (byte {})", error.utf8_error().valid_up_to()),
        })?;
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let wanted = lines.unwrap_or(1..total.saturating_add(1));
        let start = wanted.start.max(1).min(total.saturating_add(1));
        let end = wanted.end.clamp(start, total.saturating_add(1));
        let text = all[start as usize - 1..end as usize - 1].concat();
        Ok(NoteText {
            path: raw.path,
            text,
            lines: start..end,
            lines_total: total,
            hash,
            modified: raw.modified,
        })
    }

    /// First as a path, then as a bare name among the notes the index knows.
    pub(super) fn resolve(&self, text: &str) -> Result<NotePath, NotesError> {
        let error = match self.roots.find(text) {
            Ok(path) => return Ok(path),
            Err(error @ NotesError::NotFound { .. }) if !text.contains('/') => error,
            Err(error) => return Err(error),
        };
        let wanted = text.to_lowercase();
        let generation = self.generation()?;
        let mut fitting: Vec<&NotePath> = generation
            .files()
            .keys()
            .filter(|path| path.file_name().to_lowercase() == wanted || path.stem().to_lowercase() == wanted)
            .collect();
        match (fitting.pop(), fitting.is_empty()) {
            (None, _) => Err(error),
            (Some(only), true) => self.roots.find(only.as_str()),
            (Some(last), false) => Err(NotesError::Ambiguous {
                name: text.to_owned(),
                candidates: fitting
                    .into_iter()
                    .chain([last])
                    .map(ToString::to_string)
                    .collect(),
            }),
        }
    }

    pub(super) fn list(&self, request: &ListRequest) -> Result<ListPage, NotesError> {
        let generation = self.generation()?;
        let mut notes: Vec<Arc<FileRecord>> = generation
            .files()
            .values()
            .filter(|record| record.state == FileState::Indexed && request.filter.matches(record))
            .cloned()
            .collect();
        notes.sort_by_cached_key(|record| sort_key(request.sort, record));
        let total = notes.len();
        let start = match &request.cursor {
            None => 0,
            Some(cursor) => match notes
                .iter()
                .position(|record| record.path.as_str() == cursor.as_str())
            {
                Some(last) => last + 1,
                None => {
                    return Err(NotesError::InvalidArgument {
                        what: format!(
                            "`{cursor}` is not where a page of this list ended, or the note is gone; start again without a cursor"
                        ),
                    });
                }
            },
        };
        let page: Vec<Arc<FileRecord>> = notes.into_iter().skip(start).take(request.limit.max(1)).collect();
        let more = start + page.len() < total;
        let next = page.last().filter(|_| more).map(|last| last.path.to_string());
        Ok(ListPage {
            notes: page,
            total,
            next,
        })
    }

    pub(super) fn related(&self, path: &str, limit: usize) -> Result<Vec<RelatedNote>, NotesError> {
        let path = self.resolve(path)?;
        let generation = self.generation()?;
        let mut found: HashMap<NotePath, RelatedNote> = HashMap::new();
        let mut add = |other: &NotePath, relation: Relation, similarity: Option<f32>| {
            if *other == path {
                return;
            }
            let Some(note) = generation.files().get(other) else {
                return;
            };
            let related = found.entry(other.clone()).or_insert_with(|| RelatedNote {
                note: Arc::clone(note),
                relations: Vec::new(),
                similarity: None,
            });
            if !related.relations.contains(&relation) {
                related.relations.push(relation);
            }
            related.similarity = similarity.or(related.similarity);
        };
        let resolver = LinkResolver::new(generation.files().keys());
        for (other, record) in generation.files() {
            for link in &record.links {
                match resolver.resolve(other, link) {
                    Some(target) if *other == path => add(target, Relation::LinksTo, None),
                    Some(target) if *target == path => add(other, Relation::LinkedFrom, None),
                    _ => {}
                }
            }
        }
        for (other, similarity) in search::similar_notes(&generation, &path, limit)? {
            add(&other.path, Relation::Similar, Some(similarity));
        }
        let mut related: Vec<RelatedNote> = found.into_values().collect();
        related.sort_by(|a, b| {
            let links = |note: &RelatedNote| {
                note.relations
                    .iter()
                    .any(|relation| *relation != Relation::Similar)
            };
            let closeness = |note: &RelatedNote| note.similarity.unwrap_or(0.0);
            links(b)
                .cmp(&links(a))
                .then(closeness(b).total_cmp(&closeness(a)))
                .then_with(|| a.note.path.cmp(&b.note.path))
        });
        related.truncate(limit);
        Ok(related)
    }

    pub(super) fn complete(&self, typed: &str, limit: usize) -> Vec<NotePath> {
        let Ok(generation) = self.generation() else {
            return Vec::new();
        };
        let typed = typed.to_lowercase();
        let fits = |test: &dyn Fn(&str) -> bool| -> Vec<NotePath> {
            let paths = generation
                .files()
                .values()
                .filter(|record| {
                    record.state == FileState::Indexed && test(&record.path.as_str().to_lowercase())
                })
                .map(|record| record.path.clone());
            paths.take(limit).collect()
        };
        let mut paths = fits(&|path| path.starts_with(&typed));
        let seen: HashSet<NotePath> = paths.iter().cloned().collect();
        paths.extend(
            fits(&|path| path.contains(&typed))
                .into_iter()
                .filter(|path| !seen.contains(path)),
        );
        paths.truncate(limit);
        paths
    }
}

/// Ascending by this is the order asked for; the path decides between equals.
fn sort_key(sort: Sort, record: &FileRecord) -> (i128, String, NotePath) {
    let youngest_first = |at: Timestamp| -at.as_nanosecond();
    let (number, text) = match sort {
        Sort::Date => (youngest_first(record.date.at), String::new()),
        Sort::Modified => (youngest_first(record.modified), String::new()),
        Sort::Path => (0, String::new()),
        Sort::Title => (0, record.title.to_lowercase()),
    };
    (number, text, record.path.clone())
}
