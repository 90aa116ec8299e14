//! What was there at one moment: files, passages, and which of them have vectors.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tantivy::columnar::Column;
use tantivy::index::SegmentId;
use tantivy::query::{EnableScoring, Query, TermQuery};
use tantivy::schema::{IndexRecordOption, OwnedValue};
use tantivy::{DocAddress, DocId, Searcher, SegmentReader, TERMINATED, TantivyDocument, Term};

use super::schema::{Fields, KEY_HIGH, KEY_LOW, NOTE, StoredPassage, note_number};
use super::{FileRecord, IndexError};
use crate::note::{Chunk, NotePath};
use crate::scan::FileState;
use crate::vectors::{VectorKey, VectorRows};

/// A snapshot of the knowledge base. Stays what it is while it is held; cheap to hold.
pub struct Generation {
    searcher: Searcher,
    fields: Fields,
    rows: Option<Arc<VectorRows>>,
    segments: Vec<Arc<SegmentView>>,
    files: Arc<BTreeMap<NotePath, Arc<FileRecord>>>,
    by_number: HashMap<u64, Arc<FileRecord>>,
    notes: u64,
    passages: u32,
    embedded: u32,
}

/// A passage and the file it stands in.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The file.
    pub file: Arc<FileRecord>,
    /// The passage.
    pub chunk: Chunk,
}

/// A passage whose text has no vector yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPassage {
    /// The name its vector will have.
    pub key: VectorKey,
    /// The text to embed.
    pub text: String,
}

/// What is kept in memory of one segment of the index. Segments never change; they only lose documents.
pub(crate) struct SegmentView {
    id: SegmentId,
    files: Vec<(DocId, Arc<FileRecord>)>,
    /// Passages, removed ones included, as the statistics of words count them.
    pub(super) passages: u64,
    notes: Column<u64>,
    keys: Keys,
    rows: SegmentRows,
}

struct Keys {
    low: Column<u64>,
    high: Column<u64>,
}

/// Which row each passage has.
#[derive(Clone, Default)]
struct SegmentRows {
    /// Generation of the vectors, and how many of its rows were looked at.
    seen: Option<(u64, u32)>,
    /// By document; [`NO_ROW`] for files and for passages without a vector.
    of: Vec<u32>,
    /// Row and document, ascending by row, so that a scan reads memory in order.
    ascending: Vec<(u32, DocId)>,
}

const NO_ROW: u32 = u32::MAX;

impl Generation {
    /// The files, by path.
    pub fn files(&self) -> &BTreeMap<NotePath, Arc<FileRecord>> {
        &self.files
    }

    /// The same value in every generation between two commits, however many vectors come.
    pub(crate) fn shared_files(&self) -> Arc<BTreeMap<NotePath, Arc<FileRecord>>> {
        Arc::clone(&self.files)
    }

    /// How many notes can be found.
    pub fn notes(&self) -> u64 {
        self.notes
    }

    /// How many passages there are.
    pub fn passages(&self) -> u32 {
        self.passages
    }

    /// How many passages have a vector.
    pub fn embedded(&self) -> u32 {
        self.embedded
    }

    /// Up to `limit` texts that have no vector, each once.
    pub fn pending(&self, limit: usize) -> Result<Vec<PendingPassage>, IndexError> {
        let mut pending = Vec::new();
        let mut seen = HashSet::new();
        for (ordinal, segment, reader) in self.parts() {
            for doc in reader
                .doc_ids_alive()
                .filter(|&doc| segment.row_of(doc).is_none())
            {
                if pending.len() >= limit {
                    return Ok(pending);
                }
                let Some(key) = segment.keys.of(doc) else { continue };
                if seen.insert(key) {
                    let passage = self.passage(DocAddress::new(ordinal, doc))?;
                    pending.push(PendingPassage {
                        key,
                        text: passage.chunk.embedded_text(&passage.file.title),
                    });
                }
            }
        }
        Ok(pending)
    }

    /// The keys of all passages: every other vector is garbage.
    pub fn live_keys(&self) -> HashSet<VectorKey> {
        let parts = self.parts();
        parts
            .flat_map(|(_, segment, reader)| reader.doc_ids_alive().filter_map(|doc| segment.keys.of(doc)))
            .collect()
    }

