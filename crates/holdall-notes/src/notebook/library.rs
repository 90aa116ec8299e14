//! What the threads of a notebook share: folders, index, vectors, model, progress.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::NotebookOptions;
use super::status::{FileProblem, Progress, Role, Status};
use crate::embed::{Embedder, MiniLm};
use crate::error::NotesError;
use crate::lexical::{FORMAT, FileRecord, Generation, IndexError, LexicalIndex};
use crate::note::{ContentHash, NotePath};
use crate::root::Roots;
use crate::scan::{FileState, Scope};
use crate::search::{self, SearchMode, SearchRequest, SearchResults};
use crate::vectors::VectorStore;
use crate::watch::WatchMode;
use crate::write::{Writer, Written};

/// How long the first questions wait for the index to be opened.
const OPEN_WAIT: Duration = Duration::from_secs(1);

/// Everything behind a notebook.
pub(super) struct Library {
    pub(super) roots: Arc<Roots>,
    pub(super) options: NotebookOptions,
    pub(super) changes: Sender<Scope>,
    folder: PathBuf,
    writer: OnceLock<Writer>,
    /// Opened again when it had to be made anew.
    index: RwLock<Option<Arc<Index>>>,
    model: OnceLock<MiniLm>,
    state: Mutex<State>,
    changed: Condvar,
}

/// The index of words and the vectors beside it.
pub(super) struct Index {
    pub(super) words: LexicalIndex,
    pub(super) vectors: Option<Arc<VectorStore>>,
}

/// The right to keep the index, of one process at a time. Ends with the process.
pub(super) struct Keeper {
    _lock: File,
}

/// What changes.
#[derive(Default)]
pub(super) struct State {
    pub(super) stopping: bool,
    pub(super) progress: Progress,
    pub(super) watch_mode: Option<WatchMode>,
    pub(super) model_wanted: bool,
    pub(super) model_error: Option<String>,
    /// What went wrong last in looking at files and writing the index.
    pub(super) index_error: Option<String>,
    /// What went wrong last in embedding.
    pub(super) embedding_error: Option<String>,
}

impl Library {
    /// Opens what must be right from the start; the rest is opened in the background.
    pub(super) fn open(
        roots: Roots,
        options: NotebookOptions,
    ) -> Result<(Self, Receiver<Scope>), NotesError> {
        let folder = options.data_dir.join("notes").join(folder_name(&roots));
        fs::create_dir_all(&folder).map_err(|error| {
            let folder = options.data_dir.display().to_string();
            NotesError::DataFolder {
                folder,
                source: error,
            }
        })?;
        let (changes, receiver) = mpsc::channel();
        let library = Self {
            roots: Arc::new(roots),
            options,
            changes,
            folder,
            writer: OnceLock::new(),
            index: RwLock::default(),
            model: OnceLock::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        Ok((library, receiver))
    }

    /// Becomes the one who keeps the index; `None` while another process does.
    pub(super) fn keeper(&self) -> Result<Option<Keeper>, NotesError> {
        let failed = |error| NotesError::from_io("the lock of the index", "taken", error);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join("index.lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Keeper { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Opens the index to keep it. A damaged one is made again: the files are the truth.
    pub(super) fn open_to_keep(&self, _: &Keeper) -> Result<Arc<Index>, NotesError> {
        let folder = self.words_folder();
        // The engine panics at some kinds of damage.
        let sound = contained("opening the index", || {
            let words = LexicalIndex::open(&folder)?;
            words.check()?;
            Ok(words)
        });
        let words = match sound {
            Ok(words) => words,
            Err(error @ NotesError::Index(IndexError::Io { .. })) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the index is damaged and is made again from the notes");
                discard(&folder)
                    .map_err(|error| NotesError::from_io("the damaged index", "removed", error))?;
                LexicalIndex::open(&folder)?
            }
        };
        self.publish(words)
    }

    /// Opens the index another process keeps; `None` if that one has not begun it yet.
    pub(super) fn open_to_follow(&self) -> Result<Option<Arc<Index>>, NotesError> {
        let folder = self.words_folder();
        if !LexicalIndex::is_there(&folder) {
            return Ok(None);
        }
        self.publish(LexicalIndex::open(&folder)?).map(Some)
    }

    fn words_folder(&self) -> PathBuf {
        self.folder.join(format!("words-{FORMAT}"))
    }

    /// Makes `words`, and the vectors beside them, what searches see.
    fn publish(&self, words: LexicalIndex) -> Result<Arc<Index>, NotesError> {
        let vectors = if self.options.semantic {
            let folder = self.folder.join("vectors");
            fs::create_dir_all(&folder)
                .map_err(|error| NotesError::from_io("the vectors", "stored", error))?;
            let store = VectorStore::open(&folder, MiniLm::ID, MiniLm::DIMENSIONS)?;
            Some(Arc::new(store))
        } else {
            None
        };
        let index = Arc::new(Index { words, vectors });
        self.take_in(&index)?;
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&index));
        self.update(|_| {});
        Ok(index)
    }

