//! How to-dos are searched: by their words first, then by any part of their text, for names that are no words and for
//! languages without spaces between them.

use rusqlite::{Connection, named_params};

use super::errors::TasksError;
use super::table::{COLUMNS, OF_STATUS, count, read};
use super::todo::{StatusFilter, Todo, TodoList};
use crate::store::{Match, fold, matching, words};

/// What was found.
pub(super) struct Found {
    /// Best first.
    pub(super) todos: Vec<Todo>,
    /// Whether there is more than was asked for.
    pub(super) more: bool,
    /// Whether some of the words were enough, because nothing has all of them.
    pub(super) partly: bool,
}

impl TodoList {
    pub(super) fn search(
        &self,
        query: &str,
        status: StatusFilter,
        limit: usize,
    ) -> Result<Found, TasksError> {
        let words = words(query);
        self.store.read(|reading| {
            let mut todos = Vec::new();
            if !words.is_empty() {
                todos = by_words(reading, &matching(&words, Match::All), status, limit + 1)?;
            }
            if todos.len() <= limit {
                for todo in by_part(reading, query.trim(), status, limit + 1)? {
                    if !todos.contains(&todo) {
                        todos.push(todo);
                    }
                }
            }
            let partly = todos.is_empty() && words.len() > 1;
            if partly {
                todos = by_words(reading, &matching(&words, Match::Any), status, limit + 1)?;
            }
            let more = todos.len() > limit;
            todos.truncate(limit);
            Ok(Found { todos, more, partly })
        })
    }
}

/// By words, titles and tags counting more than descriptions.
fn by_words(
    reading: &Connection,
    asked: &str,
    status: StatusFilter,
    limit: usize,
) -> Result<Vec<Todo>, TasksError> {
    let mut statement = reading.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM tasks_words JOIN tasks ON tasks.id = tasks_words.rowid
         WHERE tasks_words MATCH :asked AND {OF_STATUS}
         ORDER BY bm25(tasks_words, 8.0, 1.0, 4.0), tasks.place LIMIT :limit"
    ))?;
    let rows = statement.query_map(
        named_params! { ":asked": asked, ":status": status.word(), ":limit": count(limit) },
        read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn by_part(
    reading: &Connection,
    part: &str,
    status: StatusFilter,
    limit: usize,
) -> Result<Vec<Todo>, TasksError> {
    if part.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = reading.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM tasks
         WHERE {OF_STATUS} AND (instr(fold(title), :part) OR instr(tags, :part) OR instr(fold(description), :part))
         ORDER BY place LIMIT :limit"
    ))?;
    let rows = statement.query_map(
        named_params! { ":part": fold(part), ":status": status.word(), ":limit": count(limit) },
        read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