    /// The passages of a note, in the order of its text; none if there is no such note.
    pub fn passages_of(&self, path: &NotePath) -> Result<Vec<Passage>, IndexError> {
        let mut passages = Vec::new();
        for address in self.addresses_of(path)? {
            passages.push(self.passage(address)?);
        }
        passages.sort_by_key(|passage: &Passage| passage.chunk.ordinal);
        Ok(passages)
    }

    pub(super) fn read(
        searcher: Searcher,
        fields: Fields,
        rows: Option<Arc<VectorRows>>,
        before: Option<&Self>,
    ) -> Result<Self, IndexError> {
        let known: HashMap<SegmentId, &Arc<SegmentView>> = before
            .into_iter()
            .flat_map(|before| &before.segments)
            .map(|segment| (segment.id, segment))
            .collect();
        let mut generation = Self {
            fields,
            rows,
            segments: Vec::new(),
            files: Arc::default(),
            by_number: HashMap::new(),
            notes: 0,
            passages: 0,
            embedded: 0,
            searcher,
        };
        let mut files = BTreeMap::new();
        for reader in generation.searcher.segment_readers() {
            let segment = match known.get(&reader.segment_id()) {
                Some(known) => Arc::clone(known),
                None => Arc::new(SegmentView::read(reader, fields)?),
            };
            let segment = segment.with_rows(generation.rows.as_deref());
            for (_, record) in segment.files.iter().filter(|(doc, _)| !reader.is_deleted(*doc)) {
                files.insert(record.path.clone(), Arc::clone(record));
                generation
                    .by_number
                    .insert(note_number(&record.path), Arc::clone(record));
                if record.state == FileState::Indexed {
                    generation.notes += 1;
                    generation.passages += record.passages;
                }
            }
            let alive = segment
                .rows
                .ascending
                .iter()
                .filter(|(_, doc)| !reader.is_deleted(*doc));
            generation.embedded += alive.count() as u32;
            generation.segments.push(segment);
        }
        generation.files = match before {
            Some(before) if before.has_commit_of(&generation.searcher) => Arc::clone(&before.files),
            _ => Arc::new(files),
        };
        Ok(generation)
    }

    /// Whether nothing has changed.
    pub(super) fn is_of(&self, searcher: &Searcher, rows: Option<&VectorRows>) -> bool {
        let seen = |rows: &VectorRows| (rows.generation(), rows.len());
        self.has_commit_of(searcher) && self.rows.as_deref().map(seen) == rows.map(seen)
    }

    fn has_commit_of(&self, searcher: &Searcher) -> bool {
        self.searcher.generation().segments() == searcher.generation().segments()
    }

    pub(crate) fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(crate) fn rows(&self) -> Option<&VectorRows> {
        self.rows.as_deref()
    }

    /// The segments with their readers, and their numbers.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (u32, &SegmentView, &SegmentReader)> {
        let pairs = self.segments.iter().zip(self.searcher.segment_readers());
        (0..)
            .zip(pairs)
            .map(|(ordinal, (segment, reader))| (ordinal, segment.as_ref(), reader))
    }

    pub(crate) fn segment(&self, ordinal: u32) -> &SegmentView {
        &self.segments[ordinal as usize]
    }

    /// Where the passages of a note are, in no order.
    pub(crate) fn addresses_of(&self, path: &NotePath) -> Result<Vec<DocAddress>, IndexError> {
        let query = TermQuery::new(
            Term::from_field_text(self.fields.path, path.as_str()),
            IndexRecordOption::Basic,
        );
        let weight = query.weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        let mut addresses = Vec::new();
        for (ordinal, segment, reader) in self.parts() {
            let mut docs = weight.scorer(reader, 1.0)?;
            while docs.doc() != TERMINATED {
                if !reader.is_deleted(docs.doc()) && segment.keys.of(docs.doc()).is_some() {
                    addresses.push(DocAddress::new(ordinal, docs.doc()));
                }
                docs.advance();
            }
        }
        Ok(addresses)
    }

    /// Reads a passage from the store.
    pub(crate) fn passage(&self, address: DocAddress) -> Result<Passage, IndexError> {
        let document: TantivyDocument = self.searcher.doc(address)?;
        let stored: StoredPassage = stored(&document, self.fields.passage)?;
        Ok(Passage {
            file: self.file_of(address)?,
            chunk: stored.into_chunk(),
        })
    }

    /// The file a passage stands in.
    pub(crate) fn file_of(&self, address: DocAddress) -> Result<Arc<FileRecord>, IndexError> {
        let number = self.segment(address.segment_ord).note_of(address.doc_id);
        self.by_number
            .get(&number)
            .cloned()
            .ok_or_else(|| IndexError::Damaged("a passage has no file".into()))
    }
}

