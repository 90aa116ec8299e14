//! From files to answers: the first start on 1,870 notes, the rate of embedding, a question's embedding, the time
//! from saving a file to finding it, and the second start: `cargo bench -p holdall-notes --bench ingest`.
//!
//! All through the real notebook and its watcher, as `holdall serve` runs it. Numbers and bars:
//! `docs/benchmarks.md`.

#![allow(clippy::print_stdout, reason = "it prints a table")]

#[allow(dead_code, reason = "shared with the other benches")]
mod corpus;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, hint, thread};

use corpus::{Corpus, coined};
use holdall_notes::chunk::{ChunkLimits, estimated_tokens};
use holdall_notes::embed::{Embedder, MiniLm};
use holdall_notes::eval::Latency;
use holdall_notes::parse::NoteParser;
use holdall_notes::{Notebook, NotebookOptions, SearchMode, SearchRequest};
use jiff::tz::TimeZone;

const NOTES: u64 = 1_870;
/// Notes that are embedded whole, for the second start.
const FEW_NOTES: u64 = 60;
const BACKGROUND: Duration = Duration::from_secs(15);
const PASSAGES: usize = 384;
const QUESTIONS: u64 = 200;
const SAVES: u64 = 30;
const POLL: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(600);

fn main() {
    println!(
        "load average {}",
        fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    let corpus = Corpus::read();
    model_alone(&corpus);
    first_start(&corpus);
    saves_at_rest(&corpus);
    second_start(&corpus);
}

/// The model with nothing else to do.
fn model_alone(corpus: &Corpus) {
    let started = Instant::now();
    let model = MiniLm::load(NonZeroUsize::MIN).expect("the model loads");
    row("loading the model", "ms", started.elapsed().as_secs_f64() * 1e3);
    let passages = passages(corpus);
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    for threads in [1, 2] {
        let model = model.with_threads(NonZeroUsize::new(threads).expect("1 and 2 are not 0"));
        let spent = Spent::begin();
        hint::black_box(model.embed(&texts).expect("passages are embedded"));
        spent.row(&format!("embedding, {threads} thread(s)"), texts.len() as u64);
    }
    let times = (0..QUESTIONS).map(|number| {
        let question = corpus.question(number);
        let started = Instant::now();
        hint::black_box(model.embed(&[&question]).expect("a question is embedded"));
        started.elapsed()
    });
    rows("embedding a question", Latency::of(times.collect()));
}

fn passages(corpus: &Corpus) -> Vec<String> {
    let zone = TimeZone::UTC;
    let parser = NoteParser {
        zone: &zone,
        limits: ChunkLimits::default(),
        count_tokens: &estimated_tokens,
    };
    let passages = (0..).flat_map(|number| {
        let made = corpus.note(number);
        let path = serde_json::from_value(made.path.into()).expect("a path is text");
        let note = parser.parse(path, &made.text, jiff::Timestamp::UNIX_EPOCH);
        let texts: Vec<String> = note
            .chunks
            .iter()
            .map(|chunk| chunk.embedded_text(&note.title))
            .collect();
        texts
    });
    passages.take(PASSAGES).collect()
}

/// Opens many notes for the first time; the model works in the background.
fn first_start(corpus: &Corpus) {
    let (notes, data) = folders(corpus, NOTES);
    let started = Instant::now();
    let notebook = open(notes.path(), data.path(), true);
    assert!(notebook.wait_until_indexed(PATIENCE));
    let indexed = started.elapsed();
    let progress = notebook.progress();
    row(
        &format!(
            "first start: {} notes, {} passages found by words",
            progress.notes, progress.passages
        ),
        "ms",
        indexed.as_secs_f64() * 1e3,
    );
    let spent = Spent::begin();
    let embedded = notebook.progress().embedded;
    thread::sleep(BACKGROUND);
    let embedded = notebook.progress().embedded - embedded;
    let threads = NotebookOptions::new(data.path()).embedding_threads;
    spent.row(
        &format!("embedding in the background, {threads} thread(s)"),
        embedded,
    );
    rows(
        "saved to found, while it embeds",
        saves(&notebook, corpus, notes.path()),
    );
}

fn saves_at_rest(corpus: &Corpus) {
    let (notes, data) = folders(corpus, NOTES);
    let started = Instant::now();
    let notebook = open(notes.path(), data.path(), false);
    assert!(notebook.wait_until_indexed(PATIENCE));
    row(
        "first start without embeddings",
        "ms",
        started.elapsed().as_secs_f64() * 1e3,
    );
    rows("saved to found, at rest", saves(&notebook, corpus, notes.path()));
}

/// Appends a word to a file, as an editor would, and searches until it is found.
fn saves(notebook: &Notebook, corpus: &Corpus, notes: &Path) -> Latency {
    let times = (0..SAVES).map(|number| {
        let word = coined(u64::MAX - number);
        let mut request = SearchRequest::new(word.as_str());
        request.mode = SearchMode::Lexical;
        let path = notes.join(corpus.note(number * 7).path);
        let mut text = fs::read_to_string(&path).expect("the note is there");
        text.push_str(&format!("\nAnd {word}.\n"));
        let mut file = fs::File::create(&path).expect("the note can be written");
        file.write_all(text.as_bytes()).expect("the note can be written");
        drop(file);
        let saved = Instant::now();
        while notebook.search(&request).expect("a search").hits.is_empty() {
            assert!(saved.elapsed() < PATIENCE, "{word} is never found");
            thread::sleep(POLL);
        }
        saved.elapsed()
    });
    Latency::of(times.collect())
}

/// Opens notes that were embedded before.
fn second_start(corpus: &Corpus) {
    let (notes, data) = folders(corpus, FEW_NOTES);
    let notebook = open(notes.path(), data.path(), true);
    assert!(notebook.wait_until_embedded(PATIENCE));
    drop(notebook);
    let before = vector_bytes(data.path());
    let started = Instant::now();
    let notebook = open(notes.path(), data.path(), true);
    assert!(notebook.wait_until_embedded(PATIENCE));
    let ready = started.elapsed();
    let progress = notebook.progress();
    row(
        &format!("second start: {} passages found by both", progress.embedded),
        "ms",
        ready.as_secs_f64() * 1e3,
    );
    let model = notebook.status().model;
    drop(notebook);
    let added = vector_bytes(data.path()) - before;
    println!("second start: {added} bytes of vectors added, model {model}");
}

/// The notes with numbers below `count` as files, and an empty folder for the index.
fn folders(corpus: &Corpus, count: u64) -> (tempfile::TempDir, tempfile::TempDir) {
    let notes = tempfile::tempdir().expect("a folder for notes");
    for number in 0..count {
        let made = corpus.note(number);
        let path = notes.path().join(made.path);
        let folder = path.parent().expect("a note lies in a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, made.text).expect("a note can be written");
    }
    (notes, tempfile::tempdir().expect("a folder for the index"))
}

fn open(notes: &Path, data: &Path, semantic: bool) -> Notebook {
    let mut options = NotebookOptions::new(data);
    options.semantic = semantic;
    Notebook::open(&[notes], options).expect("the notes can be opened")
}

/// The size of all vectors below `folder`.
fn vector_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.path() {
        path if path.is_dir() => vector_bytes(&path),
        path if path.extension().is_some_and(|extension| extension == "bin") => {
            entry.metadata().map_or(0, |metadata| metadata.len())
        }
        _ => 0,
    });
    sizes.sum()
}

/// What passes between two moments: time, and processor time of all threads, which does not depend on what else
/// the machine does.
struct Spent {
    began: Instant,
    processor: f64,
}

impl Spent {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            processor: processor_seconds(),
        }
    }

    /// The rate of what was done since.
    fn row(&self, what: &str, done: u64) {
        let (time, processor) = (
            self.began.elapsed().as_secs_f64(),
            processor_seconds() - self.processor,
        );
        let done = done as f64;
        println!(
            "{what:<60} {:>8.1} passages/s, {:.1} a second of processor time",
            done / time,
            done / processor
        );
    }
}

fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn row(what: &str, unit: &str, value: f64) {
    println!("{what:<60} {value:>8.1} {unit}");
}

fn rows(what: &str, latency: Latency) {
    println!(
        "{what:<60} {:>8.1} ms p50 {:>8.1} ms p95",
        latency.p50_ms, latency.p95_ms
    );
}
