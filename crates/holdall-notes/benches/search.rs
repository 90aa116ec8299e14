//! A search among 1,000 and among 100,000 passages, and the memory that takes: `cargo bench -p holdall-notes
//! --bench search`.
//!
//! The index is made first, then measured in a process of its own that has made nothing. A time is that of a whole
//! search for 10 hits, snippets included, without the embedding of the question, which has its own line. Every
//! question is asked in several rounds and its median counts; p50 and p95 are over the questions. The last column
//! is processor time, of both legs together. Beside them, in the same process, a plain scan of f32 vectors. Numbers
//! and bars: `docs/benchmarks.md`.

#![allow(clippy::print_stdout, reason = "it prints a table")]

mod corpus;
mod memory;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, hint};

use corpus::{Chance, Corpus, tag};
use holdall_notes::chunk::{ChunkLimits, estimated_tokens};
use holdall_notes::embed::{Embedder, MiniLm};
use holdall_notes::eval::Latency;
use holdall_notes::lexical::LexicalIndex;
use holdall_notes::parse::NoteParser;
use holdall_notes::search::search;
use holdall_notes::vectors::{VectorKey, VectorStore, VectorWriter};
use holdall_notes::{ContentHash, Filter, SearchMode, SearchRequest};
use jiff::civil::date;
use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};
use simsimd::SpatialSimilarity;

const SIZES: [usize; 2] = [1_000, 100_000];
/// Passages whose vector is made by the model; those of the others are these, moved.
const EMBEDDED: usize = 2_000;
/// Length of what is added to a vector of length 1: cosine .8 to where it was.
const MOVED_BY: f32 = 0.75;
const QUESTIONS: u64 = 200;
const ROUNDS: usize = 5;
/// Notes between two commits, as the notebook does it.
const COMMIT_NOTES: u64 = 512;
const CANDIDATES: usize = 100;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--measure") {
        return measure(Path::new(&arguments[at + 1]));
    }
    for size in SIZES {
        let folder = tempfile::tempdir().expect("a folder for the index");
        make(folder.path(), size);
        let program = env::current_exe().expect("this program has a path");
        let status = Command::new(program).arg("--measure").arg(folder.path()).status();
        assert!(status.expect("it starts").success());
    }
}

/// Makes an index of at least `size` passages.
fn make(folder: &Path, size: usize) {
    let corpus = Corpus::read();
    let index = LexicalIndex::open(&folder.join("words")).expect("an index");
    let mut writer = index.writer().expect("no other writer");
    let zone = TimeZone::UTC;
    let parser = NoteParser {
        zone: &zone,
        limits: ChunkLimits::default(),
        count_tokens: &estimated_tokens,
    };
    let mut keys: Vec<VectorKey> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for number in 0.. {
        let made = corpus.note(number);
        let path = serde_json::from_value(made.path.into()).expect("a path is text");
        let note = parser.parse(path, &made.text, jiff::Timestamp::UNIX_EPOCH);
        for chunk in &note.chunks {
            let text = chunk.embedded_text(&note.title);
            keys.push(ContentHash::of(text.as_bytes()).into());
            if texts.len() < EMBEDDED {
                texts.push(text);
            }
        }
        writer.put_note(&note).expect("a note is indexed");
        if number % COMMIT_NOTES == COMMIT_NOTES - 1 {
            writer.commit().expect("a commit");
        }
        if keys.len() >= size {
            break;
        }
    }
    writer.commit().expect("a commit");
    writer.close().expect("merges end");
    make_vectors(folder, &keys, &texts);
}

fn make_vectors(folder: &Path, keys: &[VectorKey], texts: &[String]) {
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let model = MiniLm::load(threads).expect("the model loads");
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let real = model.embed(&texts).expect("texts are embedded");
    let store = VectorStore::open(folder, MiniLm::ID, MiniLm::DIMENSIONS).expect("a store");
    let mut writer = VectorWriter::open(Arc::new(store)).expect("no other writer");
    for (part, keys) in keys.chunks(4_096).enumerate() {
        let vectors = (part * 4_096..)
            .take(keys.len())
            .map(|number| match real.get(number) {
                Some(vector) => vector.clone(),
                None => moved(&real[number % real.len()], number as u64),
            });
        let vectors: Vec<Vec<f32>> = vectors.collect();
        let rows: Vec<_> = keys
            .iter()
            .copied()
            .zip(vectors.iter().map(Vec::as_slice))
            .collect();
        writer.append(&rows).expect("rows are appended");
    }
}

/// A vector of length 1 not far from `vector`, another one for every number.
fn moved(vector: &[f32], number: u64) -> Vec<f32> {
    let mut chance = Chance::new(number);
    let mut noise: Vec<f32> = vector
        .iter()
        .map(|_| chance.below(2_001) as f32 / 1_000.0 - 1.0)
        .collect();
    let scale = MOVED_BY / length(&noise);
    noise
        .iter_mut()
        .zip(vector)
        .for_each(|(noise, component)| *noise = *noise * scale + component);
    let length = length(&noise);
    noise.iter_mut().for_each(|component| *component /= length);
    noise
}

fn length(vector: &[f32]) -> f32 {
    vector
        .iter()
        .map(|component| component * component)
        .sum::<f32>()
        .sqrt()
}

