//! Notes, and a client connected to the toolset over them.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdall::{Server, Toolset as _};
use holdall_notes::{Notebook, NotebookOptions};
use holdall_toolsets::notes::NotesToolset;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connected client; folders and server live as long.
pub(crate) struct Client {
    pub(crate) mcp: holdall_testkit::Client,
    notes: Option<TempDir>,
    _data: Option<TempDir>,
}

/// Opens notes that can be found by their words at once, and by their meaning if asked for.
pub(crate) fn open(notes: &Path, data: &Path, semantic: bool) -> Arc<Notebook> {
    let notebook = open_at_once(notes, data, semantic);
    assert!(notebook.wait_until_indexed(PATIENCE), "{:?}", notebook.status());
    if semantic {
        assert!(notebook.wait_until_embedded(PATIENCE), "{:?}", notebook.status());
    }
    notebook
}

/// Opens notes that are yet to be looked at, as a host finds them that has just started the server.
pub(crate) fn open_at_once(notes: &Path, data: &Path, semantic: bool) -> Arc<Notebook> {
    let mut options = NotebookOptions::new(data);
    options.zone = TimeZone::UTC;
    options.semantic = semantic;
    Arc::new(Notebook::open(&[notes], options).unwrap())
}

/// Connects to the toolset over these files.
pub(crate) async fn over(files: &[(&str, &str)]) -> Client {
    over_with(files, |notebook| {
        Server::new("test").add(NotesToolset::new(notebook))
    })
    .await
}

pub(crate) async fn over_with(
    files: &[(&str, &str)],
    server: impl FnOnce(Arc<Notebook>) -> Server,
) -> Client {
    let (notes, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, text) in files {
        let path = notes.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let notebook = open(notes.path(), data.path(), false);
    Client {
        mcp: holdall_testkit::Client::connect(server(notebook)).await,
        notes: Some(notes),
        _data: Some(data),
    }
}

/// Connects to the toolset over the example notes. Index and vectors are kept between two runs.
pub(crate) async fn over_examples() -> Client {
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/notes");
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("example-notes");
    let notebook = tokio::task::spawn_blocking(move || open(&notes, &data, true))
        .await
        .unwrap();
    let server = Server::new("test").add(NotesToolset::new(notebook).components().only_reading());
    Client {
        mcp: holdall_testkit::Client::connect(server).await,
        notes: None,
        _data: None,
    }
}

impl Client {
    pub(crate) fn folder(&self) -> &Path {
        self.notes.as_ref().unwrap().path()
    }

    /// Calls a tool: its text if it succeeded, `Err` with its text if it failed.
    pub(crate) async fn call(&self, name: &str, arguments: Value) -> Result<String, String> {
        self.mcp.call(name, arguments).await.outcome()
    }

    /// Reads a resource: its text, or `Err` with what went wrong.
    pub(crate) async fn read(&self, uri: &str) -> Result<String, String> {
        self.mcp.read(uri).await.outcome()
    }

    /// What a tool that succeeds says to programs.
    pub(crate) async fn json(&self, name: &str, arguments: Value) -> Value {
        self.mcp.call(name, arguments).await.json()
    }
}

/// The paths in a list of notes or hits.
pub(crate) fn paths(notes: &Value) -> Vec<String> {
    let notes = notes.as_array().unwrap();
    notes
        .iter()
        .map(|note| note["path"].as_str().unwrap().to_owned())
        .collect()
}
