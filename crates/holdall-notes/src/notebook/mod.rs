//! The knowledge base as a whole: [`Notebook`] joins files, index, vectors and model, keeps them in step in the
//! background, and answers questions meanwhile.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `library` | where does the index lie, what is open, what is shared by the threads |
//! | `indexer` | who writes the index, and what does a change to the files lead to |
//! | `embedding` | when is the model loaded, which passages are embedded next |
//! | `changes` | which notes have come, changed and gone |
//! | `reading` | what does a note say, which notes are there, which are related |
//! | `status` | how far is it, and what went wrong |
//!
//! Several processes may open the same folders. One of them holds the writer lock and keeps the index; the others
//! see its commits, still read and write notes, and one of them takes over when it ends.

mod changes;
mod embedding;
mod indexer;
mod library;
mod reading;
mod status;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::error::NotesError;
use crate::note::NotePath;
use crate::root::Roots;
use crate::scan::ScanLimits;
use crate::search::{SearchRequest, SearchResults};
use crate::watch::WatchOptions;
use crate::write::{Edit, Written};

pub use changes::{ChangeFeed, NoteChanges};
pub use reading::{ListPage, ListRequest, NoteText, RelatedNote, Relation, Sort};
pub use status::{FileProblem, Progress, Role, Status};

use library::Library;

/// How long a search waits for the model to be loaded before it answers by words alone.
const MODEL_WAIT: Duration = Duration::from_millis(250);
/// How long a write waits until the index has taken it up.
const INDEXED_WAIT: Duration = Duration::from_secs(1);

/// How a notebook behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NotebookOptions {
    /// Folder for index, vectors and the journal of changes; one may serve many notebooks.
    pub data_dir: PathBuf,
    /// Whether passages are embedded, so that search goes by meaning too. Default: `true`.
    pub semantic: bool,
    /// Threads the background embedding may use. Default: all but one, at least one.
    pub embedding_threads: usize,
    /// Time zone of dates without one, and of "today". Default: the system's.
    pub zone: TimeZone,
    /// What is too large to index.
    pub limits: ScanLimits,
    /// How changes are watched for.
    pub watch: WatchOptions,
}

impl NotebookOptions {
    /// The defaults, with this folder for data.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            data_dir: data_dir.into(),
            semantic: true,
            embedding_threads: cores.saturating_sub(1).max(1),
            zone: TimeZone::system(),
            limits: ScanLimits::default(),
            watch: WatchOptions::default(),
        }
    }
}

/// Folders of Markdown as a knowledge base. Ends its threads when dropped.
pub struct Notebook {
    library: Arc<Library>,
    threads: Vec<JoinHandle<()>>,
}

impl Notebook {
    /// Opens folders of notes. Returns at once: index and model are opened in the background.
    ///
    /// # Errors
    /// If a folder cannot be opened, lies in another, or the data folder cannot be used.
    pub fn open<P: AsRef<Path>>(folders: &[P], options: NotebookOptions) -> Result<Self, NotesError> {
        let (library, changes) = Library::open(Roots::open(folders)?, options)?;
        let library = Arc::new(library);
        let indexing = Arc::clone(&library);
        let mut threads = vec![library::spawn("notes-index", move || {
            indexer::run(&indexing, &changes);
        })?];
        if library.options.semantic {
            let embedding = Arc::clone(&library);
            threads.push(library::spawn("notes-embed", move || embedding::run(&embedding))?);
        }
        Ok(Self { library, threads })
    }

    /// The folders.
    pub fn roots(&self) -> &Roots {
        &self.library.roots
    }

    /// Whether passages are embedded: see [`NotebookOptions::semantic`].
    pub fn is_semantic(&self) -> bool {
        self.library.options.semantic
    }

    /// The present moment in the notebook's time zone: what "last week" is relative to.
    pub fn now(&self) -> Zoned {
        jiff::Timestamp::now().to_zoned(self.library.options.zone.clone())
    }

