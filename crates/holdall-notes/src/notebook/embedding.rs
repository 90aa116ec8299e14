//! Embeds passages in the background, and loads the model when it is needed.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::library::{Library, contained};
use super::status::Role;
use crate::embed::{Embedder, MiniLm};
use crate::error::NotesError;
use crate::vectors::{VectorError, VectorWriter};

/// Passages embedded between two looks at what else is to be done.
const BATCH: usize = 32;
/// How long to wait for something to do.
const IDLE: Duration = Duration::from_millis(500);
/// How long to wait after a failure before trying again.
const RETRY: Duration = Duration::from_secs(2);

/// Runs until the notebook ends.
pub(super) fn run(library: &Library) {
    let mut writer = None;
    let mut settled = false;
    while !library.is_stopping() {
        match contained("embedding", || step(library, &mut writer)) {
            Ok(true) => {
                settled = false;
                library.update(|state| state.embedding_error = None);
            }
            Ok(false) => {
                if !settled && library.progress().scanned {
                    settled = true;
                    compact(library, writer.as_mut());
                }
                let before = library.progress();
                let deadline = Instant::now() + IDLE;
                library.wait_for(deadline, |state| {
                    state.stopping
                        || state.progress != before
                        || (state.model_wanted && library.model().is_none())
                });
            }
            Err(error) => {
                tracing::warn!(%error, "embedding failed");
                library.update(|state| state.embedding_error = Some(error.to_string()));
                library.wait_for(Instant::now() + RETRY, |state| state.stopping);
            }
        }
    }
}

/// Does a batch of work; `false` if there was none.
fn step(library: &Library, writer: &mut Option<VectorWriter>) -> Result<bool, NotesError> {
    let Some(index) = library.index() else {
        return Ok(false);
    };
    let Some(vectors) = &index.vectors else {
        return Ok(false);
    };
    let is_writer = library.progress().role == Role::Writer;
    if !is_writer {
        *writer = None;
    }
    let generation = index.words.generation();
    let pending = if is_writer && generation.embedded() < generation.passages() {
        generation.pending(BATCH)?
    } else {
        Vec::new()
    };
    let wanted = library.lock().model_wanted;
    if pending.is_empty() && (!wanted || library.model().is_some()) {
        return Ok(false);
    }
    let model = model(library)?;
    if pending.is_empty() {
        return Ok(true);
    }
    let writer = match writer {
        Some(writer) => writer,
        None => match VectorWriter::open(Arc::clone(vectors)) {
            Ok(opened) => writer.insert(opened),
            // The writer before us has let go of the words but not yet of the vectors.
            Err(VectorError::Busy) => return Ok(false),
            Err(error) => return Err(error.into()),
        },
    };
    let texts: Vec<&str> = pending.iter().map(|passage| passage.text.as_str()).collect();
    let embedded = model.embed(&texts)?;
    let rows: Vec<_> = pending
        .iter()
        .zip(&embedded)
        .map(|(passage, vector)| (passage.key, vector.as_slice()))
        .collect();
    writer.append(&rows)?;
    library.refresh()?;
    Ok(true)
}

/// The model for the background, loaded if it is not yet.
fn model(library: &Library) -> Result<MiniLm, NotesError> {
    let threads = NonZeroUsize::new(library.options.embedding_threads).unwrap_or(NonZeroUsize::MIN);
    if let Some(model) = library.model() {
        return Ok(model.with_threads(threads));
    }
    let model = MiniLm::load(NonZeroUsize::MIN)
        .inspect_err(|error| library.update(|state| state.model_error = Some(error.to_string())))?;
    library.set_model(model.clone());
    Ok(model.with_threads(threads))
}

/// Once everything is embedded: removes vectors nobody needs, if they have become the greater part.
fn compact(library: &Library, writer: Option<&mut VectorWriter>) {
    let (Some(writer), Some(index)) = (writer, library.index()) else {
        return;
    };
    let live = index.words.generation().live_keys();
    match writer.compact(|key| live.contains(&key)) {
        Ok(Some(done)) => {
            tracing::info!(
                before = done.rows_before,
                after = done.rows_after,
                "vectors nobody needs were removed"
            );
            library.report(library.refresh());
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "vectors nobody needs could not be removed"),
    }
}
