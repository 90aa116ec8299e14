//! `holdall index`.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::arguments::IndexArguments;
use crate::config::Config;
use crate::notebook::open;
use crate::printable::printable;
use crate::progress::Bar;

/// A day: as long as it takes.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn run(arguments: &IndexArguments, config: &Config) -> Result<()> {
    let started = Instant::now();
    let notebook = Arc::new(open(config)?);
    {
        let _bar = Bar::show(&notebook);
        notebook.wait_until_indexed(PATIENCE);
        if !arguments.notes.no_embeddings {
            notebook.wait_until_embedded(PATIENCE);
        }
    }
    let status = notebook.status();
    let seconds = started.elapsed().as_secs_f64();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let mut json = serde_json::to_value(&status)?;
        json["seconds"] = seconds.into();
        writeln!(out, "{json:#}")?;
    } else {
        let progress = status.progress;
        writeln!(
            out,
            "{} notes, {} passages, {} of them found by meaning too, in {seconds:.1} s",
            progress.notes, progress.passages, progress.embedded
        )?;
        for problem in &status.problems {
            let line = format!("{}: {}: {}", problem.path, problem.state, problem.reason);
            writeln!(out, "{}", printable(&line))?;
        }
    }
    if let Some(error) = status.last_error {
        bail!("{error}");
    }
    Ok(())
}
