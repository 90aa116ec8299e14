//! How much of the graph fits into a reply, and where it goes on.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::arguments::{Entity, Relation};
use super::errors::{MemoryError, named};
use super::graph::{Graph, entity_id};
use super::replies::GraphReply;
use crate::store::fold;

/// Text of a reply, about 25,000 tokens: hosts refuse replies much longer.
pub(super) const REPLY_BYTES_MAX: usize = 100_000;
/// Text of the resource that is the whole graph.
pub(super) const RESOURCE_BYTES_MAX: usize = 4_000_000;
/// What an entity, an observation and a relation take up in JSON besides their texts.
const ENTITY_BYTES: usize = 48;
const OBSERVATION_BYTES: usize = 4;
const RELATION_BYTES: usize = 40;

/// A reply that fills up.
pub(super) struct Filling {
    pub(super) reply: GraphReply,
    left: usize,
    notes: Vec<String>,
}

impl Filling {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            reply: GraphReply::default(),
            left: bytes_max,
            notes: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(super) fn finished(mut self) -> GraphReply {
        self.reply.note = (!self.notes.is_empty()).then(|| self.notes.join("; "));
        self.reply
    }

    /// Puts an entity in, and says whether it fitted. The first one always goes in, with the observations that fit.
    pub(super) fn entity(
        &mut self,
        reading: &Connection,
        id: i64,
        observations_from: u32,
    ) -> Result<bool, MemoryError> {
        let (name, entity_type): (String, String) = reading
            .prepare_cached("SELECT name, entity_type FROM entities WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let skipped = observations_from.saturating_sub(1);
        let mut statement = reading.prepare_cached(
            "SELECT content FROM observations WHERE entity = ?1 ORDER BY id LIMIT -1 OFFSET ?2",
        )?;
        let mut rows = statement.query((id, skipped))?;
        let mut bytes = ENTITY_BYTES + name.len() + entity_type.len();
        let (mut observations, mut cut) = (Vec::new(), false);
        while let Some(row) = rows.next()? {
            let content: String = row.get(0)?;
            let more = content.len() + OBSERVATION_BYTES;
            if bytes + more > self.left && !observations.is_empty() {
                cut = true;
                break;
            }
            bytes += more;
            observations.push(content);
        }
        let first = self.reply.entities.is_empty();
        if !first && (cut || bytes > self.left) {
            return Ok(false);
        }
        if cut {
            let next = skipped as usize + observations.len() + 1;
            let called = named(std::slice::from_ref(&name));
            self.note(format!(
                "{called} has more observations than fit: go on with open_nodes, observations_from={next}"
            ));
        }
        self.left = self.left.saturating_sub(bytes);
        self.reply.entities.push(Entity {
            name,
            entity_type,
            observations,
        });
        Ok(true)
    }

    /// Puts a relation in, and says whether it fitted. One always fits where there is nothing else.
    fn relation(&mut self, relation: Relation) -> bool {
        let bytes = RELATION_BYTES + relation.from.len() + relation.to.len() + relation.relation_type.len();
        let empty = self.reply.entities.is_empty() && self.reply.relations.is_empty();
        if bytes > self.left && !empty {
            return false;
        }
        self.left = self.left.saturating_sub(bytes);
        self.reply.relations.push(relation);
        true
    }

    /// Puts in the relations of the entities that are in.
    pub(super) fn relations_of_entities(&mut self, reading: &Connection) -> Result<(), MemoryError> {
        let mut found = BTreeMap::new();
        for entity in &self.reply.entities {
            let mut statement = reading.prepare_cached(
                "SELECT id, from_name, to_name, relation_type FROM relations WHERE from_name = ?1 OR to_name = ?1",
            )?;
            for relation in statement.query_map([&entity.name], relation)? {
                let (id, relation) = relation?;
                found.insert(id, relation);
            }
        }
        let total = found.len();
        let put = found
            .into_values()
            .take_while(|relation| self.relation(relation.clone()))
            .count();
        if put < total {
            self.note(format!(
                "{put} of {total} relations fit: ask for fewer entities, or page through read_graph"
            ));
        }
        Ok(())
    }
}

impl Graph {
    /// A page of everything: entities in the order in which they were remembered, then relations.
    pub(super) fn page(&self, cursor: Option<&str>, bytes_max: usize) -> Result<GraphReply, MemoryError> {
        let start = Start::read(cursor.unwrap_or_default())?;
        self.store().read(|reading| {
            let mut filling = Filling::new(bytes_max);
            let mut relations_after = 0;
            match start {
                Start::Relations(after) => relations_after = after,
                Start::Entities(after) => {
                    let mut last = after;
                    let mut statement =
                        reading.prepare_cached("SELECT id FROM entities WHERE id > ?1 ORDER BY id")?;
                    let mut rows = statement.query([after])?;
                    while let Some(row) = rows.next()? {
                        let id = row.get(0)?;
                        if !filling.entity(reading, id, 1)? {
                            filling.reply.next = Some(format!("e{last}"));
                            return Ok(filling.paged());
                        }
                        last = id;
                    }
                }
            }
            let mut statement = reading.prepare_cached(
                "SELECT id, from_name, to_name, relation_type FROM relations WHERE id > ?1 ORDER BY id",
            )?;
            for row in statement.query_map([relations_after], relation)? {
                let (id, relation) = row?;
                if !filling.relation(relation) {
                    filling.reply.next = Some(format!("r{relations_after}"));
                    return Ok(filling.paged());
                }
                relations_after = id;
            }
            Ok(filling.finished())
        })
    }

