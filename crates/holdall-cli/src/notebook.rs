//! Opens the notes a command is about.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use etcetera::BaseStrategy as _;
use holdall_notes::{Notebook, NotebookOptions};

use crate::config::NotesConfig;

/// Opens the notebook of the configuration.
pub(crate) fn open(config: &NotesConfig) -> Result<Notebook> {
    let mut options = NotebookOptions::new(data_dir(config.data_dir.as_deref())?);
    options.semantic = config.embeddings;
    Notebook::open(&config.folders, options).map_err(explained)
}

/// The folder for index and vectors: the one given, or the user's data directory.
pub(crate) fn data_dir(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    let user = etcetera::base_strategy::choose_native_strategy().context(
        "this system has no data directory for its users; say where to keep the index with --data-dir",
    )?;
    Ok(user.data_dir().join("holdall"))
}

/// An error of the knowledge base with its hint.
pub(crate) fn explained(error: holdall_notes::NotesError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => anyhow::anyhow!("{error}\nhint: {hint}"),
        None => error.into(),
    }
}
