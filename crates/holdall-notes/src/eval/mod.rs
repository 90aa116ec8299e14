//! How good search is, measured on a set of questions with known answers.
//!
//! The documents of a set become notes, through the same parser, passages, index and fusion as any note; what is
//! ranked are notes, each by its best passage. Nothing is tuned here.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `set` | which documents, questions and answers does a folder hold |
//! | `metrics` | how good is a ranking |

mod metrics;
mod set;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::chunk::{ChunkLimits, estimated_tokens};
use crate::embed::{EmbedError, Embedder};
use crate::lexical::{Analyser, FORMAT, Generation, IndexError, LexicalIndex, TextQuery};
use crate::note::NotePath;
use crate::parse::NoteParser;
use crate::search::{SearchError, SearchMode, SearchRequest, rank, search};
use crate::vectors::{VectorError, VectorStore, VectorWriter};
use metrics::Judged;
use set::{Document, Set};

pub use metrics::{Latency, Metrics};
pub use set::Question;

/// Passages embedded between two reports of progress.
const EMBEDDED_AT_ONCE: usize = 64;

/// How to measure.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvalOptions {
    /// How long passages are.
    pub limits: ChunkLimits,
}

/// Where a measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalProgress {
    /// Passages embedded so far, of all. Those of an earlier run on the same folder are there already.
    Embedding {
        /// So far.
        done: usize,
        /// Of how many.
        all: usize,
    },
    /// Questions asked so far, of all.
    Asking {
        /// So far.
        done: usize,
        /// Of how many.
        all: usize,
    },
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EvalReport {
    /// The name of the set's folder.
    pub set: String,
    /// Documents.
    pub documents: usize,
    /// Passages they were cut into.
    pub passages: u32,
    /// Questions that have an answer.
    pub questions: usize,
    /// The embedder, if there was one.
    pub embedder: Option<String>,
    /// Time to parse and index the words of all documents, in seconds.
    pub index_seconds: f64,
    /// Passages embedded in this run.
    pub embedded: usize,
    /// Time that took, in seconds.
    pub embed_seconds: f64,
    /// Time to embed a question.
    pub question_embedding: Option<Latency>,
    /// The legs, each alone, and both fused.
    pub legs: Vec<LegReport>,
}

/// How good one way to search is.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LegReport {
    /// Which legs ran.
    pub mode: SearchMode,
    /// On all questions.
    pub all: Metrics,
    /// On the half of the questions whose id has an even hash: choose parameters on one half, report the other.
    pub even: Metrics,
    /// On the other half.
    pub odd: Metrics,
    /// Time of a search for 10 hits, snippets included, embedding of the question excluded.
    pub latency: Latency,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A file of the set cannot be read.
    #[error("{file} cannot be read: {source}; a set has corpus.jsonl, queries.jsonl and qrels/test.tsv")]
    File {
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A line of the set makes no sense.
    #[error("{file}, line {line}: {problem}")]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// No question has an answer among the documents.
    #[error(
        "no question of {set} has an answer among its documents; compare the ids in qrels with those in corpus.jsonl"
    )]
    NoAnswers {
        /// The set.
        set: PathBuf,
    },
    /// The folder to work in cannot be used.
    #[error("{folder} cannot be used to work in: {source}")]
    Work {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Embedding failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The vectors failed.
    #[error(transparent)]
    Vectors(#[from] VectorError),
    /// A search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
}

/// Measures search on the set in folder `set`: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` in the layout
/// of BEIR.
///
/// Works in the folder `work`, which is made; vectors stay there, so that a second run embeds nothing. Without an
/// embedder words alone are measured. Blocks until all is done; `progress` is told from time to time.
pub fn evaluate(
    set: &Path,
    work: &Path,
    embedder: Option<&dyn Embedder>,
    options: EvalOptions,
    progress: &mut dyn FnMut(EvalProgress),
) -> Result<EvalReport, EvalError> {
    let read = Set::read(set)?;
    let started = Instant::now();
    let index = index_words(&read.documents, work, options)?;
    let index_seconds = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let (embedded, generation) = match embedder {
        Some(embedder) => embed_passages(&index, work, embedder, progress)?,
        None => (0, index.refresh(None)?),
    };
    let embed_seconds = started.elapsed().as_secs_f64();

    let (vectors, question_embedding) = match embedder {
        Some(embedder) => embed_questions(&read.questions, embedder)?,
        None => (Vec::new(), None),
    };
    let asked: Vec<Asked<'_>> = (0..)
        .zip(&read.questions)
        .map(|(at, question)| Asked {
            question,
            vector: vectors.get::<usize>(at).map(Vec::as_slice),
        })
        .collect();
    let modes: &[SearchMode] = match embedder {
        Some(_) => &[SearchMode::Lexical, SearchMode::Dense, SearchMode::Hybrid],
        None => &[SearchMode::Lexical],
    };
    let mut legs = Vec::new();
    for (done, &mode) in modes.iter().enumerate() {
        progress(EvalProgress::Asking {
            done: done * asked.len(),
            all: modes.len() * asked.len(),
        });
        legs.push(ask(&generation, &asked, mode)?);
    }
    Ok(EvalReport {
        set: set.file_name().map_or_else(
            || set.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        ),
        documents: read.documents.len(),
        passages: generation.passages(),
        questions: read.questions.len(),
        embedder: embedder.map(|embedder| embedder.id().to_owned()),
        index_seconds,
        embedded,
        embed_seconds,
        question_embedding,
        legs,
    })
}

/// A question and its vector.
struct Asked<'a> {
    question: &'a Question,
    vector: Option<&'a [f32]>,
}

