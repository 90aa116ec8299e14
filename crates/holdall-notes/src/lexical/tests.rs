use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::chunk::{ChunkLimits, estimated_tokens};
use crate::embed::{EmbedError, Embedder};
use crate::note::{ContentHash, DateSource, Note, NoteDate, NotePath};
use crate::parse::NoteParser;
use crate::scan::FileState;
use crate::vectors::{VectorStore, VectorWriter};

/// Counts words into a vector: texts with the same words are near each other.
pub(crate) struct WordCounter;

impl WordCounter {
    const DIMENSIONS: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

    pub(crate) fn vector(text: &str) -> Vec<f32> {
        let mut vector = vec![0.01; Self::DIMENSIONS.get()];
        for token in Analyser::new().tokens(text) {
            let hash = ContentHash::of(token.text.as_bytes());
            vector[usize::from(hash.0[0]) % Self::DIMENSIONS] += 1.0;
        }
        let length = vector.iter().map(|c| c * c).sum::<f32>().sqrt();
        vector.iter().map(|c| c / length).collect()
    }
}

impl Embedder for WordCounter {
    fn id(&self) -> &str {
        "words"
    }

    fn dimensions(&self) -> usize {
        Self::DIMENSIONS.get()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| Self::vector(text)).collect())
    }
}

/// A knowledge base in a temporary folder.
pub(crate) struct Base {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) index: LexicalIndex,
    pub(crate) words: LexicalWriter,
    pub(crate) vectors: VectorWriter,
}

impl Base {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let index = LexicalIndex::open(&folder.path().join("words")).expect("the index opens");
        let store = Arc::new(VectorStore::open(folder.path(), "words", 64).expect("the store opens"));
        let vectors = VectorWriter::open(store).expect("the vector writer opens");
        let words = index.writer().expect("the writer opens");
        Self {
            folder,
            index,
            words,
            vectors,
        }
    }

    pub(crate) fn with(notes: &[(&str, &str)]) -> Self {
        let mut base = Self::new();
        notes.iter().for_each(|(path, text)| base.put(path, text));
        base.commit();
        base.embed();
        base
    }

    pub(crate) fn put(&mut self, path: &str, text: &str) {
        self.words.put_note(&note(path, text)).expect("the note is put");
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.words.remove(&NotePath::new(path));
    }

    pub(crate) fn commit(&mut self) {
        self.words.commit().expect("commits");
    }

    pub(crate) fn embed(&mut self) {
        let pending = self
            .generation()
            .pending(usize::MAX)
            .expect("pending passages are read");
        let vectors: Vec<_> = pending
            .iter()
            .map(|passage| (passage.key, WordCounter::vector(&passage.text)))
            .collect();
        let vectors: Vec<_> = vectors
            .iter()
            .map(|(key, vector)| (*key, vector.as_slice()))
            .collect();
        self.vectors.append(&vectors).expect("vectors are appended");
    }

    pub(crate) fn generation(&self) -> Arc<Generation> {
        self.index
            .refresh(Some(self.vectors.store().rows()))
            .expect("refreshes")
    }
}

pub(crate) fn note(path: &str, text: &str) -> Note {
    let parser = NoteParser {
        zone: &TimeZone::UTC,
        limits: ChunkLimits::default(),
        count_tokens: &estimated_tokens,
    };
    parser.parse(NotePath::new(path), text, Timestamp::UNIX_EPOCH)
}

fn paths(generation: &Generation) -> Vec<&str> {
    generation.files().keys().map(NotePath::as_str).collect()
}

#[test]
fn a_commit_replaces_a_file_and_its_passages_together() {
    let mut base = Base::with(&[("a.md", "# One\n\nfirst text"), ("b.md", "# Two\n\nsecond text")]);
    let before = base.generation();
    base.put("a.md", "# One\n\nchanged\n\n## Part\n\nmore");
    base.remove("b.md");
    assert_eq!(
        paths(&base.generation()),
        ["a.md", "b.md"],
        "nothing is seen before the commit"
    );
    base.commit();
    let after = base.generation();
    assert_eq!(paths(&after), ["a.md"]);
    let passages = after
        .passages_of(&NotePath::new("a.md"))
        .expect("passages are read");
    assert!(passages[0].chunk.text.contains("changed"));
    assert!(passages.iter().all(|passage| passage.file.title == "One"));
    assert_eq!(after.passages() as usize, passages.len());
    assert!(
        after
            .passages_of(&NotePath::new("b.md"))
            .expect("passages are read")
            .is_empty()
    );
    assert_eq!(paths(&before), ["a.md", "b.md"], "a snapshot stays what it is");
    let old = before
        .passages_of(&NotePath::new("b.md"))
        .expect("passages are read");
    assert_eq!(old[0].chunk.text.trim(), "second text");
}

#[test]
fn removing_a_file_leaves_nothing_behind() {
    let mut base = Base::with(&[("a.md", "# One\n\nfirst"), ("a/a.md", "# Two\n\nsecond")]);
    assert_eq!(base.generation().live_keys().len(), 2);
    base.remove("a.md");
    base.commit();
    assert_eq!(
        (base.generation().live_keys().len(), base.generation().embedded()),
        (1, 1)
    );
    base.remove("a/a.md");
    base.commit();
    let empty = base.generation();
    assert!(empty.files().is_empty() && empty.live_keys().is_empty());
    assert_eq!((empty.passages(), empty.embedded()), (0, 0));
}

#[test]
fn a_rollback_forgets() {
    let mut base = Base::with(&[("a.md", "one")]);
    base.put("b.md", "two");
    base.remove("a.md");
    base.words.rollback().expect("rolls back");
    base.commit();
    assert_eq!(paths(&base.generation()), ["a.md"]);
}

