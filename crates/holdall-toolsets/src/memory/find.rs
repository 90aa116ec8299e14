//! How the graph is searched: whatever has the query as a part of its text is found, as in the reference server, and
//! also what has all of its words, in whatever order and in whichever observations.

use std::collections::HashMap;

use rusqlite::Connection;

use super::errors::MemoryError;
use super::graph::Graph;
use super::reading::{Filling, REPLY_BYTES_MAX};
use super::replies::GraphReply;
use crate::store::{Match, fold, matching, words};

/// How well an entity fits; more is better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    whole: Whole,
    words: usize,
}

/// Where the whole query was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Whole {
    #[default]
    Nowhere,
    InText,
    InName,
    IsName,
}

impl Graph {
    pub(super) fn search(&self, query: &str, limit: usize) -> Result<GraphReply, MemoryError> {
        if query.trim().is_empty() {
            return self.page(None, REPLY_BYTES_MAX);
        }
        self.store().read(|reading| {
            let words = words(query);
            let mut fits = whole(reading, &fold(query.trim()))?;
            for word in &words {
                for id in having(reading, &matching(&[*word], Match::All))? {
                    fits.entry(id).or_default().words += 1;
                }
            }
            let mut filling = Filling::new(REPLY_BYTES_MAX);
            let fitting =
                |fit: &Fit| fit.whole > Whole::Nowhere || (!words.is_empty() && fit.words == words.len());
            match fits.values().any(fitting) {
                true => fits.retain(|_, fit| fitting(fit)),
                false if fits.is_empty() => {}
                false => filling.note("nothing has all of these words; these have some of them"),
            }
            let total = fits.len();
            let mut best: Vec<(i64, Fit)> = fits.into_iter().collect();
            best.sort_by_key(|(id, fit)| (std::cmp::Reverse(*fit), *id));
            for (id, _) in best.into_iter().take(limit) {
                if !filling.entity(reading, id, 1)? {
                    break;
                }
            }
            let shown = filling.reply.entities.len();
            if shown < total {
                filling.note(format!("the best {shown} of {total}: add words for others"));
            }
            filling.relations_of_entities(reading)?;
            Ok(filling.finished())
        })
    }
}

/// The entities that have `part`, a folded text, somewhere.
fn whole(reading: &Connection, part: &str) -> Result<HashMap<i64, Fit>, MemoryError> {
    let mut fits: HashMap<i64, Fit> = HashMap::new();
    let mut note = |id, whole| {
        let fit = fits.entry(id).or_default();
        fit.whole = fit.whole.max(whole);
    };
    let mut statement =
        reading.prepare_cached("SELECT DISTINCT entity FROM observations WHERE instr(fold(content), ?1)")?;
    for id in statement.query_map([part], |row| row.get(0))? {
        note(id?, Whole::InText);
    }
    let mut statement = reading.prepare_cached(
        "SELECT id, fold(name) = ?1, instr(fold(name), ?1) > 0 FROM entities
         WHERE instr(fold(name), ?1) OR instr(fold(entity_type), ?1)",
    )?;
    let mut rows = statement.query([part])?;
    while let Some(row) = rows.next()? {
        let found = match (row.get(1)?, row.get(2)?) {
            (true, _) => Whole::IsName,
            (_, true) => Whole::InName,
            _ => Whole::InText,
        };
        note(row.get(0)?, found);
    }
    Ok(fits)
}

/// The entities that have a word, each once.
fn having(reading: &Connection, asked: &str) -> Result<Vec<i64>, MemoryError> {
    let mut statement = reading.prepare_cached(
        "SELECT rowid FROM entities_words WHERE entities_words MATCH ?1
         UNION
         SELECT entity FROM observations
         WHERE id IN (SELECT rowid FROM observations_words WHERE observations_words MATCH ?1)",
    )?;
    let ids = statement.query_map([asked], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
