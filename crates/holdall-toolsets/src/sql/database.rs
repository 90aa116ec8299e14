//! One database by its name: which engine it is, and how long it may take.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::config::{DatabaseConfig, DatabaseSource, SqlConfig, SqlConfigError};
use super::error::{Missing, SqlError, near, near_hint};
use super::mysql::Mysql;
use super::postgres::Postgres;
use super::rows::{Bounds, Rows};
use super::schema::{Table, TableSchema, find};
use super::sqlite::Sqlite;

/// Bytes of what a catalogue tells: thousands of tables, or a table of thousands of columns.
const CATALOGUE_BYTES_MAX: usize = 4_000_000;
/// Rows of the same: columns, indexes, keys.
const CATALOGUE_ROWS_MAX: usize = 5_000;

/// A database that can be asked.
pub(super) struct Database {
    pub(super) name: String,
    pub(super) description: Option<String>,
    engine: Engine,
    timeout_ms: u64,
    result_bytes_max: usize,
    value_bytes_max: usize,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
    Mysql(Mysql),
}

impl Database {
    /// Nothing is connected yet; a file must be there.
    pub(super) fn new(
        name: &str,
        settings: &DatabaseConfig,
        config: &SqlConfig,
    ) -> Result<Self, SqlConfigError> {
        let places = config.connections_max;
        let engine = match &settings.source {
            DatabaseSource::Sqlite(path) => {
                let opened = Sqlite::new(name, path, places);
                Engine::Sqlite(opened.map_err(|error| SqlConfigError::File {
                    name: name.to_owned(),
                    path: path.clone(),
                    problem: error.to_string(),
                })?)
            }
            DatabaseSource::Server { url, password } => {
                let password = password.as_ref();
                match url.expose().split_once("://").map(|(scheme, _)| scheme) {
                    Some("postgres" | "postgresql") => {
                        Engine::Postgres(Postgres::new(name, url, password, settings, places)?)
                    }
                    Some("mysql" | "mariadb") => {
                        let bytes = config.value_bytes_max;
                        Engine::Mysql(Mysql::new(name, url, password, settings, places, bytes)?)
                    }
                    _ => {
                        return Err(SqlConfigError::Url {
                            name: name.to_owned(),
                            problem: "it must begin with postgresql://, mysql:// or mariadb://".to_owned(),
                        });
                    }
                }
            }
        };
        Ok(Self {
            name: name.to_owned(),
            description: settings.description.clone(),
            engine,
            timeout_ms: config.timeout_ms,
            result_bytes_max: config.result_bytes_max,
            value_bytes_max: config.value_bytes_max,
        })
    }

    pub(super) fn engine(&self) -> &'static str {
        match &self.engine {
            Engine::Sqlite(_) => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
            Engine::Mysql(_) => "MySQL or MariaDB",
        }
    }

    /// What stands for a parameter in a statement.
    pub(super) fn placeholder(&self) -> &'static str {
        match &self.engine {
            Engine::Sqlite(_) | Engine::Mysql(_) => "?",
            Engine::Postgres(_) => "$1",
        }
    }

    pub(super) async fn query(&self, sql: &str, params: &[Value], rows_max: usize) -> Result<Rows, SqlError> {
        let bounds = self.bounds(rows_max, self.result_bytes_max);
        let error = match self.rows(sql, params, bounds).await {
            Ok(rows) => return Ok(rows),
            Err(error) => error,
        };
        let SqlError::Engine {
            message,
            hint,
            missing: Some(missing),
        } = error
        else {
            return Err(error);
        };
        let hint = match (missing, hint) {
            (_, Some(hint)) => hint,
            (Missing::Column, None) => "describe_table shows the columns of a table".to_owned(),
            // What cannot be listed now is not suggested.
            (Missing::Table, None) => near_hint(&match (named(&message), self.tables().await) {
                (Some(asked), Ok(tables)) => near(asked, tables.iter().map(|table| table.name.as_str())),
                _ => Vec::new(),
            }),
        };
        Err(SqlError::hinted(message, hint))
    }

    pub(super) async fn tables(&self) -> Result<Vec<Table>, SqlError> {
        let bounds = self.catalogue_bounds();
        match &self.engine {
            Engine::Sqlite(engine) => engine.tables(bounds).await,
            Engine::Postgres(engine) => engine.tables(bounds).await,
            Engine::Mysql(engine) => engine.tables(bounds).await,
        }
    }

    pub(super) async fn describe(&self, asked: &str) -> Result<TableSchema, SqlError> {
        let tables = self.tables().await?;
        let table = find(&tables, asked, &self.name)?;
        let bounds = self.catalogue_bounds();
        let details = match &self.engine {
            Engine::Sqlite(engine) => engine.describe(table, bounds).await,
            Engine::Postgres(engine) => engine.describe(table, bounds).await,
            Engine::Mysql(engine) => engine.describe(table, bounds).await,
        };
        let (columns, primary_key, foreign_keys, indexes, sql) = details?;
        Ok(TableSchema {
            database: self.name.clone(),
            table: table.clone(),
            columns,
            primary_key,
            foreign_keys,
            indexes,
            sql,
        })
    }

    /// What the role or account may do beyond reading.
    pub(super) async fn rights(&self) -> Result<Vec<String>, SqlError> {
        let bounds = self.catalogue_bounds();
        match &self.engine {
            Engine::Sqlite(_) => Ok(Vec::new()),
            Engine::Postgres(engine) => engine.rights(bounds).await,
            Engine::Mysql(engine) => engine.rights(bounds).await,
        }
    }

    async fn rows(&self, sql: &str, params: &[Value], bounds: Bounds) -> Result<Rows, SqlError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.rows(sql, params, bounds).await,
            Engine::Postgres(engine) => engine.rows(sql, params, bounds).await,
            Engine::Mysql(engine) => engine.rows(sql, params, bounds).await,
        }
    }

    fn bounds(&self, rows_max: usize, bytes_max: usize) -> Bounds {
        Bounds {
            rows_max,
            bytes_max,
            value_bytes_max: self.value_bytes_max,
            deadline: Instant::now() + Duration::from_millis(self.timeout_ms),
            timeout_ms: self.timeout_ms,
        }
    }

    fn catalogue_bounds(&self) -> Bounds {
        self.bounds(CATALOGUE_ROWS_MAX, CATALOGUE_BYTES_MAX)
    }
}

/// What a message is about: the name in quotes, or after the colon.
fn named(message: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some((_, rest)) = message.split_once(quote) {
            return rest.split_once(quote).map(|(name, _)| name);
        }
    }
    message.split_once(": ").map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn the_name_in_a_message_is_found() {
        assert_eq!(named("no such table: ordrs"), Some("ordrs"));
        assert_eq!(named("relation \"ordrs\" does not exist"), Some("ordrs"));
        assert_eq!(named("Table 'shop.ordrs' doesn't exist"), Some("shop.ordrs"));
        assert_eq!(named("something else"), None);
    }
}
