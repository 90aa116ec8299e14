//! How to-dos are kept, changed and listed.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::config::TasksConfig;
use super::errors::TasksError;
use super::todo::{Draft, Priority, Status, StatusFilter, Todo, TodoList};
use crate::store::{CHANGES, Kind, Store};

/// "Holdall, to-dos".
const KIND: Kind = Kind {
    what: "tasks",
    application_id: 0x686f_7464,
    layouts: &[&[CHANGES, LAYOUT_1]],
};
/// `tags` are separated by spaces. `place` is where a to-do stands in a list: open ones first, by due date, priority and
/// age; then those that are done, the latest first.
const LAYOUT_1: &str = "
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        description TEXT NOT NULL,
        priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),
        due TEXT,
        tags TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        changed_at_ms INTEGER NOT NULL,
        completed_at_ms INTEGER,
        place TEXT NOT NULL GENERATED ALWAYS AS (
            CASE WHEN completed_at_ms IS NULL
            THEN '0.' || coalesce(due, '~') || '.' || (2 - priority) || '.' || format('%019d', id)
            ELSE '1.' || format('%019d', 9007199254740991 - completed_at_ms) || '.' || format('%019d', id)
            END
        ) VIRTUAL
    ) STRICT;
    CREATE UNIQUE INDEX tasks_place ON tasks (place);
    CREATE VIRTUAL TABLE tasks_words USING fts5 (
        title, description, tags, content = 'tasks', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER tasks_added AFTER INSERT ON tasks BEGIN
        INSERT INTO tasks_words (rowid, title, description, tags)
        VALUES (NEW.id, NEW.title, NEW.description, NEW.tags);
        INSERT INTO changes (name, listed) VALUES (NEW.id, 1);
    END;
    CREATE TRIGGER tasks_changed AFTER UPDATE ON tasks BEGIN
        INSERT INTO tasks_words (tasks_words, rowid, title, description, tags)
        VALUES ('delete', OLD.id, OLD.title, OLD.description, OLD.tags);
        INSERT INTO tasks_words (rowid, title, description, tags)
        VALUES (NEW.id, NEW.title, NEW.description, NEW.tags);
        INSERT INTO changes (name, listed) VALUES (NEW.id, 0);
    END;
    CREATE TRIGGER tasks_removed AFTER DELETE ON tasks BEGIN
        INSERT INTO tasks_words (tasks_words, rowid, title, description, tags)
        VALUES ('delete', OLD.id, OLD.title, OLD.description, OLD.tags);
        INSERT INTO changes (name, listed) VALUES (OLD.id, 1);
    END;
";
/// What `read` reads.
pub(super) const COLUMNS: &str = "tasks.id, tasks.title, tasks.description, tasks.priority, tasks.due, tasks.tags, \
    tasks.created_at_ms, tasks.changed_at_ms, tasks.completed_at_ms";
/// Which a `StatusFilter` means.
pub(super) const OF_STATUS: &str =
    "(:status = 'all' OR (:status = 'done') = (tasks.completed_at_ms IS NOT NULL))";
/// Which a `Filter` means.
const FILTERED: &str = "(:priority IS NULL OR priority = :priority)
    AND (:tag IS NULL OR instr(' ' || tags || ' ', ' ' || :tag || ' ') > 0)
    AND (:due_until IS NULL OR due <= :due_until)";

/// Which to-dos are meant.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) status: StatusFilter,
    pub(super) priority: Option<Priority>,
    pub(super) tag: Option<String>,
    /// Those without a due date are not meant then.
    pub(super) due_until: Option<Date>,
}

/// Some of the to-dos that are meant, in their order.
pub(super) struct Listed {
    pub(super) todos: Vec<Todo>,
    /// How many are meant.
    pub(super) total: usize,
    /// Where they go on.
    pub(super) next: Option<String>,
}

/// What is to change. `due` is `Some(None)` if there is to be no due date.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) priority: Option<Priority>,
    pub(super) due: Option<Option<Date>>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) status: Option<Status>,
}

