//! `holdall search`.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use holdall_notes::when::interval;
use holdall_notes::{Filter, Hit, SearchRequest, SearchResults};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::arguments::SearchArguments;
use crate::config::Config;
use crate::notebook::{explained, open};
use crate::printable::printable;
use crate::progress::Bar;
use crate::say;

/// How long a question waits for notes that are not indexed yet.
const INDEX_WAIT: Duration = Duration::from_secs(600);
/// How long a question waits for passages whose meaning is not known yet.
const EMBED_WAIT: Duration = Duration::from_secs(2);

pub(crate) fn run(arguments: &SearchArguments, config: &Config) -> Result<()> {
    let notebook = Arc::new(open(config)?);
    let now = notebook.now();
    let when = arguments
        .when
        .as_deref()
        .map(|when| interval(when, &now))
        .transpose()
        .map_err(explained)?;
    let mut request = SearchRequest::new(arguments.question.join(" "));
    request.limit = usize::from(arguments.limit);
    request.filter = Filter {
        interval: when
            .as_ref()
            .map(|when| when.since.unwrap_or(Timestamp::MIN)..when.until.unwrap_or(Timestamp::MAX)),
        tags: arguments.tag.clone(),
        folder: arguments.folder.clone(),
        ..Filter::default()
    };
    {
        let _bar = Bar::show(&notebook);
        notebook.wait_until_indexed(INDEX_WAIT);
        notebook.wait_until_embedded(EMBED_WAIT);
    }
    let results = notebook.search(&request).map_err(explained)?;
    let zone = now.time_zone();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let hits: Vec<_> = results.hits.iter().map(|hit| hit_json(hit, zone)).collect();
        let when = when.as_ref().map(|when| when.describe());
        let reply = json!({ "hits": hits, "legs": results.legs, "interval": when });
        writeln!(out, "{reply:#}")?;
        return Ok(());
    }
    if let Some(when) = &when {
        writeln!(out, "notes dated {}", when.describe())?;
    }
    print_hits(&mut out, &results, zone)?;
    if results.legs.embedded < results.legs.passages && !arguments.notes.no_embeddings {
        let legs = results.legs;
        say(&format!(
            "{} of {} passages were searched by meaning; `holdall index` brings in the rest",
            legs.embedded, legs.passages
        ));
    }
    Ok(())
}

fn print_hits(out: &mut impl Write, results: &SearchResults, zone: &TimeZone) -> std::io::Result<()> {
    if results.hits.is_empty() {
        writeln!(out, "nothing found")?;
    }
    for (index, hit) in results.hits.iter().enumerate() {
        let headings: String = hit
            .chunk
            .headings
            .iter()
            .map(|heading| format!(" › {heading}"))
            .collect();
        let date = hit.file.date.at.to_zoned(zone.clone()).date();
        let (path, line, title) = (hit.path(), hit.chunk.lines.start, &hit.file.title);
        let place = format!("{}. {path}:{line}  {title}{headings}  ({date})", index + 1);
        writeln!(out, "{}", printable(&place))?;
        for line in hit.snippet.lines().filter(|line| !line.trim().is_empty()) {
            writeln!(out, "   {}", printable(line))?;
        }
    }
    Ok(())
}

fn hit_json(hit: &Hit, zone: &TimeZone) -> serde_json::Value {
    json!({
        "path": hit.path(),
        "title": hit.file.title,
        "headings": hit.chunk.headings,
        "from_line": hit.chunk.lines.start,
        "to_line": hit.chunk.lines.end.saturating_sub(1),
        "date": hit.file.date.at.to_zoned(zone.clone()).date(),
        "tags": hit.file.tags,
        "score": hit.score,
        "snippet": hit.snippet,
        "passage": hit.chunk.text,
    })
}