/// Removes `b.md`, then puts back what the index said of itself before: as if the process had been killed, or
/// the disk had been full, when everything but that was written.
fn leave_half_a_commit(base: &mut Base) {
    let says = base.folder.path().join("words/meta.json");
    let before = std::fs::read(&says).expect("is read");
    // Counts its operations from the last commit, as a new process does, and names files after the count.
    base.words.rollback().expect("rolls back");
    base.remove("b.md");
    base.commit();
    std::fs::write(&says, before).expect("is written");
}

#[test]
fn what_a_failed_commit_leaves_is_in_nobodys_way() {
    let mut base = Base::with(&[("a.md", "one"), ("b.md", "two")]);
    leave_half_a_commit(&mut base);
    base.words.rollback().expect("rolls back");
    assert_eq!(paths(&base.generation()), ["a.md", "b.md"]);
    base.remove("b.md");
    base.commit();
    assert_eq!(paths(&base.generation()), ["a.md"]);
}

#[test]
fn what_a_killed_process_leaves_is_in_nobodys_way() {
    let mut base = Base::with(&[("a.md", "one"), ("b.md", "two")]);
    let words = base.folder.path().join("words");
    // This process was there first and knows nothing of the files that follow.
    let other = LexicalIndex::open(&words).expect("the index opens");
    leave_half_a_commit(&mut base);
    let Base { words, folder, .. } = base;
    words.close().expect("closes");
    let mut words = other.writer().expect("the other takes over");
    words.remove(&NotePath::new("b.md"));
    words.commit().expect("commits");
    assert_eq!(paths(&other.refresh(None).expect("refreshes")), ["a.md"]);
    drop(folder);
}

#[test]
fn texts_are_embedded_once_wherever_they_stand() {
    let mut base = Base::with(&[("a.md", "# T\n\nsame text")]);
    assert_eq!(base.vectors.store().rows().len(), 1);
    base.remove("a.md");
    base.put("moved/a.md", "# T\n\nsame text");
    base.put("copy.md", "# T\n\nsame text");
    base.commit();
    let generation = base.generation();
    assert_eq!((generation.passages(), generation.embedded()), (2, 2));
    assert!(
        generation
            .pending(9)
            .expect("pending passages are read")
            .is_empty()
    );
    base.put("new.md", "# N\n\nnew text");
    base.put("new2.md", "# N\n\nnew text");
    base.commit();
    let pending = base.generation().pending(9).expect("pending passages are read");
    assert_eq!(pending.len(), 1, "the same text is pending once");
    assert_eq!(pending[0].text.lines().next(), Some("N"));
    base.embed();
    assert_eq!(base.generation().embedded(), 4);
}

#[test]
fn rows_are_found_again_after_compaction() {
    let notes: Vec<(String, String)> = (0..1_500)
        .map(|i| (format!("{i}.md"), format!("text number {i}")))
        .collect();
    let notes: Vec<(&str, &str)> = notes
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let mut base = Base::with(&notes);
    for (path, _) in &notes[10..] {
        base.remove(path);
    }
    base.commit();
    let live = base.generation().live_keys();
    base.vectors
        .compact(|key| live.contains(&key))
        .expect("compacts")
        .expect("there is garbage");
    let generation = base.generation();
    assert_eq!((generation.passages(), generation.embedded()), (10, 10));
}

#[test]
fn another_process_sees_commits_but_cannot_write() {
    let mut base = Base::with(&[("a.md", "one")]);
    let other = LexicalIndex::open(&base.folder.path().join("words")).expect("the index opens");
    assert_eq!(paths(&other.generation()), ["a.md"]);
    assert!(matches!(other.writer(), Err(IndexError::Busy)));
    base.put("b.md", "two");
    base.commit();
    assert_eq!(paths(&other.refresh(None).expect("refreshes")), ["a.md", "b.md"]);
    let same = other.refresh(None).expect("refreshes");
    assert!(
        Arc::ptr_eq(&same, &other.generation()),
        "nothing is read when nothing changed"
    );
    let Base {
        words,
        folder: _folder,
        ..
    } = base;
    words.close().expect("closes");
    other.writer().expect("the other takes over");
}

#[test]
fn files_without_passages_are_kept_too() {
    let mut base = Base::new();
    let record = FileRecord {
        path: NotePath::new("big.md"),
        state: FileState::Skipped {
            reason: "too large".into(),
        },
        hash: ContentHash([0; 32]),
        bytes: 1 << 40,
        modified: Timestamp::UNIX_EPOCH,
        title: "big".into(),
        date: NoteDate {
            at: Timestamp::UNIX_EPOCH,
            source: DateSource::Modified,
        },
        tags: Vec::new(),
        links: Vec::new(),
        lines: 0,
        passages: 0,
        frontmatter_problem: Some("line 3: tabs".into()),
    };
    base.words.put_file(&record).expect("the record is put");
    let read = note("n.md", "---\ntags: [a/b]\n---\n[[link]] text");
    base.words.put_note(&read).expect("the note is put");
    base.commit();
    let generation = base.generation();
    assert_eq!(*generation.files()[&NotePath::new("big.md")], record);
    assert_eq!(*generation.files()[&NotePath::new("n.md")], FileRecord::of(&read));
    assert_eq!(generation.passages(), 1);
}

#[test]
fn what_is_no_index_is_refused_with_advice() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("meta.json"), "{").expect("a damaged file is written");
    let Err(error) = LexicalIndex::open(folder.path()) else {
        panic!("a damaged index is refused")
    };
    assert!(error.to_string().contains("delete"), "{error}");
    assert!(LexicalIndex::open(Path::new("/dev/null/index")).is_err());
}