    /// Takes up what was committed or embedded, by whatever process.
    pub(super) fn refresh(&self) -> Result<(), NotesError> {
        match self.index() {
            Some(index) => self.take_in(&index),
            None => Ok(()),
        }
    }

    fn take_in(&self, index: &Index) -> Result<(), NotesError> {
        let rows = match &index.vectors {
            Some(vectors) => {
                vectors.refresh()?;
                Some(vectors.rows())
            }
            None => None,
        };
        let generation = index.words.refresh(rows)?;
        self.update(|state| {
            state.progress.notes = generation.notes();
            state.progress.passages = u64::from(generation.passages());
            state.progress.embedded = u64::from(generation.embedded());
        });
        Ok(())
    }

    /// The current generation. Waits a moment for an index that is being opened.
    pub(super) fn generation(&self) -> Result<Arc<Generation>, NotesError> {
        if self.index().is_none() {
            self.wait_for(Instant::now() + OPEN_WAIT, |_| self.index().is_some());
        }
        match self.index() {
            Some(index) => Ok(index.words.generation()),
            None => Err(NotesError::IndexNotReady {
                reason: self
                    .lock()
                    .index_error
                    .clone()
                    .unwrap_or_else(|| "it is being opened".into()),
            }),
        }
    }

    /// The index, once it is open.
    pub(super) fn index(&self) -> Option<Arc<Index>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of all files, once the index is open. The same value as long as nothing has changed.
    pub(super) fn files(&self) -> Option<Arc<BTreeMap<NotePath, Arc<FileRecord>>>> {
        Some(self.index()?.words.generation().shared_files())
    }

    /// Whether a file the index does not know is not there.
    pub(super) fn knows_all(&self) -> bool {
        self.progress().scanned
            && self
                .index()
                .is_some_and(|index| index.words.is_complete().unwrap_or(false))
    }

    /// The writer of notes, opened at the first change.
    pub(super) fn writer(&self) -> Result<&Writer, NotesError> {
        if let Some(writer) = self.writer.get() {
            return Ok(writer);
        }
        let writer = Writer::open(Arc::clone(&self.roots), &self.folder.join("changes"))?;
        Ok(self.writer.get_or_init(|| writer))
    }

    /// The model if it is loaded.
    pub(super) fn model(&self) -> Option<&MiniLm> {
        self.model.get()
    }

    /// Keeps the model that was loaded.
    pub(super) fn set_model(&self, model: MiniLm) {
        let _ = self.model.set(model);
        self.update(|_| {});
    }

    /// Answers a question. By meaning only if the model is there by `deadline`.
    pub(super) fn search(
        &self,
        request: &SearchRequest,
        deadline: Instant,
    ) -> Result<SearchResults, NotesError> {
        if request.query.trim().is_empty() {
            let what = "the query is empty; ask a question or give words".to_owned();
            return Err(NotesError::InvalidArgument { what });
        }
        let generation = self.generation()?;
        let vector = if request.mode == SearchMode::Lexical || generation.embedded() == 0 {
            None
        } else {
            self.embed_query(&request.query, deadline)
        };
        Ok(search::search(&generation, request, vector.as_deref())?)
    }

    fn embed_query(&self, query: &str, deadline: Instant) -> Option<Vec<f32>> {
        if !self.options.semantic {
            return None;
        }
        if self.model.get().is_none() {
            self.update(|state| state.model_wanted = true);
            self.wait_for(deadline, |state| {
                self.model.get().is_some() || state.model_error.is_some()
            });
        }
        let model = self.model.get()?;
        match model.embed(&[query]) {
            Ok(mut vectors) => vectors.pop(),
            Err(error) => {
                tracing::warn!(%error, "the question could not be embedded");
                None
            }
        }
    }

