//! How the file of the reference server comes in: JSON Lines, an entity or a relation each.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use rusqlite::{OptionalExtension, Transaction};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::arguments::{NAME_CHARS_MAX, OBSERVATION_CHARS_MAX, Relation};
use super::errors::MemoryError;
use super::graph::{Graph, entity_id, insert_entity, insert_observations, insert_relation};

/// Bytes of a line.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Problems a report names; what comes after is counted.
const PROBLEMS_MAX: usize = 100;

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Whether the file had come in before as it is now, and was not taken again. The problems are those of then.
    pub already: bool,
    /// Entities that were new.
    pub entities: usize,
    /// Observations that were new.
    pub observations: usize,
    /// Relations that were new.
    pub relations: usize,
    /// What did not come in, in the order of the file: the first 100.
    pub problems: Vec<ImportProblem>,
    /// How many there are.
    pub problems_total: usize,
}

/// A line, or a part of one, that did not come in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportProblem {
    /// The line, counted from 1.
    pub line: u64,
    /// Why.
    pub why: String,
}

impl ImportReport {
    fn problem(&mut self, line: u64, why: impl Into<String>) {
        self.problems_total += 1;
        if self.problems.len() < PROBLEMS_MAX {
            let why = why.into();
            self.problems.push(ImportProblem { line, why });
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Item {
    #[serde(rename_all = "camelCase")]
    Entity {
        name: String,
        #[serde(default)]
        entity_type: String,
        #[serde(default)]
        observations: Vec<String>,
    },
    Relation(Relation),
}

pub(super) fn import(graph: &Graph, path: &Path) -> Result<ImportReport, MemoryError> {
    let unreadable = |source| MemoryError::Import {
        path: path.to_owned(),
        source,
    };
    let hash = hash(path).map_err(unreadable)?;
    graph.store().write(|writing| {
        if let Some(report) = known(writing, &hash)? {
            return Ok(report);
        }
        let mut coming = Coming {
            report: ImportReport::default(),
            entities: graph.bounds().left(writing, "entities")?,
            observations: graph.bounds().left(writing, "observations")?,
            relations: graph.bounds().left(writing, "relations")?,
        };
        let mut lines = BufReader::new(File::open(path).map_err(unreadable)?);
        let (mut line, mut number) = (Vec::new(), 0);
        while next_line(&mut lines, &mut line).map_err(unreadable)? {
            number += 1;
            coming.line(writing, number, &line)?;
        }
        let report = coming.report;
        let problems = (report.problems_total, &report.problems);
        let problems = serde_json::to_string(&problems).expect("texts and numbers are always JSON");
        writing.execute(
            "INSERT INTO imports (hash, imported_at_ms, problems) VALUES (?1, unixepoch() * 1000, ?2)",
            (&hash, problems),
        )?;
        Ok(report)
    })
}

/// The report of a file that has come in already.
fn known(writing: &Transaction<'_>, hash: &[u8]) -> Result<Option<ImportReport>, MemoryError> {
    let problems: Option<String> = writing
        .query_row("SELECT problems FROM imports WHERE hash = ?1", [hash], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(problems.map(|problems| {
        let (problems_total, problems) = serde_json::from_str(&problems).unwrap_or_default();
        ImportReport {
            already: true,
            problems,
            problems_total,
            ..ImportReport::default()
        }
    }))
}

fn hash(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_vec()),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// The next line, or as much of it as shows that it is too long.
fn next_line(lines: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = lines.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', line)?;
    if read as u64 > LINE_BYTES_MAX && !line.ends_with(b"\n") {
        lines.skip_until(b'\n')?;
    }
    Ok(read > 0)
}

/// An import that is under way.
struct Coming {
    report: ImportReport,
    /// How many more there may be.
    entities: u32,
    observations: u32,
    relations: u32,
}

impl Coming {
    fn line(&mut self, writing: &Transaction<'_>, number: u64, line: &[u8]) -> Result<(), MemoryError> {
        if line.len() as u64 > LINE_BYTES_MAX {
            self.report
                .problem(number, format!("it has more than {LINE_BYTES_MAX} bytes"));
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(line) else {
            self.report.problem(number, "it is not UTF-8");
            return Ok(());
        };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(());
        }
        match serde_json::from_str(text) {
            Ok(Item::Entity {
                name,
                entity_type,
                observations,
            }) => self.entity(writing, number, &name, &entity_type, observations),
            Ok(Item::Relation(relation)) => self.relation(writing, number, &relation),
            Err(error) => {
                self.report.problem(number, error.to_string());
                Ok(())
            }
        }
    }

    /// A new entity, or more observations of a known one.
    fn entity(
        &mut self,
        writing: &Transaction<'_>,
        number: u64,
        name: &str,
        entity_type: &str,
        observations: Vec<String>,
    ) -> Result<(), MemoryError> {
        if let Some(why) = wrong_name("name", name, 1).or_else(|| wrong_name("entityType", entity_type, 0)) {
            self.report.problem(number, why);
            return Ok(());
        }
        let id = match entity_id(writing, name)? {
            Some(id) => id,
            None if self.entities == 0 => {
                self.report
                    .problem(number, "there are as many entities as there may be");
                return Ok(());
            }
            None => {
                self.entities -= 1;
                self.report.entities += 1;
                let new = insert_entity(writing, name, entity_type)?;
                new.expect("there was none of that name")
            }
        };
        for (index, observation) in observations.into_iter().enumerate() {
            let place = index + 1;
            if observation.chars().count() as u64 > OBSERVATION_CHARS_MAX {
                let why = format!("observation {place} has more than {OBSERVATION_CHARS_MAX} characters");
                self.report.problem(number, why);
            } else if self.observations == 0 {
                let why = format!("observation {place}: there are as many observations as there may be");
                self.report.problem(number, why);
            } else {
                let new = insert_observations(writing, id, vec![observation])?.len();
                self.report.observations += new;
                self.observations -= u32::from(new > 0);
            }
        }
        Ok(())
    }

    fn relation(
        &mut self,
        writing: &Transaction<'_>,
        number: u64,
        relation: &Relation,
    ) -> Result<(), MemoryError> {
        let wrong = wrong_name("from", &relation.from, 1)
            .or_else(|| wrong_name("to", &relation.to, 1))
            .or_else(|| wrong_name("relationType", &relation.relation_type, 0));
        if let Some(why) = wrong {
            self.report.problem(number, why);
        } else if self.relations == 0 {
            self.report
                .problem(number, "there are as many relations as there may be");
        } else if insert_relation(writing, relation)? {
            self.report.relations += 1;
            self.relations -= 1;
        }
        Ok(())
    }
}

/// Why a name is none.
fn wrong_name(field: &str, name: &str, chars_min: u64) -> Option<String> {
    let chars = name.chars().count() as u64;
    if chars < chars_min {
        return Some(format!("`{field}` is empty"));
    }
    (chars > NAME_CHARS_MAX)
        .then(|| format!("`{field}` has {chars} characters, and {NAME_CHARS_MAX} are allowed"))
}
