//! A list of tasks in SQLite: tools that change and search it, a resource that shows it, and a prompt that begins with it.
//!
//! Run it with `cargo run -p examples --bin task_tracker -- FILE`. The full-grown list is the toolset `tasks`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use holdall::prelude::*;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

/// Where the tasks are kept.
struct Database(Mutex<Connection>);

#[derive(Serialize, JsonSchema)]
struct Task {
    id: i64,
    title: String,
    done: bool,
}

/// Which tasks are meant.
#[derive(Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Done,
    All,
}

impl Database {
    fn open(file: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS tasks (
                 id INTEGER PRIMARY KEY, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0
             )",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tasks for which this is true, with values for its parameters.
    fn select(&self, condition: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Task>> {
        let connection = self.lock();
        let query = format!("SELECT id, title, done FROM tasks WHERE {condition} ORDER BY id");
        connection.prepare(&query)?.query_map(values, Task::of)?.collect()
    }
}

impl Task {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
            done: row.get(2)?,
        })
    }
}

/// Add a task.
#[tool(destructive = false)]
fn add_task(
    ctx: Context,
    database: State<Database>,
    /// What is to be done.
    #[arg(length = 1..=200)]
    title: &str,
) -> CallResult<Json<Task>> {
    let add = "INSERT INTO tasks (title) VALUES (?1) RETURNING id, title, done";
    let task = database.lock().query_row(add, [title], Task::of)?;
    ctx.server().resource_updated("tasks://all");
    Ok(Json(task))
}

/// Mark a task as done.
#[tool(destructive = false, idempotent)]
fn complete_task(ctx: Context, database: State<Database>, id: i64) -> CallResult<Json<Task>> {
    let complete = "UPDATE tasks SET done = 1 WHERE id = ?1 RETURNING id, title, done";
    let task = database.lock().query_row(complete, [id], Task::of).optional()?;
    let missing =
        || CallError::not_found(format!("there is no task {id}")).hint("list_tasks shows those there are");
    let task = task.ok_or_else(missing)?;
    ctx.server().resource_updated("tasks://all");
    Ok(Json(task))
}

/// List tasks.
#[tool(read_only)]
fn list_tasks(
    database: State<Database>,
    #[arg(default = "open")] status: Status,
) -> CallResult<Json<Vec<Task>>> {
    let condition = match status {
        Status::Open => "NOT done",
        Status::Done => "done",
        Status::All => "true",
    };
    Ok(Json(database.select(condition, [])?))
}

// The text is bound, never put into the query.
/// Find tasks by a text in the title.
#[tool(read_only)]
fn search_tasks(database: State<Database>, #[arg(length = 1..)] text: &str) -> CallResult<Json<Vec<Task>>> {
    Ok(Json(
        database.select("instr(lower(title), lower(?1)) > 0", [text])?,
    ))
}

/// All tasks.
#[resource("tasks://all")]
fn all_tasks(database: State<Database>) -> CallResult<Json<Vec<Task>>> {
    Ok(Json(database.select("true", [])?))
}

/// Plan the day with the tasks that are open.
#[prompt]
fn plan_day(
    database: State<Database>,
    /// Hours there are.
    #[arg(default = 8, range = 1..=24)]
    hours: u8,
) -> CallResult<String> {
    let open = database.select("NOT done", [])?;
    let list: Vec<String> = open
        .iter()
        .map(|task| format!("- {}: {}", task.id, task.title))
        .collect();
    let list = list.join("\n");
    Ok(format!(
        "I have {hours} hours. Put these tasks in order, and say which to leave for tomorrow:\n\n{list}"
    ))
}

pub(crate) fn server(file: &str) -> rusqlite::Result<Server> {
    Ok(Server::new("task_tracker")
        .state(Database::open(file)?)
        .add(tools![add_task, complete_task, list_tasks, search_tasks])
        .add(resources![all_tasks])
        .add(prompts![plan_day]))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).unwrap_or(":memory:".into());
    Ok(server(&file)?.run().await?)
}