    /// Has the index look at a file that was just written, and waits until it did.
    pub(super) fn take_up(&self, written: &Written, wait: Duration) {
        let Some(hint) = self.roots.hint(&written.path) else {
            return;
        };
        // The keeper of the index looks; that of another process hears of the change from its watcher.
        if self.progress().role == Role::Writer {
            let _ = self.changes.send(Scope::Under([hint].into()));
        }
        let is_known = || {
            let generation = self.index()?.words.generation();
            let known = generation.files().get(&written.path).map(|record| record.hash);
            (known == written.hash).then_some(())
        };
        self.wait_for(Instant::now() + wait, |_| is_known().is_some());
    }

    pub(super) fn status(&self) -> Status {
        let generation = self.index().map(|index| index.words.generation());
        let problems = generation
            .iter()
            .flat_map(|generation| generation.files().values())
            .filter_map(|record| {
                let (state, reason) = match (&record.state, &record.frontmatter_problem) {
                    (FileState::Skipped { reason }, _) => ("skipped", reason),
                    (FileState::Failed { reason }, _) => ("failed", reason),
                    (FileState::Indexed, Some(reason)) => ("warning", reason),
                    (FileState::Indexed, None) => return None,
                };
                Some(FileProblem {
                    path: record.path.to_string(),
                    state,
                    reason: reason.clone(),
                })
            });
        let missing = self.roots.iter().filter(|root| root.dir().is_err());
        let missing = missing.map(|root| FileProblem {
            path: root.name().to_owned(),
            state: "failed",
            reason: "the folder is missing; what is known of its notes is kept".to_owned(),
        });
        let problems = missing.chain(problems).collect();
        let state = self.lock();
        Status {
            roots: self.roots.iter().map(|root| root.name().to_owned()).collect(),
            progress: state.progress,
            watching: state.watch_mode.as_ref().map(ToString::to_string),
            model: self.model_status(&state),
            problems,
            last_error: state
                .index_error
                .clone()
                .or_else(|| state.embedding_error.clone()),
        }
    }

    fn model_status(&self, state: &State) -> String {
        match (self.model.get(), &state.model_error) {
            (Some(model), _) => model.id().to_owned(),
            (None, Some(error)) => format!("none: {error}"),
            (None, None) if self.options.semantic => "not loaded yet".into(),
            (None, None) => "none: search by meaning is switched off".into(),
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.lock().progress
    }

    pub(super) fn stop(&self) {
        self.update(|state| state.stopping = true);
        // Wakes the indexer; an empty scope asks for nothing. It is gone already if this fails.
        let _ = self.changes.send(Scope::Under(Default::default()));
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Remembers what went wrong with the index, or that it is right again.
    pub(super) fn report(&self, outcome: Result<(), NotesError>) {
        let error = outcome.err().map(|error| {
            tracing::warn!(%error, "keeping the index failed");
            error.to_string()
        });
        self.update(|state| state.index_error = error);
    }

    /// Changes the state and wakes everyone who waits for a change.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `done`, a change at a time; `false` if the deadline came first.
    pub(super) fn wait_for(&self, deadline: Instant, done: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        loop {
            if done(&state) {
                return true;
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            if state.stopping {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn wait(&self, timeout: Duration, done: impl Fn(&Progress) -> bool) -> bool {
        self.wait_for(Instant::now() + timeout, |state| done(&state.progress))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a thread of the notebook.
pub(super) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, NotesError> {
    thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .map_err(|error| NotesError::from_io(name, "started", error))
}

/// Runs a part of the work in the background; a panic becomes an error, so that the rest goes on.
pub(super) fn contained<T>(
    work: &'static str,
    run: impl FnOnce() -> Result<T, NotesError>,
) -> Result<T, NotesError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        tracing::error!(work, said, "a defect of the program was met");
        Err(NotesError::Defect { work })
    })
}

/// The same folders have the same name, in whatever order they are given.
fn folder_name(roots: &Roots) -> String {
    let mut paths: Vec<_> = roots
        .iter()
        .map(|root| root.path().as_os_str().as_encoded_bytes())
        .collect();
    paths.sort_unstable();
    ContentHash::of(&paths.join(&b'\0')).to_string()[..16].to_owned()
}

/// Removes the folder of an index. It is renamed first, so that nobody finds half of it.
fn discard(folder: &Path) -> std::io::Result<()> {
    let aside = folder.with_extension("damaged");
    match fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(folder, &aside)?;
    fs::remove_dir_all(&aside)
}
