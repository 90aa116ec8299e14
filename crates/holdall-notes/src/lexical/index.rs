//! Opening, changing and committing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tantivy::directory::MmapDirectory;
use tantivy::indexer::IndexWriterOptions;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyError, Term};

use super::analyse::Analyser;
use super::schema::{ANALYSER, Fields};
use super::{FileRecord, Generation, IndexError};
use crate::note::{Note, NotePath};
use crate::vectors::VectorRows;

/// Changes whenever an index made before must be made again. Belongs into the name of the index's folder.
pub const FORMAT: u32 = 1;

/// What a commit says of itself when all files are in the index.
const COMPLETE: &str = "complete";

/// What one writer may hold in memory before it writes.
const WRITER_BYTES: usize = 32 * 1024 * 1024;

/// The index, as one process sees it.
pub struct LexicalIndex {
    folder: PathBuf,
    files: Files,
    index: Index,
    reader: IndexReader,
    fields: Fields,
    current: RwLock<Arc<Generation>>,
    refreshing: Mutex<()>,
}

impl LexicalIndex {
    /// Opens the index in `folder`, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        fs::create_dir_all(folder).map_err(|source| IndexError::Io {
            action: "created",
            source,
        })?;
        let (files, index, fields) = open(folder)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(16)
            .try_into()
            .map_err(|error: TantivyError| IndexError::Damaged(error.to_string()))?;
        let current = RwLock::new(Arc::new(Generation::read(reader.searcher(), fields, None, None)?));
        Ok(Self {
            folder: folder.to_owned(),
            files,
            index,
            reader,
            fields,
            current,
            refreshing: Mutex::new(()),
        })
    }

    /// Whether there is an index in `folder`: somebody has begun one.
    pub fn is_there(folder: &Path) -> bool {
        folder.join("meta.json").exists()
    }

    /// Reads every file of the index and compares it with its checksum.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] if one is not as it was written.
    pub fn check(&self) -> Result<(), IndexError> {
        let damaged = self
            .index
            .validate_checksum()
            .map_err(|error| IndexError::Damaged(error.to_string()))?;
        match damaged.iter().next() {
            None => Ok(()),
            Some(file) => Err(IndexError::Damaged(format!(
                "`{}` is not as it was written",
                file.display()
            ))),
        }
    }

    /// Whether the index has ever known all files: see [`LexicalWriter::commit_complete`].
    pub fn is_complete(&self) -> Result<bool, IndexError> {
        Ok(self.index.load_metas()?.payload.as_deref() == Some(COMPLETE))
    }

    /// What was there at the last [`refresh`](Self::refresh).
    pub fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up what was committed, by whatever process, and joins it with the vectors of `rows`. Reads only
    /// what is new.
    pub fn refresh(&self, rows: Option<Arc<VectorRows>>) -> Result<Arc<Generation>, IndexError> {
        let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let before = self.generation();
        if before.is_of(&searcher, rows.as_deref()) {
            return Ok(before);
        }
        let generation = Arc::new(Generation::read(searcher, self.fields, rows, Some(&before))?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&generation);
        drop(before);
        self.files.forget_closed();
        Ok(generation)
    }

    /// Becomes the writer.
    ///
    /// # Errors
    /// [`IndexError::Busy`] if there is a writer already, in any process.
    pub fn writer(&self) -> Result<LexicalWriter, IndexError> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        // The files another process made since `self` was opened are known only to an index opened anew.
        let (files, index, fields) = open(&self.folder)?;
        let writer = match index.writer_with_options(options) {
            Ok(writer) => writer,
            Err(TantivyError::LockFailure(..)) => return Err(IndexError::Busy),
            Err(error) => return Err(error.into()),
        };
        let complete = self.is_complete()?;
        let writer = LexicalWriter {
            files,
            writer,
            fields,
            complete,
        };
        writer.remove_leftovers()?;
        Ok(writer)
    }
}

/// The files of the index, as far as they are mapped.
struct Files(MmapDirectory);

impl Files {
    /// The engine remembers every file it ever mapped, and every commit makes some: forgets those that nobody reads any
    /// more. It does so only when it is asked what is mapped.
    fn forget_closed(&self) {
        self.0.get_cache_info();
    }
}

/// Opens the engine's index in `folder`, or makes it.
fn open(folder: &Path) -> Result<(Files, Index, Fields), IndexError> {
    let (schema, fields) = Fields::new();
    let directory = MmapDirectory::open(folder).map_err(|error| IndexError::Damaged(error.to_string()))?;
    let files = Files(directory.clone());
    let index = Index::open_or_create(directory, schema).map_err(|error| match error {
        TantivyError::IoError(source) => IndexError::Io {
            action: "opened",
            source: std::io::Error::new(source.kind(), source.to_string()),
        },
        other => IndexError::Damaged(other.to_string()),
    })?;
    index.tokenizers().register(ANALYSER, Analyser::new());
    Ok((files, index, fields))
}

/// The one who changes the index. Nothing is seen before [`commit`](Self::commit).
pub struct LexicalWriter {
    files: Files,
    writer: IndexWriter,
    fields: Fields,
    complete: bool,
}

impl LexicalWriter {
    /// Puts a note in place of what was there under its path.
    pub fn put_note(&mut self, note: &Note) -> Result<(), IndexError> {
        self.put_file(&FileRecord::of(note))?;
        for chunk in &note.chunks {
            self.writer.add_document(self.fields.passage(note, chunk)?)?;
        }
        Ok(())
    }

    /// Puts the record of a file without passages in place of what was there under its path.
    pub fn put_file(&mut self, record: &FileRecord) -> Result<(), IndexError> {
        self.remove(&record.path);
        self.writer.add_document(self.fields.file(record)?)?;
        Ok(())
    }

    /// Removes a file and its passages.
    pub fn remove(&mut self, path: &NotePath) {
        self.writer
            .delete_term(Term::from_field_text(self.fields.path, path.as_str()));
    }

    /// Makes everything since the last commit seen at once, and durable.
    ///
    /// On an error the index is as it was after the last commit.
    pub fn commit(&mut self) -> Result<(), IndexError> {
        let committed = self.writer.prepare_commit().and_then(|mut commit| {
            if self.complete {
                commit.set_payload(COMPLETE);
            }
            commit.commit()
        });
        if let Err(error) = committed {
            // The first error says what happened; should this fail too, the writer is of no more use anyway.
            let _ = self.rollback();
            return Err(error.into());
        }
        self.files.forget_closed();
        Ok(())
    }

    /// Tells those who read that all files have been looked at, once and for all.
    pub fn commit_complete(&mut self) -> Result<(), IndexError> {
        if self.complete {
            return Ok(());
        }
        self.complete = true;
        self.commit().inspect_err(|_| self.complete = false)
    }

    /// Forgets everything since the last commit.
    pub fn rollback(&mut self) -> Result<(), IndexError> {
        self.writer.rollback()?;
        self.remove_leftovers()
    }

    /// Removes the files of a commit that was not finished: the next one may choose the same names, and the engine
    /// writes over nothing.
    fn remove_leftovers(&self) -> Result<(), IndexError> {
        self.writer.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Ends writing, after merges that are under way.
    pub fn close(self) -> Result<(), IndexError> {
        self.writer.wait_merging_threads()?;
        Ok(())
    }
}
