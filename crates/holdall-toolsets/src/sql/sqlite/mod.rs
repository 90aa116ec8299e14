//! SQLite: a file is opened for each query, in a way that leaves it and its folder as they are.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | how is a file opened and asked |
//! | `gate` | what may a statement do |
//! | `schema` | which tables are there, and what do they look like |

mod gate;
pub(super) mod schema;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, Statement, ToSql};
use serde_json::Value;
use tokio::time::timeout_at;

use super::error::{Missing, SqlError};
use super::pool::Places;
use super::rows::{self, Basket, Bounds, Column, Rows};
use gate::{Stop, Stopped};

/// How much later than SQLite this side gives up.
const GRACE: Duration = Duration::from_secs(1);
/// How long a query waits for another process that writes.
const LOCK_PATIENCE_MS: u64 = 2_000;

/// What stands unescaped in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// A database file.
#[derive(Clone, Debug)]
pub(super) struct Sqlite {
    name: Arc<str>,
    path: Arc<Path>,
    places: Places,
}

impl Sqlite {
    /// The database in an existing file.
    pub(super) fn new(name: &str, path: &Path, places: usize) -> std::io::Result<Self> {
        let path: PathBuf = path.canonicalize()?;
        if !path.metadata()?.is_file() {
            return Err(std::io::Error::other("is no file"));
        }
        std::fs::File::open(&path)?;
        Ok(Self {
            name: name.into(),
            path: path.into(),
            places: Places::new(places),
        })
    }

