//! Finding passages: two legs, by words and by meaning, fused into one list.
//!
//! Everything a search needs is in a [`Generation`]: nothing here opens files, and the query's vector is the
//! caller's to make, so that a search by words never waits for the model.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `legs` | which passages are best by words, which by meaning, among those that may be found |
//! | `fusion` | how do both make one list |
//! | `snippet` | which sentences of a passage answer the query |

mod fusion;
mod legs;
mod snippet;

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use serde::Serialize;
use tantivy::DocAddress;

pub use crate::lexical::Filter;
use crate::lexical::{Analyser, FileRecord, Generation, IndexError, TextQuery};
use crate::note::{Chunk, NotePath};
use crate::vectors::{QueryVector, VectorError};
use fusion::{Candidate, depth, fuse};
use legs::{Admitted, Dense, Lexical};

/// Passages of one note in one answer, at most.
const PASSAGES_PER_NOTE_MAX: usize = 2;

/// From so many vectors on the legs run side by side: a thread costs less than what it saves.
const SIDE_BY_SIDE_MIN: u32 = if cfg!(test) { 200 } else { 20_000 };

/// Which legs to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Words and meaning.
    #[default]
    Hybrid,
    /// Words alone.
    Lexical,
    /// Meaning alone.
    Dense,
}

/// What to search for.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// Words or a question. `"a phrase"` must be there, `-word` must not.
    pub query: String,
    /// Hits to return, at most (10).
    pub limit: usize,
    /// What may be found at all.
    pub filter: Filter,
    /// Which legs to run (both).
    pub mode: SearchMode,
    /// The passages of all hits together have no more tokens than this, estimated; the best hit is returned
    /// whatever its length (6,000).
    pub tokens_max: usize,
}

impl SearchRequest {
    /// A request for `query` with the defaults.
    pub fn new(query: impl Into<String>) -> Self {
        Self {
            query: query.into(),
            limit: 10,
            filter: Filter::default(),
            mode: SearchMode::default(),
            tokens_max: 6_000,
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct SearchResults {
    /// Passages, best first.
    pub hits: Vec<Hit>,
    /// What was searched.
    pub legs: Legs,
}

/// Which legs ran, and over how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Legs {
    /// Whether words were searched.
    pub lexical: bool,
    /// Whether meaning was searched: it was asked for, and there was a vector of the query.
    pub dense: bool,
    /// Passages there are.
    pub passages: u32,
    /// Passages that have a vector; the others are found by words alone.
    pub embedded: u32,
}

/// A passage that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The file it stands in.
    pub file: Arc<FileRecord>,
    /// The passage.
    pub chunk: Chunk,
    /// How good it is, and why.
    pub score: Score,
    /// The sentences that answer the query best, 300 characters at most.
    pub snippet: String,
}

impl Hit {
    /// The note.
    pub fn path(&self) -> &NotePath {
        &self.file.path
    }
}

/// A score and its parts. Comparable within one answer only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Between 0 and 1, higher is better.
    pub total: f32,
    /// BM25 of the words; `None` if words were not searched.
    pub lexical: Option<f32>,
    /// Cosine of the meanings; `None` if meaning was not searched or the passage has no vector yet.
    pub dense: Option<f32>,
}

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The vectors failed.
    #[error(transparent)]
    Vectors(#[from] VectorError),
}

impl From<tantivy::TantivyError> for SearchError {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Index(error.into())
    }
}

/// Searches. `vector` is the query's, made by the embedder whose vectors the generation has; without it, or
/// without vectors, words alone are searched.
pub fn search(
    generation: &Generation,
    request: &SearchRequest,
    vector: Option<&[f32]>,
) -> Result<SearchResults, SearchError> {
    let analyser = Analyser::new();
    let query = TextQuery::parse(&request.query, &analyser);
    let ranking = rank(generation, request, &query, vector)?;
    let mut hits = Vec::new();
    let mut per_note: HashMap<u64, usize> = HashMap::new();
    let mut tokens = 0;
    for candidate in ranking.candidates {
        if hits.len() >= request.limit {
            break;
        }
        let segment = generation.segment(candidate.address.segment_ord);
        let of_note = per_note
            .entry(segment.note_of(candidate.address.doc_id))
            .or_default();
        if *of_note >= PASSAGES_PER_NOTE_MAX {
            continue;
        }
        let passage = generation.passage(candidate.address)?;
        tokens += crate::chunk::estimated_tokens(&passage.chunk.text);
        if tokens > request.tokens_max && !hits.is_empty() {
            break;
        }
        *of_note += 1;
        let snippet = snippet::snippet(&passage.chunk.text, &query, &analyser);
        hits.push(Hit {
            file: passage.file,
            chunk: passage.chunk,
            score: candidate.score,
            snippet,
        });
    }
    Ok(SearchResults {
        hits,
        legs: ranking.legs,
    })
}