impl SegmentView {
    fn read(reader: &SegmentReader, fields: Fields) -> Result<Self, IndexError> {
        let columns = reader.fast_fields();
        let keys = Keys {
            low: columns.u64(KEY_LOW)?,
            high: columns.u64(KEY_HIGH)?,
        };
        let store = reader.get_store_reader(1).map_err(|source| IndexError::Io {
            action: "read",
            source,
        })?;
        let mut files = Vec::new();
        let mut passages = 0;
        for doc in 0..reader.max_doc() {
            if keys.of(doc).is_some() {
                passages += 1;
            } else if !reader.is_deleted(doc) {
                let record = stored(&store.get::<TantivyDocument>(doc)?, fields.record)?;
                files.push((doc, Arc::new(record)));
            }
        }
        let rows = SegmentRows {
            of: vec![NO_ROW; reader.max_doc() as usize],
            ..SegmentRows::default()
        };
        Ok(Self {
            id: reader.segment_id(),
            files,
            passages,
            notes: columns.u64(NOTE)?,
            keys,
            rows,
        })
    }

    /// The number of the note a document belongs to.
    pub(crate) fn note_of(&self, doc: DocId) -> u64 {
        self.notes.first(doc).unwrap_or_default()
    }

    /// The row of a passage's vector.
    pub(crate) fn row_of(&self, doc: DocId) -> Option<u32> {
        self.rows
            .of
            .get(doc as usize)
            .copied()
            .filter(|&row| row != NO_ROW)
    }

    /// All passages that have a vector, removed ones included, ascending by row.
    pub(crate) fn ascending_rows(&self) -> &[(u32, DocId)] {
        &self.rows.ascending
    }

    /// The same segment, joined with `rows`. Looks only for what had no vector before.
    fn with_rows(self: Arc<Self>, rows: Option<&VectorRows>) -> Arc<Self> {
        let seen = rows.map(|rows| (rows.generation(), rows.len()));
        if self.rows.seen == seen {
            return self;
        }
        let mut of = match (self.rows.seen, seen) {
            (Some((before, _)), Some((now, _))) if before == now => self.rows.of.clone(),
            _ => vec![NO_ROW; self.rows.of.len()],
        };
        if let Some(rows) = rows {
            for (doc, row) in (0..).zip(&mut of).filter(|(_, row)| **row == NO_ROW) {
                if let Some(found) = self.keys.of(doc).and_then(|key| rows.row_of(key)) {
                    *row = found;
                }
            }
        }
        let mut ascending: Vec<_> = of
            .iter()
            .copied()
            .zip(0..)
            .filter(|(row, _)| *row != NO_ROW)
            .collect();
        ascending.sort_unstable();
        Arc::new(Self {
            id: self.id,
            files: self.files.clone(),
            passages: self.passages,
            notes: self.notes.clone(),
            keys: Keys {
                low: self.keys.low.clone(),
                high: self.keys.high.clone(),
            },
            rows: SegmentRows { seen, of, ascending },
        })
    }
}

impl Keys {
    /// The key of a passage; `None` for a file.
    fn of(&self, doc: DocId) -> Option<VectorKey> {
        let (low, high) = (self.low.first(doc)?, self.high.first(doc)?);
        Some(VectorKey(u128::from(low) | u128::from(high) << 64))
    }
}

fn stored<T: serde::de::DeserializeOwned>(
    document: &TantivyDocument,
    field: tantivy::schema::Field,
) -> Result<T, IndexError> {
    let bytes = match document.get_first(field).map(OwnedValue::from) {
        Some(OwnedValue::Bytes(bytes)) => bytes,
        _ => return Err(IndexError::Damaged("a document has no content".into())),
    };
    serde_json::from_slice(&bytes).map_err(|error| IndexError::Damaged(error.to_string()))
}