    /// Finds passages. While the index is being opened for the first time, waits for it up to a second; while
    /// the model warms up, answers by words alone and says so.
    ///
    /// # Errors
    /// `invalid_argument` for an empty query, `index_not_ready`, `index` if the index cannot be read.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResults, NotesError> {
        self.library.search(request, Instant::now() + MODEL_WAIT)
    }

    /// Reads a note from its file; `lines` counted from 1, end excluded.
    ///
    /// # Errors
    /// `not_found`, `ambiguous`, `invalid_path`, `refused`, `too_large`, `io`.
    pub fn read(&self, path: &str, lines: Option<std::ops::Range<u32>>) -> Result<NoteText, NotesError> {
        self.library.read(path, lines)
    }

    /// The note a path, or a bare file name if it is unique, stands for.
    ///
    /// # Errors
    /// `not_found`, `invalid_path`, or `ambiguous` with the candidates.
    pub fn resolve(&self, text: &str) -> Result<NotePath, NotesError> {
        self.library.resolve(text)
    }

    /// Lists notes.
    ///
    /// # Errors
    /// `invalid_argument` for a cursor that is not of this list.
    pub fn list(&self, request: &ListRequest) -> Result<ListPage, NotesError> {
        self.library.list(request)
    }

    /// Notes related to one: those it links to, those that link to it, those that mean something similar.
    ///
    /// # Errors
    /// As for [`resolve`](Self::resolve).
    pub fn related(&self, path: &str, limit: usize) -> Result<Vec<RelatedNote>, NotesError> {
        self.library.related(path, limit)
    }

    /// Paths of notes that begin with, or else contain, what was typed; at most `limit`.
    pub fn complete(&self, typed: &str, limit: usize) -> Vec<NotePath> {
        self.library.complete(typed, limit)
    }

    /// Makes a note. Returns when the index knows it, or after a second.
    ///
    /// # Errors
    /// See [`Writer::create_note`](crate::write::Writer::create_note).
    pub fn create(&self, path: &str, content: &str) -> Result<Written, NotesError> {
        self.changed(self.library.writer()?.create_note(path, content)?)
    }

    /// Appends to a note. Returns when the index knows it, or after a second.
    ///
    /// # Errors
    /// See [`Writer::append`](crate::write::Writer::append).
    pub fn append(
        &self,
        path: &str,
        addition: &str,
        heading: Option<&str>,
        expected_hash: Option<&str>,
    ) -> Result<Written, NotesError> {
        let path = self.library.resolve(path)?;
        self.changed(
            self.library
                .writer()?
                .append(path.as_str(), addition, heading, expected_hash)?,
        )
    }

    /// Edits a note. Returns when the index knows it, or after a second.
    ///
    /// # Errors
    /// See [`Writer::edit`](crate::write::Writer::edit).
    pub fn edit(&self, path: &str, edit: &Edit, expected_hash: Option<&str>) -> Result<Written, NotesError> {
        let path = self.library.resolve(path)?;
        self.changed(self.library.writer()?.edit(path.as_str(), edit, expected_hash)?)
    }

    /// Takes back the last change made through this data folder.
    ///
    /// # Errors
    /// See [`Writer::undo_last`](crate::write::Writer::undo_last).
    pub fn undo(&self) -> Result<Written, NotesError> {
        self.changed(self.library.writer()?.undo_last()?)
    }

    /// What changes from now on, by whomever: editors, other processes, this notebook. There may be many feeds; each
    /// is told as soon as searches see a change.
    ///
    /// What is known of the notes when the notebook is opened counts as nothing: as the index is opened, the notes it
    /// knows are added.
    ///
    /// ```
    /// use holdall_notes::{Notebook, NotebookOptions};
    ///
    /// # let (notes, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    /// let mut options = NotebookOptions::new(data.path());
    /// options.semantic = false;
    /// let notebook = Notebook::open(&[notes.path()], options)?;
    /// let mut feed = notebook.changes();
    /// notebook.create("ideas/mcp.md", "a protocol")?;
    /// let changes = feed.next().expect("the notebook is open");
    /// assert_eq!(changes.added[0].as_str(), "ideas/mcp.md");
    /// drop(notebook);
    /// assert_eq!(feed.next(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changes(&self) -> ChangeFeed {
        ChangeFeed::new(Arc::clone(&self.library))
    }

    /// How far the notebook is, and what went wrong.
    pub fn status(&self) -> Status {
        self.library.status()
    }

    /// Counts that change while the notebook works, without looking at every file.
    pub fn progress(&self) -> Progress {
        self.library.progress()
    }

    /// Waits until every file has been looked at, so that all are found by their words; `false` if that took
    /// longer.
    pub fn wait_until_indexed(&self, timeout: Duration) -> bool {
        self.library.wait(timeout, |progress| progress.scanned)
    }

    /// Waits until every passage is embedded too; `false` if that took longer.
    pub fn wait_until_embedded(&self, timeout: Duration) -> bool {
        self.library.wait(timeout, |progress| {
            progress.scanned && progress.embedded >= progress.passages
        })
    }

    fn changed(&self, written: Written) -> Result<Written, NotesError> {
        self.library.take_up(&written, INDEXED_WAIT);
        Ok(written)
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        self.library.stop();
        for thread in self.threads.drain(..) {
            // A thread that panicked has logged it; there is nothing left to do about it here.
            let _ = thread.join();
        }
    }
}