/// Measures the index in `folder`.
fn measure(folder: &Path) {
    let corpus = Corpus::read();
    let questions: Vec<String> = (0..QUESTIONS).map(|number| corpus.question(number)).collect();
    let before = memory::read();
    let started = Instant::now();
    let index = LexicalIndex::open(&folder.join("words")).expect("an index");
    let store = VectorStore::open(folder, MiniLm::ID, MiniLm::DIMENSIONS).expect("a store");
    let generation = index.refresh(Some(store.rows())).expect("a generation");
    let opened = started.elapsed();
    println!(
        "\n{} passages of {} notes, {} with vectors, opened in {:.0} ms; load average {}",
        generation.passages(),
        generation.notes(),
        generation.embedded(),
        opened.as_secs_f64() * 1e3,
        fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
    );
    // The model is loaded last, so that the memory of the index is seen alone: until then a question's vector is
    // that of a passage, moved.
    let stand_ins: Vec<Vec<f32>> = questions
        .iter()
        .zip(0..)
        .map(|(_, number)| stand_in(number))
        .collect();
    let narrow = Filter {
        interval: Some(instant(2024)..instant(2025)),
        tags: vec![tag(1), tag(2), tag(3), tag(4)],
        any_tag: true,
        folder: None,
    };
    let asked = |mode, filter: &Filter, vectors: &[Vec<f32>]| {
        per_question(|number| {
            let mut request = SearchRequest::new(questions[number].as_str());
            (request.mode, request.filter) = (mode, filter.clone());
            let found = search(&generation, &request, Some(&vectors[number])).expect("a search");
            hint::black_box(found.hits.len());
        })
    };
    // Every page that searches touch is in memory before it is counted.
    asked(SearchMode::Hybrid, &Filter::default(), &stand_ins);
    memory::print(&before, &memory::read());

    let (vectors, embedding) = embed(&questions);
    println!(
        "{:<42} {:>8} {:>8} {:>12}",
        "search for 10 hits", "p50 ms", "p95 ms", "p95 CPU-ms"
    );
    for (name, mode) in [
        ("by words", SearchMode::Lexical),
        ("by meaning", SearchMode::Dense),
        ("by both", SearchMode::Hybrid),
    ] {
        row(name, asked(mode, &Filter::default(), &vectors));
        row(
            &format!("{name}, one year and four of 40 tags"),
            asked(mode, &narrow, &vectors),
        );
    }
    row(
        "plain scan of f32 vectors",
        plain_scan(generation.embedded() as usize, &vectors),
    );
    row("embedding of the question", embedding);
}

fn row(name: &str, times: Times) {
    println!(
        "{name:<42} {:>8.2} {:>8.2} {:>12.2}",
        times.time.p50_ms, times.time.p95_ms, times.processor.p95_ms
    );
}

/// How long questions took, on the clock and on the processor.
struct Times {
    time: Latency,
    processor: Latency,
}

fn instant(year: i16) -> jiff::Timestamp {
    let midnight = date(year, 1, 1).to_zoned(TimeZone::UTC);
    midnight.expect("UTC has every midnight").timestamp()
}

fn stand_in(number: u64) -> Vec<f32> {
    let mut axis = vec![0.0; MiniLm::DIMENSIONS];
    axis[number as usize % MiniLm::DIMENSIONS] = 1.0;
    moved(&axis, number)
}

/// The median of each question, over all questions.
fn per_question(ask: impl Fn(usize)) -> Times {
    let mut times = vec![(Vec::new(), Vec::new()); QUESTIONS as usize];
    for _ in 0..ROUNDS {
        for (number, (times, processor)) in times.iter_mut().enumerate() {
            let (started, processor_started) = (Instant::now(), processor_time());
            ask(number);
            times.push(started.elapsed());
            processor.push(processor_time() - processor_started);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[ROUNDS / 2]
    };
    let (times, processor) = times.into_iter().map(|(a, b)| (median(a), median(b))).unzip();
    Times {
        time: Latency::of(times),
        processor: Latency::of(processor),
    }
}

/// What this process has used: a search runs on one thread, the model on another.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn embed(questions: &[String]) -> (Vec<Vec<f32>>, Times) {
    let model = MiniLm::load(NonZeroUsize::MIN).expect("the model loads");
    let embed_one = |number: usize| {
        model
            .embed(&[&questions[number]])
            .expect("a question is embedded")
            .remove(0)
    };
    let latency = per_question(|number| {
        hint::black_box(embed_one(number));
    });
    ((0..questions.len()).map(embed_one).collect(), latency)
}

/// What search by meaning costs without an index: every vector compared as it is, the best candidates kept.
fn plain_scan(passages: usize, questions: &[Vec<f32>]) -> Times {
    let passages: Vec<Vec<f32>> = (0..passages as u64).map(stand_in).collect();
    let passages: Vec<f32> = passages.concat();
    per_question(|number| {
        let mut scores: Vec<(f64, usize)> = passages
            .chunks_exact(MiniLm::DIMENSIONS)
            .map(|passage| f32::dot(passage, &questions[number]).expect("the same length"))
            .zip(0..)
            .collect();
        let best = scores.len().min(CANDIDATES) - 1;
        scores.select_nth_unstable_by(best, |a, b| b.0.total_cmp(&a.0));
        scores.truncate(CANDIDATES);
        scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        hint::black_box(&scores);
    })
}