fn index_words(documents: &[Document], work: &Path, options: EvalOptions) -> Result<LexicalIndex, EvalError> {
    let in_work = |source| EvalError::Work {
        folder: work.to_owned(),
        source,
    };
    let folder = work.join(format!("words-{FORMAT}"));
    fs::create_dir_all(work).map_err(in_work)?;
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(in_work(error)),
        _ => {}
    }
    let index = LexicalIndex::open(&folder)?;
    let mut writer = index.writer()?;
    let parser = NoteParser {
        zone: &TimeZone::UTC,
        limits: options.limits,
        count_tokens: &estimated_tokens,
    };
    for (number, document) in documents.iter().enumerate() {
        let note = parser.parse(note_path(number), &note_text(document), Timestamp::UNIX_EPOCH);
        writer.put_note(&note)?;
    }
    writer.commit()?;
    writer.close()?;
    Ok(index)
}

fn embed_passages(
    index: &LexicalIndex,
    work: &Path,
    embedder: &dyn Embedder,
    progress: &mut dyn FnMut(EvalProgress),
) -> Result<(usize, Arc<Generation>), EvalError> {
    let store = Arc::new(VectorStore::open(work, embedder.id(), embedder.dimensions())?);
    let mut writer = VectorWriter::open(Arc::clone(&store))?;
    let pending = index.refresh(Some(store.rows()))?.pending(usize::MAX)?;
    for (done, some) in pending.chunks(EMBEDDED_AT_ONCE).enumerate() {
        progress(EvalProgress::Embedding {
            done: done * EMBEDDED_AT_ONCE,
            all: pending.len(),
        });
        let texts: Vec<&str> = some.iter().map(|passage| passage.text.as_str()).collect();
        let vectors = embedder.embed(&texts)?;
        let keyed = some
            .iter()
            .zip(&vectors)
            .map(|(passage, vector)| (passage.key, vector.as_slice()));
        writer.append(&keyed.collect::<Vec<_>>())?;
    }
    Ok((pending.len(), index.refresh(Some(store.rows()))?))
}

fn embed_questions(
    questions: &[Question],
    embedder: &dyn Embedder,
) -> Result<(Vec<Vec<f32>>, Option<Latency>), EvalError> {
    let mut vectors = Vec::with_capacity(questions.len());
    let mut times = Vec::with_capacity(questions.len());
    for question in questions {
        let started = Instant::now();
        vectors.extend(embedder.embed(&[question.text.as_str()])?);
        times.push(started.elapsed());
    }
    Ok((vectors, Some(Latency::of(times))))
}

/// Asks everything in one way.
fn ask(generation: &Generation, asked: &[Asked<'_>], mode: SearchMode) -> Result<LegReport, EvalError> {
    let mut judged: Vec<(bool, Judged)> = Vec::with_capacity(asked.len());
    let mut times: Vec<Duration> = Vec::with_capacity(asked.len());
    for Asked { question, vector } in asked {
        let request = |limit| SearchRequest {
            limit,
            mode,
            ..SearchRequest::new(question.text.as_str())
        };
        let started = Instant::now();
        search(generation, &request(10), *vector)?;
        times.push(started.elapsed());
        let ten = ranked_notes(generation, &request(10), *vector)?;
        let hundred = ranked_notes(generation, &request(100), *vector)?;
        judged.push((question.is_even(), Judged::of(&question.answers, &ten, &hundred)));
    }
    let of = |wanted: &dyn Fn(bool) -> bool| {
        Metrics::mean(
            judged
                .iter()
                .filter(|(even, _)| wanted(*even))
                .map(|(_, judged)| *judged),
        )
    };
    Ok(LegReport {
        mode,
        all: of(&|_| true),
        even: of(&|even| even),
        odd: of(&|even| !even),
        latency: Latency::of(times),
    })
}

/// The numbers of the documents found, each once, by their best passages.
fn ranked_notes(
    generation: &Generation,
    request: &SearchRequest,
    vector: Option<&[f32]>,
) -> Result<Vec<usize>, EvalError> {
    let query = TextQuery::parse(&request.query, &Analyser::new());
    let ranking = rank(generation, request, &query, vector)?;
    let mut seen = HashSet::new();
    let mut notes = Vec::new();
    for candidate in ranking.candidates {
        let segment = generation.segment(candidate.address.segment_ord);
        if !seen.insert(segment.note_of(candidate.address.doc_id)) {
            continue;
        }
        let file = generation.file_of(candidate.address)?;
        notes.extend(document_number(&file.path));
        if notes.len() >= request.limit {
            break;
        }
    }
    Ok(notes)
}

fn note_path(number: usize) -> NotePath {
    NotePath::new(format!("{number}.md"))
}

fn document_number(path: &NotePath) -> Option<usize> {
    path.stem().parse().ok()
}

/// The title goes where a note's title goes: into the frontmatter, as JSON, which YAML can read. Only control
/// characters and line breaks are not the same in both.
fn note_text(document: &Document) -> String {
    let spaced = |c: char| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') {
            ' '
        } else {
            c
        }
    };
    let title: String = document.title.chars().map(spaced).collect();
    if title.trim().is_empty() {
        return document.text.clone();
    }
    format!(
        "---\ntitle: {}\n---\n\n{}",
        serde_json::Value::from(title),
        document.text
    )
}

#[cfg(test)]
mod tests;
