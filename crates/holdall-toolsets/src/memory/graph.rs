//! How entities, observations and relations are kept and forgotten.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::arguments::{Deletion, Entity, Relation, Remark};
use super::config::MemoryConfig;
use super::errors::{MemoryError, named};
use super::replies::{Added, AddedReply, CreatedEntities, CreatedRelations};
use crate::counted::counted;
use crate::store::{CHANGES, Kind, Store};

/// "Holdall, memory".
const KIND: Kind = Kind {
    what: "a memory",
    application_id: 0x686f_6d65,
    layouts: &[&[CHANGES, LAYOUT_1]],
};
/// Relations are between names: an end may be remembered later, or never. Entities are never renamed.
const LAYOUT_1: &str = "
    CREATE TABLE entities (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        entity_type TEXT NOT NULL
    ) STRICT;
    CREATE TABLE observations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        entity INTEGER NOT NULL REFERENCES entities (id),
        content TEXT NOT NULL,
        UNIQUE (entity, content)
    ) STRICT;
    CREATE INDEX observations_entity ON observations (entity, id);
    CREATE TABLE relations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        from_name TEXT NOT NULL,
        to_name TEXT NOT NULL,
        relation_type TEXT NOT NULL,
        UNIQUE (from_name, to_name, relation_type)
    ) STRICT;
    CREATE INDEX relations_to ON relations (to_name);
    CREATE TABLE imports (
        hash BLOB PRIMARY KEY,
        imported_at_ms INTEGER NOT NULL,
        problems TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE entities_words USING fts5 (
        name, entity_type, content = 'entities', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
    );
    CREATE VIRTUAL TABLE observations_words USING fts5 (
        content, content = 'observations', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER entities_added AFTER INSERT ON entities BEGIN
        INSERT INTO entities_words (rowid, name, entity_type) VALUES (NEW.id, NEW.name, NEW.entity_type);
        INSERT INTO changes (name, listed) VALUES (NEW.name, 1);
    END;
    CREATE TRIGGER entities_removed AFTER DELETE ON entities BEGIN
        INSERT INTO entities_words (entities_words, rowid, name, entity_type)
        VALUES ('delete', OLD.id, OLD.name, OLD.entity_type);
        INSERT INTO changes (name, listed) VALUES (OLD.name, 1);
    END;
    CREATE TRIGGER observations_added AFTER INSERT ON observations BEGIN
        INSERT INTO observations_words (rowid, content) VALUES (NEW.id, NEW.content);
        INSERT INTO changes (name, listed) SELECT name, 0 FROM entities WHERE id = NEW.entity;
    END;
    CREATE TRIGGER observations_removed AFTER DELETE ON observations BEGIN
        INSERT INTO observations_words (observations_words, rowid, content) VALUES ('delete', OLD.id, OLD.content);
        INSERT INTO changes (name, listed) SELECT name, 0 FROM entities WHERE id = OLD.entity;
    END;
    CREATE TRIGGER relations_added AFTER INSERT ON relations BEGIN
        INSERT INTO changes (name, listed) VALUES (NEW.from_name, 0), (NEW.to_name, 0);
    END;
    CREATE TRIGGER relations_removed AFTER DELETE ON relations BEGIN
        INSERT INTO changes (name, listed) VALUES (OLD.from_name, 0), (OLD.to_name, 0);
    END;
";

/// The graph, in a file.
pub(super) struct Graph {
    store: Store,
    bounds: Bounds,
}

/// How much there may be.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    entities: u32,
    observations: u32,
    relations: u32,
}

/// What would be deleted with entities, or was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doomed {
    /// Names of entities there are.
    pub(super) entities: Vec<String>,
    pub(super) observations: usize,
    pub(super) relations: usize,
    /// Names that are no entity's.
    pub(super) missing: Vec<String>,
}

impl Doomed {
    /// What the user is asked; nothing if there is nothing to lose.
    pub(super) fn question(&self) -> Option<String> {
        if self.entities.is_empty() && self.relations == 0 {
            return None;
        }
        let names = match self.entities.is_empty() {
            true => named(&self.missing),
            false => named(&self.entities),
        };
        let observations = counted(self.observations, "observation", "observations");
        let relations = counted(self.relations, "relation", "relations");
        Some(format!(
            "Forget {names} for good, with {observations} and {relations}?"
        ))
    }
}

