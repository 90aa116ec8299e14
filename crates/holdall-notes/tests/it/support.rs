//! Folders of notes, and notebooks over them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use holdall_notes::{ListRequest, Notebook, NotebookOptions, SearchMode, SearchRequest, Sort};
use jiff::tz::TimeZone;
use tempfile::TempDir;

/// Longer than anything takes; reached only by a defect.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `done`, looking again and again.
#[track_caller]
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "this never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder of notes and one for data; both go with it.
pub(crate) struct Desk {
    pub(crate) notes: TempDir,
    pub(crate) data: TempDir,
}

impl Desk {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self {
            notes: tempfile::tempdir().unwrap(),
            data: tempfile::tempdir().unwrap(),
        };
        for (path, text) in files {
            desk.put(path, text);
        }
        desk
    }

    /// Writes a file the way an editor does.
    pub(crate) fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        put(self.notes.path(), path, text);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.notes.path().join(path)
    }

    pub(crate) fn open(&self) -> Notebook {
        self.open_with(|_| {})
    }

    /// Without embeddings, where meaning does not matter: faster.
    pub(crate) fn open_words(&self) -> Notebook {
        self.open_with(|options| options.semantic = false)
    }

    pub(crate) fn open_with(&self, change: impl FnOnce(&mut NotebookOptions)) -> Notebook {
        open(&[self.notes.path()], self.data.path(), change)
    }
}

pub(crate) fn put(folder: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Opens a notebook and waits until everything in it can be found.
pub(crate) fn open(folders: &[&Path], data: &Path, change: impl FnOnce(&mut NotebookOptions)) -> Notebook {
    let mut options = NotebookOptions::new(data);
    options.zone = TimeZone::UTC;
    change(&mut options);
    let semantic = options.semantic;
    let notebook = Notebook::open(folders, options).unwrap();
    assert!(notebook.wait_until_indexed(PATIENCE), "{:?}", notebook.status());
    if semantic {
        assert!(notebook.wait_until_embedded(PATIENCE), "{:?}", notebook.status());
    }
    notebook
}

/// Paths of the hits, best first.
pub(crate) fn found(notebook: &Notebook, query: &str) -> Vec<String> {
    found_by(notebook, query, SearchMode::Hybrid)
}

pub(crate) fn found_by(notebook: &Notebook, query: &str, mode: SearchMode) -> Vec<String> {
    let mut request = SearchRequest::new(query);
    request.mode = mode;
    let mut results = notebook.search(&request).unwrap();
    // Meaning alone finds nothing until the model is loaded.
    while mode == SearchMode::Dense && results.legs.embedded > 0 && !results.legs.dense {
        results = notebook.search(&request).unwrap();
    }
    results.hits.iter().map(|hit| hit.path().to_string()).collect()
}

/// Whether a word leads to a note: by words alone, since meaning always leads somewhere.
pub(crate) fn leads(notebook: &Notebook, word: &str, path: &str) -> bool {
    found_by(notebook, word, SearchMode::Lexical)
        .iter()
        .any(|hit| hit == path)
}

/// All notes, by path, with their number of passages.
pub(crate) fn inventory(notebook: &Notebook) -> Vec<(String, u32)> {
    let request = ListRequest {
        sort: Sort::Path,
        limit: usize::MAX,
        ..ListRequest::default()
    };
    let page = notebook.list(&request).unwrap();
    assert_eq!(page.next, None);
    page.notes
        .iter()
        .map(|note| (note.path.to_string(), note.passages))
        .collect()
}

pub(crate) fn paths(notebook: &Notebook) -> Vec<String> {
    inventory(notebook).into_iter().map(|(path, _)| path).collect()
}

/// All files below a folder, with what they hold.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Asserts that nothing is left of a note that had the word `word`.
#[track_caller]
pub(crate) fn assert_gone(notebook: &Notebook, path: &str, word: &str, neighbour: &str) {
    eventually(&format!("{path} is gone"), || {
        !paths(notebook).iter().any(|other| other == path)
    });
    for mode in [SearchMode::Hybrid, SearchMode::Lexical, SearchMode::Dense] {
        let hits = found_by(notebook, word, mode);
        assert!(!hits.iter().any(|hit| hit == path), "{mode:?}: {hits:?}");
    }
    let related = notebook.related(neighbour, 50).unwrap();
    assert!(related.iter().all(|related| related.note.path.as_str() != path));
    assert!(
        notebook
            .complete("", 1000)
            .iter()
            .all(|other| other.as_str() != path)
    );
    assert!(
        notebook
            .status()
            .problems
            .iter()
            .all(|problem| problem.path != path)
    );
    assert_eq!(notebook.read(path, None).unwrap_err().kind(), "not_found");
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end.max(1)
    }
}