/// Notes whose meaning is nearest to that of a note, best first, with their cosines; the note itself is left
/// out. Empty while the note has no vectors.
pub fn similar_notes(
    generation: &Generation,
    path: &NotePath,
    limit: usize,
) -> Result<Vec<(Arc<FileRecord>, f32)>, SearchError> {
    let Some(rows) = generation.rows() else {
        return Ok(Vec::new());
    };
    let own = generation.addresses_of(path)?;
    let mut best: HashMap<NotePath, (Arc<FileRecord>, f32)> = HashMap::new();
    for address in &own {
        let Some(row) = generation.segment(address.segment_ord).row_of(address.doc_id) else {
            continue;
        };
        let vector = rows.vector(row);
        let dense = Dense::new(generation, &vector, &Admitted::All)?;
        for (near, cosine) in dense.best(own.len() + 4 * limit)? {
            if own.contains(&near) {
                continue;
            }
            let file = generation.file_of(near)?;
            let entry = best.entry(file.path.clone()).or_insert_with(|| (file, cosine));
            entry.1 = entry.1.max(cosine);
        }
    }
    let mut similar: Vec<_> = best.into_values().collect();
    similar.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.path.cmp(&b.0.path)));
    similar.truncate(limit);
    Ok(similar)
}

/// Passages in the order of their scores, before anything is read of them.
pub(crate) struct Ranking {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) legs: Legs,
}

pub(crate) fn rank(
    generation: &Generation,
    request: &SearchRequest,
    query: &TextQuery,
    vector: Option<&[f32]>,
) -> Result<Ranking, SearchError> {
    let vector = vector
        .filter(|_| request.mode != SearchMode::Lexical)
        .map(QueryVector::new);
    let lexical_wanted = request.mode != SearchMode::Dense;
    let admitted = Admitted::of(generation, query, &request.filter)?;
    let depth = depth(request.limit);
    let lexical = lexical_wanted
        .then(|| Lexical::new(generation, query, &admitted))
        .transpose()?;
    let dense = vector.as_ref().zip(generation.rows());
    let dense = dense
        .map(|(vector, _)| Dense::new(generation, vector, &admitted))
        .transpose()?;

    let words = || lexical.as_ref().map_or(Ok(Vec::new()), |leg| leg.best(depth));
    let meaning = || dense.as_ref().map_or(Ok(Vec::new()), |leg| leg.best(depth));
    let side_by_side = lexical.is_some() && dense.is_some() && generation.embedded() >= SIDE_BY_SIDE_MIN;
    let (by_words, by_meaning) = if side_by_side {
        thread::scope(|scope| {
            let meaning = scope.spawn(meaning);
            (
                words(),
                meaning.join().unwrap_or_else(|panic| resume_unwind(panic)),
            )
        })
    } else {
        (words(), meaning())
    };
    let (mut by_words, mut by_meaning) = (by_words?, by_meaning?);
    // What one leg found, the other judges too.
    if let (Some(lexical), Some(dense)) = (&lexical, &dense) {
        let (found_by_words, found_by_meaning) = (addresses(&by_words), addresses(&by_meaning));
        by_words.extend(lexical.scores(&found_by_meaning)?);
        by_meaning.extend(dense.scores(&found_by_words));
    }
    let legs = Legs {
        lexical: lexical.is_some(),
        dense: dense.is_some(),
        passages: generation.passages(),
        embedded: generation.embedded(),
    };
    Ok(Ranking {
        candidates: fuse(legs, &by_words, &by_meaning),
        legs,
    })
}

fn addresses(scored: &[(DocAddress, f32)]) -> Vec<DocAddress> {
    scored.iter().map(|(address, _)| *address).collect()
}

#[cfg(test)]
mod tests;