impl Graph {
    pub(super) fn open(file: &Path, config: &MemoryConfig) -> Result<Self, MemoryError> {
        Ok(Self {
            store: Store::open(file, &KIND, config.file_bytes_max)?,
            bounds: Bounds {
                entities: config.entities_max,
                observations: config.observations_max,
                relations: config.relations_max,
            },
        })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn create_entities(&self, entities: Vec<Entity>) -> Result<CreatedEntities, MemoryError> {
        self.store.write(|writing| {
            let (mut created, mut existing) = (Vec::new(), Vec::new());
            for mut entity in entities {
                match insert_entity(writing, &entity.name, &entity.entity_type)? {
                    Some(id) => {
                        entity.observations = insert_observations(writing, id, entity.observations)?;
                        created.push(entity);
                    }
                    None => existing.push(entity.name),
                }
            }
            self.bounds.check(writing)?;
            Ok(CreatedEntities::new(created, &existing))
        })
    }

    pub(super) fn create_relations(&self, relations: Vec<Relation>) -> Result<CreatedRelations, MemoryError> {
        self.store.write(|writing| {
            let (mut created, mut missing) = (Vec::new(), Vec::new());
            for relation in relations {
                for end in [&relation.from, &relation.to] {
                    if entity_id(writing, end)?.is_none() && !missing.contains(end) {
                        missing.push(end.clone());
                    }
                }
                if insert_relation(writing, &relation)? {
                    created.push(relation);
                }
            }
            self.bounds.check(writing)?;
            Ok(CreatedRelations::new(created, &missing))
        })
    }

    pub(super) fn add_observations(&self, remarks: Vec<Remark>) -> Result<AddedReply, MemoryError> {
        self.store.write(|writing| {
            let mut missing = Vec::new();
            let mut added = Vec::new();
            for remark in remarks {
                match entity_id(writing, &remark.entity_name)? {
                    Some(id) => added.push(Added {
                        added_observations: insert_observations(writing, id, remark.contents)?,
                        entity_name: remark.entity_name,
                    }),
                    None => missing.push(remark.entity_name),
                }
            }
            if !missing.is_empty() {
                return Err(MemoryError::Unknown(missing));
            }
            self.bounds.check(writing)?;
            Ok(AddedReply { results: added })
        })
    }

    /// What deleting these would take away.
    pub(super) fn doomed(&self, names: &[String]) -> Result<Doomed, MemoryError> {
        self.store.read(|reading| doomed(reading, names))
    }

    pub(super) fn delete_entities(&self, names: &[String]) -> Result<Doomed, MemoryError> {
        self.store.make_room(|writing| {
            let doomed = doomed(writing, names)?;
            for name in names {
                writing
                    .prepare_cached(
                        "DELETE FROM observations WHERE entity = (SELECT id FROM entities WHERE name = ?1)",
                    )?
                    .execute([name])?;
                writing
                    .prepare_cached("DELETE FROM relations WHERE from_name = ?1 OR to_name = ?1")?
                    .execute([name])?;
                writing
                    .prepare_cached("DELETE FROM entities WHERE name = ?1")?
                    .execute([name])?;
            }
            Ok(doomed)
        })
    }

    /// How many were deleted, and what was not there.
    pub(super) fn delete_observations(
        &self,
        deletions: &[Deletion],
    ) -> Result<(usize, Vec<String>), MemoryError> {
        self.store.make_room(|writing| {
            let (mut deleted, mut missing) = (0, Vec::new());
            for deletion in deletions {
                for content in &deletion.observations {
                    let count = writing
                        .prepare_cached(
                            "DELETE FROM observations
                             WHERE entity = (SELECT id FROM entities WHERE name = ?1) AND content = ?2",
                        )?
                        .execute((&deletion.entity_name, content))?;
                    if count == 0 {
                        missing.push(format!("{}: {content}", deletion.entity_name));
                    }
                    deleted += count;
                }
            }
            Ok((deleted, missing))
        })
    }

    /// How many were deleted, and what was not there.
    pub(super) fn delete_relations(
        &self,
        relations: &[Relation],
    ) -> Result<(usize, Vec<String>), MemoryError> {
        self.store.make_room(|writing| {
            let (mut deleted, mut missing) = (0, Vec::new());
            for relation in relations {
                let count = writing
                    .prepare_cached(
                        "DELETE FROM relations WHERE from_name = ?1 AND to_name = ?2 AND relation_type = ?3",
                    )?
                    .execute((&relation.from, &relation.to, &relation.relation_type))?;
                if count == 0 {
                    missing.push(format!(
                        "{} {} {}",
                        relation.from, relation.relation_type, relation.to
                    ));
                }
                deleted += count;
            }
            Ok((deleted, missing))
        })
    }
}

impl Bounds {
    /// An error if there is more than there may be; whoever wrote it is undone then.
    fn check(self, writing: &Connection) -> Result<(), MemoryError> {
        for (what, max) in self.named() {
            if count(writing, what)? > max {
                return Err(MemoryError::TooMany { what, max });
            }
        }
        Ok(())
    }

