//! Opens the notes a command is about.

use anyhow::Result;
use holdall_notes::{Notebook, NotebookOptions};

use crate::config::Config;

/// Opens the notebook of the configuration.
pub(crate) fn open(config: &Config) -> Result<Notebook> {
    let mut options = NotebookOptions::new(config.data.dir()?);
    options.semantic = config.notes.embeddings;
    Notebook::open(&config.notes.folders, options).map_err(explained)
}

/// An error of the knowledge base with its hint.
pub(crate) fn explained(error: holdall_notes::NotesError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => anyhow::anyhow!("{error}\nhint: {hint}"),
        None => error.into(),
    }
}
