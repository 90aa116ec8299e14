//! `holdall eval`.

use std::io::Write;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use holdall_notes::embed::{Embedder, MiniLm};
use holdall_notes::eval::{EvalOptions, EvalProgress, EvalReport, evaluate};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::EvalArguments;
use crate::config::DataConfig;

pub(crate) fn run(arguments: &EvalArguments) -> Result<()> {
    let set = arguments.dir.canonicalize().with_context(|| {
        let dir = arguments.dir.display();
        format!("`{dir}` is not a set: a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv")
    })?;
    let name = set
        .file_name()
        .context("the root of the file system is not a set of questions")?;
    let data = DataConfig {
        dir: arguments.data_dir.clone(),
    };
    let work = data.dir()?.join("eval").join(name);
    let model = if arguments.no_embeddings {
        None
    } else {
        Some(load()?)
    };
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template(
        "{msg:<10} {bar:40} {pos}/{len} {elapsed}",
    )?);
    let embedder = model.as_ref().map(|model| model as &dyn Embedder);
    let report = evaluate(&set, &work, embedder, EvalOptions::default(), &mut |progress| {
        let (message, done, all) = match progress {
            EvalProgress::Embedding { done, all } => ("embedding", done, all),
            EvalProgress::Asking { done, all } => ("asking", done, all),
        };
        bar.set_message(message);
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(())
}

/// The model, with all cores: somebody waits.
fn load() -> Result<MiniLm> {
    Ok(MiniLm::load(
        std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    )?)
}

fn print(out: &mut impl Write, report: &EvalReport) -> std::io::Result<()> {
    let EvalReport {
        set,
        documents,
        passages,
        questions,
        ..
    } = report;
    writeln!(
        out,
        "{set}: {documents} documents, {passages} passages, {questions} questions"
    )?;
    write!(out, "indexed in {:.2} s", report.index_seconds)?;
    if report.embedded > 0 {
        let rate = report.embedded as f64 / report.embed_seconds;
        write!(
            out,
            "; {} passages embedded in {:.1} s ({rate:.0}/s)",
            report.embedded, report.embed_seconds
        )?;
    }
    writeln!(out, "\n")?;
    writeln!(
        out,
        "{:<9} {:>8} {:>8} {:>8} {:>8} {:>11} {:>11} {:>9} {:>9}",
        "leg", "nDCG@10", "MRR@10", "R@10", "R@100", "nDCG even", "nDCG odd", "p50 ms", "p95 ms"
    )?;
    for leg in &report.legs {
        let mode = format!("{:?}", leg.mode).to_lowercase();
        writeln!(
            out,
            "{mode:<9} {:>8.4} {:>8.4} {:>8.4} {:>8.4} {:>11.4} {:>11.4} {:>9.2} {:>9.2}",
            leg.all.ndcg_at_10,
            leg.all.mrr_at_10,
            leg.all.recall_at_10,
            leg.all.recall_at_100,
            leg.even.ndcg_at_10,
            leg.odd.ndcg_at_10,
            leg.latency.p50_ms,
            leg.latency.p95_ms,
        )?;
    }
    if let Some(latency) = &report.question_embedding {
        writeln!(
            out,
            "\nembedding a question: p50 {:.2} ms, p95 {:.2} ms",
            latency.p50_ms, latency.p95_ms
        )?;
    }
    Ok(())
}