    /// How many more there may be of the rows of that table.
    pub(super) fn left(self, writing: &Connection, what: &'static str) -> Result<u32, MemoryError> {
        let max = self.named().into_iter().find(|(name, _)| *name == what);
        let max = max.map_or(0, |(_, max)| max);
        Ok(max.saturating_sub(count(writing, what)?))
    }

    fn named(self) -> [(&'static str, u32); 3] {
        [
            ("entities", self.entities),
            ("observations", self.observations),
            ("relations", self.relations),
        ]
    }
}

fn count(reading: &Connection, table: &'static str) -> Result<u32, MemoryError> {
    let mut statement = reading.prepare_cached(&format!("SELECT count(*) FROM {table}"))?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The id of the entity of that name.
pub(super) fn entity_id(reading: &Connection, name: &str) -> Result<Option<i64>, MemoryError> {
    let id = reading
        .prepare_cached("SELECT id FROM entities WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(id)
}

/// The id of a new entity; `None` if there is one of that name.
pub(super) fn insert_entity(
    writing: &Transaction<'_>,
    name: &str,
    entity_type: &str,
) -> Result<Option<i64>, MemoryError> {
    let id = writing
        .prepare_cached(
            "INSERT INTO entities (name, entity_type) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING id",
        )?
        .query_row((name, entity_type), |row| row.get(0))
        .optional()?;
    Ok(id)
}

/// Those of the observations that were new.
pub(super) fn insert_observations(
    writing: &Transaction<'_>,
    entity: i64,
    contents: Vec<String>,
) -> Result<Vec<String>, MemoryError> {
    let mut statement = writing.prepare_cached(
        "INSERT INTO observations (entity, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    let mut added = Vec::new();
    for content in contents {
        if statement.execute((entity, &content))? > 0 {
            added.push(content);
        }
    }
    Ok(added)
}

/// Whether it is new.
pub(super) fn insert_relation(writing: &Transaction<'_>, relation: &Relation) -> Result<bool, MemoryError> {
    let inserted = writing
        .prepare_cached(
            "INSERT INTO relations (from_name, to_name, relation_type) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute((&relation.from, &relation.to, &relation.relation_type))?;
    Ok(inserted > 0)
}

fn doomed(reading: &Connection, names: &[String]) -> Result<Doomed, MemoryError> {
    let mut doomed = Doomed {
        entities: Vec::new(),
        observations: 0,
        relations: 0,
        missing: Vec::new(),
    };
    let mut relations = std::collections::HashSet::new();
    for name in names {
        if doomed.entities.contains(name) || doomed.missing.contains(name) {
            continue;
        }
        let mut statement =
            reading.prepare_cached("SELECT id FROM relations WHERE from_name = ?1 OR to_name = ?1")?;
        for id in statement.query_map([name], |row| row.get::<_, i64>(0))? {
            relations.insert(id?);
        }
        match entity_id(reading, name)? {
            Some(id) => {
                let mut statement =
                    reading.prepare_cached("SELECT count(*) FROM observations WHERE entity = ?1")?;
                doomed.observations += statement.query_row([id], |row| row.get::<_, u32>(0))? as usize;
                doomed.entities.push(name.clone());
            }
            None => doomed.missing.push(name.clone()),
        }
    }
    doomed.relations = relations.len();
    Ok(doomed)
}
