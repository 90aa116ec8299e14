//! What a connection to SQLite may do: read the one database it has open, and nothing else.
//!
//! Each rule holds by itself, and they overlap: a connection that is opened for reading still writes files by
//! `VACUUM INTO`, and what SQLite calls a read-only statement still attaches other databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::super::rows::Bounds;

/// Instructions of SQLite's machine between two looks at the clock: some ten microseconds.
const OPERATIONS_PER_LOOK: i32 = 1_000;
/// Megabytes a query may make SQLite hold beside what it holds already: sorting, grouping and recursion take memory.
pub(super) const MEMORY_MEGABYTES_MAX: u64 = 256;

/// Bounds of statements, far above those that people and models write.
const LIMITS: [(Limit, i32); 9] = [
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 200),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

const SWITCHES: [(DbConfig, bool); 8] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
    // A text in the wrong quotes is a mistake, not a text.
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// Pragmas that tell of the database, with or without an argument.
const PRAGMAS: [&str; 10] = [
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "pragma_list",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Pragmas that tell of the database, but set something where they have an argument.
const PRAGMAS_WITHOUT_ARGUMENT: [&str; 9] = [
    "application_id",
    "compile_options",
    // Full-text search asks for it itself.
    "data_version",
    "encoding",
    "freelist_count",
    "page_count",
    "page_size",
    "schema_version",
    "user_version",
];

/// Functions that reach beyond the database. Both are switched off besides.
const FUNCTIONS_DENIED: [&str; 2] = ["fts3_tokenizer", "load_extension"];

/// Tables that are made of something else than the rows of the database: raw pages, and the machine's own programs.
const TABLES_DENIED: [&str; 2] = ["sqlite_dbpage", "bytecode"];

/// Why a statement was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    Late,
    Memory,
}

/// How a running statement is stopped, and why it was.
#[derive(Debug, Default)]
pub(super) struct Stop {
    /// Nobody waits for it any more.
    abandoned: AtomicBool,
    reason: AtomicU8,
}

impl Stop {
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
    }

    pub(super) fn reason(&self) -> Option<Stopped> {
        match self.reason.load(Relaxed) {
            0 => None,
            1 => Some(Stopped::Late),
            _ => Some(Stopped::Memory),
        }
    }

    fn is_due(&self, deadline: Instant, memory_max: i64) -> bool {
        let reason = if self.abandoned.load(Relaxed) || Instant::now() >= deadline {
            1
        } else if memory_used() > memory_max {
            2
        } else {
            return false;
        };
        self.reason.store(reason, Relaxed);
        true
    }
}

/// Closes the gate: from here on the connection only reads, and stops in time.
pub(super) fn close(connection: &mut Connection, bounds: &Bounds, stop: &Arc<Stop>) -> rusqlite::Result<()> {
    // Sorting stays in memory, which is bounded: no files beside the database, or anywhere else.
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA query_only = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0")?;
    for (switch, on) in SWITCHES {
        connection.set_db_config(switch, on)?;
    }
    for (limit, value) in LIMITS {
        connection.set_limit(limit, value)?;
    }
    let bytes = i32::try_from(bounds.value_bytes_max).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes)?;
    let (stop, deadline, memory_max) = (
        Arc::clone(stop),
        bounds.deadline,
        memory_used() + 1_000_000 * MEMORY_MEGABYTES_MAX as i64,
    );
    connection.progress_handler(
        OPERATIONS_PER_LOOK,
        Some(move || stop.is_due(deadline, memory_max)),
    )?;
    connection.authorizer(Some(|context: AuthContext<'_>| {
        match is_allowed(context.action) {
            true => Authorization::Allow,
            false => Authorization::Deny,
        }
    }))
}

/// What is not named here is denied.
fn is_allowed(action: AuthAction<'_>) -> bool {
    let is = |names: &[&str], name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    match action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read { table_name, .. } => !is(&TABLES_DENIED, table_name),
        AuthAction::Function { function_name } => !is(&FUNCTIONS_DENIED, function_name),
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => {
            is(&PRAGMAS, pragma_name)
                || (pragma_value.is_none() && is(&PRAGMAS_WITHOUT_ARGUMENT, pragma_name))
        }
        _ => false,
    }
}

/// Bytes SQLite holds in this process, for whomever.
fn memory_used() -> i64 {
    // SAFETY: the function takes nothing, and may be called from any thread at any time.
    unsafe { rusqlite::ffi::sqlite3_memory_used() }
}