    /// The entities of these names, in the order in which they were remembered.
    pub(super) fn opened(&self, names: &[String], observations_from: u32) -> Result<GraphReply, MemoryError> {
        self.store().read(|reading| {
            let mut filling = Filling::new(REPLY_BYTES_MAX);
            let (mut known, mut missing) = (BTreeMap::new(), Vec::new());
            for name in names {
                match entity_id(reading, name)? {
                    Some(id) => {
                        known.insert(id, name);
                    }
                    None if missing.contains(name) => {}
                    None => missing.push(name.clone()),
                }
            }
            if !missing.is_empty() {
                filling.note(format!("no entity is called {}", named(&missing)));
            }
            let mut left_out = Vec::new();
            for (id, name) in known {
                if !left_out.is_empty() || !filling.entity(reading, id, observations_from)? {
                    left_out.push(name.clone());
                }
            }
            if !left_out.is_empty() {
                filling.note(format!("did not fit, ask for them again: {}", named(&left_out)));
            }
            filling.relations_of_entities(reading)?;
            Ok(filling.finished())
        })
    }

    /// Names of entities after a cursor, and the next one.
    pub(super) fn names(
        &self,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), MemoryError> {
        let Start::Entities(after) = Start::read(cursor.unwrap_or_default())? else {
            return Err(MemoryError::Cursor(cursor.unwrap_or_default().to_owned()));
        };
        self.store().read(|reading| {
            let mut statement =
                reading.prepare_cached("SELECT id, name FROM entities WHERE id > ?1 ORDER BY id LIMIT ?2")?;
            let rows = statement.query_map((after, limit as i64 + 1), |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?))
            })?;
            let mut named = rows.collect::<Result<Vec<(i64, String)>, _>>()?;
            let more = named.len() > limit;
            named.truncate(limit);
            let next = named.last().filter(|_| more).map(|(id, _)| format!("e{id}"));
            Ok((named.into_iter().map(|(_, name)| name).collect(), next))
        })
    }

    /// Names that have what was typed in them, those that begin with it first.
    pub(super) fn complete(&self, typed: &str, limit: usize) -> Result<Vec<String>, MemoryError> {
        self.store().read(|reading| {
            let mut statement = reading.prepare_cached(
                "SELECT name FROM entities WHERE ?1 = '' OR instr(fold(name), ?1)
                 ORDER BY instr(fold(name), ?1) <> 1, name LIMIT ?2",
            )?;
            let rows = statement.query_map((fold(typed), limit as i64), |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

impl Filling {
    fn paged(mut self) -> GraphReply {
        self.note("there is more: go on with `next` as `cursor`");
        self.finished()
    }
}

/// Where a page begins: after the entity, or the relation, of that id.
enum Start {
    Entities(i64),
    Relations(i64),
}

impl Start {
    fn read(cursor: &str) -> Result<Self, MemoryError> {
        let wrong = || MemoryError::Cursor(crate::store::line(cursor));
        let Some((kind, id)) = cursor.split_at_checked(1) else {
            return match cursor.is_empty() {
                true => Ok(Self::Entities(0)),
                false => Err(wrong()),
            };
        };
        let id = id.parse().map_err(|_| wrong())?;
        match kind {
            "e" => Ok(Self::Entities(id)),
            "r" => Ok(Self::Relations(id)),
            _ => Err(wrong()),
        }
    }
}

fn relation(row: &Row<'_>) -> rusqlite::Result<(i64, Relation)> {
    let relation = Relation {
        from: row.get(1)?,
        to: row.get(2)?,
        relation_type: row.get(3)?,
    };
    Ok((row.get(0)?, relation))
}