impl TodoList {
    pub(super) fn open(file: &Path, config: &TasksConfig) -> Result<Self, TasksError> {
        let zone = match &config.timezone {
            Some(name) => TimeZone::get(name).map_err(|_| TasksError::TimeZone(name.clone()))?,
            None => TimeZone::system(),
        };
        Ok(Self {
            store: Store::open(file, &KIND, config.file_bytes_max)?,
            zone,
            tasks_max: config.tasks_max,
        })
    }

    pub(super) fn add(&self, draft: &Draft) -> Result<Todo, TasksError> {
        self.store.write(|writing| {
            let count: u32 = writing.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0))?;
            if count >= self.tasks_max {
                return Err(TasksError::TooMany(count));
            }
            let new = named_params! {
                ":title": draft.title,
                ":description": draft.description,
                ":priority": draft.priority.number(),
                ":due": draft.due.map(|due| due.to_string()),
                ":tags": draft.tags.join(" "),
                ":now": Timestamp::now().as_millisecond(),
            };
            let id = writing
                .prepare_cached(
                    "INSERT INTO tasks (title, description, priority, due, tags, created_at_ms, changed_at_ms)
                     VALUES (:title, :description, :priority, :due, :tags, :now, :now) RETURNING id",
                )?
                .query_row(new, |row| row.get(0))?;
            known(writing, id)
        })
    }

    pub(super) fn get(&self, id: i64) -> Result<Todo, TasksError> {
        self.store.read(|reading| known(reading, id))
    }

    /// Also says whether it was open until now.
    pub(super) fn complete(&self, id: i64) -> Result<(Todo, bool), TasksError> {
        self.store.make_room(|writing| {
            let now = Timestamp::now().as_millisecond();
            let changed = writing
                .prepare_cached(
                    "UPDATE tasks SET completed_at_ms = ?2, changed_at_ms = ?2
                     WHERE id = ?1 AND completed_at_ms IS NULL",
                )?
                .execute((id, now))?;
            Ok((known(writing, id)?, changed > 0))
        })
    }

    pub(super) fn update(&self, id: i64, update: &Update) -> Result<Todo, TasksError> {
        let change = |writing: &Transaction<'_>| {
            let before = known(writing, id)?;
            let mut after = before.clone();
            update.apply(&mut after, Timestamp::now());
            if after == before {
                return Ok(before);
            }
            writing
                .prepare_cached(
                    "UPDATE tasks
                     SET title = :title, description = :description, priority = :priority, due = :due, tags = :tags,
                         changed_at_ms = :changed, completed_at_ms = :completed
                     WHERE id = :id",
                )?
                .execute(named_params! {
                    ":id": id,
                    ":title": after.title,
                    ":description": after.description,
                    ":priority": after.priority.number(),
                    ":due": after.due.map(|due| due.to_string()),
                    ":tags": after.tags.join(" "),
                    ":changed": Timestamp::now().as_millisecond(),
                    ":completed": after.completed.map(Timestamp::as_millisecond),
                })?;
            known(writing, id)
        };
        match update.description.as_deref() {
            // Whoever empties a description may do it for the room.
            Some("") => self.store.make_room(change),
            _ => self.store.write(change),
        }
    }

    /// Deletes the to-do if it still is what it was.
    pub(super) fn delete(&self, todo: &Todo) -> Result<(), TasksError> {
        self.store.make_room(|writing| {
            if known(writing, todo.id)? != *todo {
                return Err(TasksError::Changed(todo.id));
            }
            writing.execute("DELETE FROM tasks WHERE id = ?1", [todo.id])?;
            Ok(())
        })
    }

    pub(super) fn list(
        &self,
        filter: &Filter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Listed, TasksError> {
        let after = cursor.unwrap_or_default();
        if !after.is_empty() && !after.starts_with(['0', '1']) {
            return Err(TasksError::Cursor(after.to_owned()));
        }
        let status = filter.status.word();
        let priority = filter.priority.map(Priority::number);
        let due_until = filter.due_until.map(|day| day.to_string());
        self.store.read(|reading| {
            let total = reading
                .prepare_cached(&format!("SELECT count(*) FROM tasks WHERE {OF_STATUS} AND {FILTERED}"))?
                .query_row(
                    named_params! { ":status": status, ":priority": priority, ":tag": filter.tag, ":due_until": due_until },
                    |row| row.get::<_, i64>(0),
                )?;
            let mut statement = reading.prepare_cached(&format!(
                "SELECT {COLUMNS}, place FROM tasks WHERE place > :after AND {OF_STATUS} AND {FILTERED}
                 ORDER BY place LIMIT :limit"
            ))?;
            // One more tells whether there is another page.
            let rows = statement.query_map(
                named_params! { ":after": after, ":limit": count(limit) + 1, ":status": status, ":priority": priority, ":tag": filter.tag, ":due_until": due_until },
                |row| Ok((read(row)?, row.get::<_, String>("place")?)),
            )?;
            let mut placed = rows.collect::<Result<Vec<_>, _>>()?;
            let more = placed.len() > limit;
            placed.truncate(limit);
            let next = placed.last().filter(|_| more).map(|(_, place)| place.clone());
            Ok(Listed {
                todos: placed.into_iter().map(|(todo, _)| todo).collect(),
                total: usize::try_from(total).unwrap_or_default(),
                next,
            })
        })
    }

    /// What was done on this day or later, the latest first.
    pub(super) fn done_since(&self, day: Date, limit: usize) -> Result<Listed, TasksError> {
        let since = day
            .to_zoned(self.zone.clone())
            .map_or(Timestamp::MIN, |start: Zoned| start.timestamp())
            .as_millisecond();
        self.store.read(|reading| {
            let total: i64 = reading.query_row(
                "SELECT count(*) FROM tasks WHERE completed_at_ms >= ?1",
                [since],
                |row| row.get(0),
            )?;
            let mut statement = reading.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM tasks WHERE completed_at_ms >= ?1 ORDER BY place LIMIT ?2"
            ))?;
            let rows = statement.query_map((since, count(limit)), read)?;
            Ok(Listed {
                todos: rows.collect::<Result<_, _>>()?,
                total: usize::try_from(total).unwrap_or_default(),
                next: None,
            })
        })
    }

    /// Ids that begin with what was typed, in the order of lists.
    pub(super) fn ids(&self, typed: &str, limit: usize) -> Result<Vec<String>, TasksError> {
        self.store.read(|reading| {
            let mut statement = reading.prepare_cached(
                "SELECT CAST(id AS TEXT) FROM tasks WHERE substr(id, 1, length(?1)) = ?1 ORDER BY place LIMIT ?2",
            )?;
            let rows = statement.query_map((typed, count(limit)), |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

impl StatusFilter {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::All => "all",
        }
    }
}

impl Update {
    fn apply(&self, todo: &mut Todo, now: Timestamp) {
        if let Some(title) = &self.title {
            todo.title.clone_from(title);
        }
        if let Some(description) = &self.description {
            todo.description.clone_from(description);
        }
        if let Some(priority) = self.priority {
            todo.priority = priority;
        }
        if let Some(due) = self.due {
            todo.due = due;
        }
        if let Some(tags) = &self.tags {
            todo.tags.clone_from(tags);
        }
        match self.status {
            Some(Status::Open) => todo.completed = None,
            Some(Status::Done) => todo.completed = todo.completed.or(Some(now)),
            None => {}
        }
    }
}

/// The to-do of that id.
fn known(reading: &Connection, id: i64) -> Result<Todo, TasksError> {
    let todo = reading
        .prepare_cached(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?;
    todo.ok_or(TasksError::Unknown(id))
}

/// A row of `COLUMNS`.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Todo> {
    let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let tags: String = row.get("tags")?;
    let due: Option<String> = row.get("due")?;
    Ok(Todo {
        id: row.get("id")?,
        title: row.get("title")?,
        description: row.get("description")?,
        priority: Priority::of(row.get("priority")?),
        due: due.and_then(|due| due.parse().ok()),
        tags: tags.split_whitespace().map(str::to_owned).collect(),
        created: time(row.get("created_at_ms")?),
        changed: time(row.get("changed_at_ms")?),
        completed: row.get::<_, Option<i64>>("completed_at_ms")?.map(time),
    })
}

pub(super) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