    /// Runs one statement. Dropping the future stops it.
    pub(super) async fn rows(&self, sql: &str, params: &[Value], bounds: Bounds) -> Result<Rows, SqlError> {
        let place = self.places.take(&bounds).await?;
        let stop = Abandon(Arc::default());
        let (this, handle) = (self.clone(), Arc::clone(&stop.0));
        let (sql, params) = (sql.to_owned(), params.to_vec());
        let run = tokio::task::spawn_blocking(move || {
            let result = this.run(&sql, &params, &bounds, &handle);
            // A single step cannot be stopped; as long as it goes on, its place is taken.
            drop(place);
            result
        });
        match timeout_at((bounds.deadline + GRACE).into(), run).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(self.unreachable(error)),
            Err(_) => Err(bounds.timed_out()),
        }
    }

    fn run(&self, sql: &str, params: &[Value], bounds: &Bounds, stop: &Arc<Stop>) -> Result<Rows, SqlError> {
        // SQLite makes two files beside a database with a write-ahead log, even for those who only read. Where nobody
        // has the database open, it is read without, and once more if somebody came in between.
        if let Some(before) = self.at_rest() {
            let result = self.run_once(sql, params, bounds, stop, true);
            if self.at_rest() == Some(before) {
                return result;
            }
        }
        self.run_once(sql, params, bounds, stop, false)
    }

    fn run_once(
        &self,
        sql: &str,
        params: &[Value],
        bounds: &Bounds,
        stop: &Arc<Stop>,
        immutable: bool,
    ) -> Result<Rows, SqlError> {
        let mut connection = self.open(immutable).map_err(|error| self.unreachable(error))?;
        let wait = LOCK_PATIENCE_MS.min(bounds.milliseconds_left());
        connection
            .busy_timeout(Duration::from_millis(wait))
            .and_then(|()| gate::close(&mut connection, bounds, stop))
            .map_err(|error| self.unreachable(error))?;
        let asked = ask(&connection, sql, params, bounds);
        asked.map_err(|failure| match failure {
            Failure::Said(error) => error,
            Failure::Sqlite(error) => self.explained(error, sql, bounds, stop),
        })
    }

    fn open(&self, immutable: bool) -> rusqlite::Result<Connection> {
        let path = self.path.to_string_lossy();
        // Windows: `\\?\C:\a` is `/C:/a`.
        let path = path.trim_start_matches(r"\\?\").replace('\\', "/");
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = utf8_percent_encode(&path, PATH);
        let immutable = if immutable { "&immutable=1" } else { "" };
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(format!("file:{slash}{path}?mode=ro{immutable}"), flags)
    }

    /// What the file is like, if it keeps a write-ahead log and nobody has it open.
    fn at_rest(&self) -> Option<(u64, SystemTime)> {
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        let mut header = [0; 20];
        let mut file = std::fs::File::open(&self.path).ok()?;
        std::io::Read::read_exact(&mut file, &mut header).ok()?;
        let keeps_log = header[18] == 2 || header[19] == 2;
        if !keeps_log || Path::new(&log).exists() {
            return None;
        }
        let metadata = file.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }

    fn unreachable(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SqlError {
        SqlError::Unreachable {
            database: self.name.to_string(),
            cause: Some(error.into()),
        }
    }

    fn explained(&self, error: Error, sql: &str, bounds: &Bounds, stop: &Stop) -> SqlError {
        let (code, message) = match &error {
            Error::SqlInputError {
                error, msg, offset, ..
            } => {
                let message = msg.as_str();
                if let Some(missing) = missing(message) {
                    return SqlError::missing(message, missing);
                }
                if error.code == ErrorCode::Unknown
                    && let Some(before) = usize::try_from(*offset).ok().and_then(|offset| sql.get(..offset))
                {
                    return SqlError::at(message, sql, before.chars().count());
                }
                (error, message.to_owned())
            }
            Error::SqliteFailure(error, message) => {
                (error, message.clone().unwrap_or_else(|| error.to_string()))
            }
            Error::MultipleStatement => {
                return SqlError::hinted("there is more than one statement", "give one statement per call");
            }
            _ => return SqlError::engine(error.to_string()),
        };
        if let Some(missing) = missing(&message) {
            return SqlError::missing(message, missing);
        }
        match code.code {
            ErrorCode::OperationInterrupted => match stop.reason() {
                Some(Stopped::Memory) => SqlError::Memory(gate::MEMORY_MEGABYTES_MAX),
                _ => bounds.timed_out(),
            },
            ErrorCode::AuthorizationForStatementDenied => SqlError::Refused(format!(
                "the statement does more than read this database: {message}"
            )),
            ErrorCode::ReadOnly => SqlError::Refused(message),
            ErrorCode::TooBig => SqlError::TooLarge {
                message: format!(
                    "a value, or the statement, is too long: values have at most {} bytes",
                    bounds.value_bytes_max
                ),
                hint: "select other columns; length(column) tells how long values are",
            },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => SqlError::hinted(
                "another process is writing to the database",
                "try again in a moment",
            ),
            ErrorCode::NotADatabase => SqlError::hinted(
                format!("the file of the database `{}` is no SQLite database", self.name),
                "query another database; whoever runs the server has to correct the `path` of this one",
            ),
            ErrorCode::DatabaseCorrupt => SqlError::hinted(
                format!("the file of the database `{}` is damaged: {message}", self.name),
                "query other tables; whoever runs the server has to restore the file",
            ),
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure => {
                self.unreachable(error)
            }
            _ => SqlError::engine(message),
        }
    }
}

/// Stops a statement when nobody waits for it any more.
struct Abandon(Arc<Stop>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

enum Failure {
    Sqlite(Error),
    Said(SqlError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Said(error)
    }
}

/// Asks behind the gate.
fn ask(connection: &Connection, sql: &str, params: &[Value], bounds: &Bounds) -> Result<Rows, Failure> {
    let mut statement = connection.prepare(sql)?;
    if !statement.readonly() || statement.column_count() == 0 {
        return Err(SqlError::no_query().into());
    }
    bind(&mut statement, params)?;
    let columns = columns(&statement);
    let width = columns.len();
    let mut basket = Basket::new(columns, *bounds)?;
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        let mut values = Vec::with_capacity(width);
        for index in 0..width {
            values.push(value_of(row.get_ref(index)?, &mut basket));
        }
        if let ControlFlow::Break(()) = basket.take(values)? {
            break;
        }
    }
    Ok(basket.rows())
}

fn columns(statement: &Statement<'_>) -> Vec<Column> {
    let columns = statement.columns().map(|column| Column {
        name: column.name().to_owned(),
        // What is computed has no type of its own.
        kind: column.decl_type().unwrap_or("any").to_lowercase(),
    });
    columns.collect()
}

fn bind(statement: &mut Statement<'_>, params: &[Value]) -> Result<(), Failure> {
    let (expected, given) = (statement.parameter_count(), params.len());
    if expected != given {
        return Err(SqlError::Parameters { expected, given }.into());
    }
    for (index, value) in params.iter().enumerate() {
        let bound = Bound::new(value).map_err(|problem| SqlError::Parameter {
            number: index + 1,
            problem,
        })?;
        statement.raw_bind_parameter(index + 1, bound)?;
    }
    Ok(())
}

/// A parameter in the types of SQLite.
struct Bound(rusqlite::types::Value);

impl Bound {
    fn new(value: &Value) -> Result<Self, String> {
        use rusqlite::types::Value as Sqlite;
        Ok(Self(match value {
            Value::Null => Sqlite::Null,
            Value::Bool(yes) => Sqlite::Integer((*yes).into()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Sqlite::Integer(integer),
                (None, Some(float)) if !number.is_u64() => Sqlite::Real(float),
                _ => return Err(format!("{number} is no integer of 64 bits; give it as text")),
            },
            Value::String(text) => Sqlite::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => match rows::marked_bytes(value) {
                Some(bytes) => Sqlite::Blob(bytes?),
                None => Sqlite::Text(value.to_string()),
            },
        }))
    }
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

fn value_of(value: ValueRef<'_>, basket: &mut Basket) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => rows::integer(number),
        ValueRef::Real(number) => rows::float(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => text.into(),
            Err(_) => {
                basket.note("a text that is not UTF-8 is given as bytes".to_owned());
                rows::bytes(text)
            }
        },
        ValueRef::Blob(bytes) => rows::bytes(bytes),
    }
}

/// SQLite says what it misses in words alone.
fn missing(message: &str) -> Option<Missing> {
    let begins = |with: &str| message.starts_with(with);
    match () {
        () if begins("no such table") => Some(Missing::Table),
        () if begins("no such column") => Some(Missing::Column),
        () => None,
    }
}
