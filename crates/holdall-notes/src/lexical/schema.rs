//! What is stored for a passage and what for a file, and how both look in the index.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tantivy::TantivyDocument;
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, SchemaBuilder, TextFieldIndexing,
    TextOptions,
};

use super::IndexError;
use crate::note::{Chunk, ContentHash, Link, Note, NoteDate, NotePath};
use crate::scan::FileState;
use crate::vectors::VectorKey;

/// The name our analyser has in the index.
pub(super) const ANALYSER: &str = "holdall";

/// Everything about a file but its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The name of the note.
    pub path: NotePath,
    /// Whether it can be found.
    #[serde(flatten)]
    pub state: FileState,
    /// Hash of the whole file; zeros if it was not read.
    #[serde(with = "hash_as_hex")]
    pub hash: ContentHash,
    /// Size of the file.
    pub bytes: u64,
    /// When the file was last changed.
    pub modified: Timestamp,
    /// Title of the note, its file name's stem if it was not read.
    pub title: String,
    /// Date of the note.
    pub date: NoteDate,
    /// Tags, lower case, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Links out of the note.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// Number of lines.
    pub lines: u32,
    /// Number of passages.
    pub passages: u32,
    /// What is wrong with the frontmatter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontmatter_problem: Option<String>,
}

impl FileRecord {
    /// The record of a note that was read.
    pub fn of(note: &Note) -> Self {
        Self {
            path: note.path.clone(),
            state: FileState::Indexed,
            hash: note.hash,
            bytes: note.bytes,
            modified: note.modified,
            title: note.title.clone(),
            date: note.date,
            tags: note.tags.clone(),
            links: note.links.clone(),
            lines: note.lines,
            passages: note.chunks.len() as u32,
            frontmatter_problem: note.frontmatter_problem.clone(),
        }
    }
}

mod hash_as_hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::note::ContentHash;

    pub(super) fn serialize<S: Serializer>(hash: &ContentHash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(hash)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ContentHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(text.as_bytes()).map_err(D::Error::custom)?;
        Ok(ContentHash(*hash.as_bytes()))
    }
}

/// A passage as it is stored: what the record of its file does not say already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredPassage {
    pub(super) ordinal: u32,
    pub(super) lines: (u32, u32),
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headings: Vec<String>,
    pub(super) text: String,
}

impl StoredPassage {
    pub(super) fn into_chunk(self) -> Chunk {
        Chunk {
            ordinal: self.ordinal,
            headings: self.headings,
            lines: self.lines.0..self.lines.1,
            text: self.text,
        }
    }
}

/// The fields of the index. Passages have all but `record`; files have `path`, `note` and `record`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(super) path: Field,
    /// [`note_number`] of the path.
    pub(super) note: Field,
    /// Both halves of the [`VectorKey`].
    pub(super) key_low: Field,
    pub(super) key_high: Field,
    pub(super) record: Field,
    pub(super) passage: Field,
    pub(super) title: Field,
    pub(super) headings: Field,
    pub(super) body: Field,
    /// Microseconds since 1970.
    pub(super) date: Field,
    /// Tags, and what they lie under: `a/b` and `a`.
    pub(super) tag: Field,
    /// The folders the note lies in, the outer ones included.
    pub(super) folder: Field,
}

pub(super) const NOTE: &str = "note";
pub(super) const KEY_LOW: &str = "key_low";
pub(super) const KEY_HIGH: &str = "key_high";

impl Fields {
    pub(super) fn new() -> (Schema, Self) {
        let mut schema = SchemaBuilder::new();
        let exact = || {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::Basic);
            TextOptions::default().set_indexing_options(indexing)
        };
        let words = || {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(ANALYSER)
                .set_index_option(IndexRecordOption::WithFreqsAndPositions);
            TextOptions::default().set_indexing_options(indexing)
        };
        let fast = || NumericOptions::default().set_fast();
        let stored = || BytesOptions::default().set_stored();
        let fields = Self {
            path: schema.add_text_field("path", exact()),
            note: schema.add_u64_field(NOTE, fast()),
            key_low: schema.add_u64_field(KEY_LOW, fast()),
            key_high: schema.add_u64_field(KEY_HIGH, fast()),
            record: schema.add_bytes_field("record", stored()),
            passage: schema.add_bytes_field("passage", stored()),
            title: schema.add_text_field("title", words()),
            headings: schema.add_text_field("headings", words()),
            body: schema.add_text_field("body", words()),
            date: schema.add_i64_field("date", fast()),
            tag: schema.add_text_field("tag", exact()),
            folder: schema.add_text_field("folder", exact()),
        };
        (schema.build(), fields)
    }

    /// The document of a file.
    pub(super) fn file(&self, record: &FileRecord) -> Result<TantivyDocument, IndexError> {
        let mut document = TantivyDocument::new();
        document.add_text(self.path, record.path.as_str());
        document.add_u64(self.note, note_number(&record.path));
        document.add_bytes(self.record, &json(record)?);
        Ok(document)
    }

    /// The document of a passage of `note`.
    pub(super) fn passage(&self, note: &Note, chunk: &Chunk) -> Result<TantivyDocument, IndexError> {
        let key = passage_key(&note.title, chunk);
        let stored = StoredPassage {
            ordinal: chunk.ordinal,
            lines: (chunk.lines.start, chunk.lines.end),
            headings: chunk.headings.clone(),
            text: chunk.text.clone(),
        };
        let mut document = TantivyDocument::new();
        document.add_text(self.path, note.path.as_str());
        document.add_u64(self.note, note_number(&note.path));
        document.add_u64(self.key_low, key.0 as u64);
        document.add_u64(self.key_high, (key.0 >> 64) as u64);
        document.add_bytes(self.passage, &json(&stored)?);
        document.add_text(self.title, &note.title);
        document.add_text(self.headings, chunk.headings.join("\n"));
        document.add_text(self.body, &chunk.text);
        document.add_i64(self.date, note.date.at.as_microsecond());
        note.tags
            .iter()
            .flat_map(|tag| ancestors(tag))
            .for_each(|tag| document.add_text(self.tag, tag));
        ancestors(note.path.folder()).for_each(|folder| document.add_text(self.folder, folder));
        Ok(document)
    }
}

/// The key of a passage's vector.
pub(super) fn passage_key(title: &str, chunk: &Chunk) -> VectorKey {
    ContentHash::of(chunk.embedded_text(title).as_bytes()).into()
}

/// A number that tells notes apart, for columns.
pub(crate) fn note_number(path: &NotePath) -> u64 {
    let hash = ContentHash::of(path.as_str().as_bytes());
    u64::from_le_bytes(hash.0[..8].try_into().expect("a hash has more than 8 bytes"))
}

/// `a/b/c` → `a/b/c`, `a/b`, `a`; nothing for an empty text.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(parent, _)| parent))
        .filter(|p| !p.is_empty())
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, IndexError> {
    serde_json::to_vec(value).map_err(|error| IndexError::Damaged(error.to_string()))
}
