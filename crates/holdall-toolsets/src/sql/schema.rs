//! What a database looks like: its tables, and one of them.

use holdall::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::error::{SqlError, near};

/// Tables that are listed at most; what is beyond cannot be described.
pub(super) const TABLES_MAX: usize = 5_000;

/// A table, view or what else can be selected from.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Table {
    /// As describe_table takes it, and SQL where it needs no quotes.
    pub(super) name: String,
    /// "table", "view" or another kind of the database.
    pub(super) kind: String,
    /// How many rows the database believes it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rows_estimate: Option<i64>,
    /// What its owner says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    /// Its schema, where the database has such.
    #[serde(skip)]
    pub(super) schema: String,
    /// Its name in the schema.
    #[serde(skip)]
    pub(super) bare: String,
}

impl Table {
    /// From a row of schema, name, kind, estimate, comment, and whether its schema is the one that needs no mention.
    pub(super) fn of(row: &[Value]) -> Self {
        let (schema, bare) = (name(row, 0), name(row, 1));
        Self {
            name: match is_true(row, 5) {
                true => bare.clone(),
                false => format!("{schema}.{bare}"),
            },
            kind: name(row, 2),
            rows_estimate: number(row, 3),
            comment: text(row, 4),
            schema,
            bare,
        }
    }
}

/// All about a table.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct TableSchema {
    pub(super) database: String,
    #[serde(flatten)]
    pub(super) table: Table,
    pub(super) columns: Vec<ColumnSchema>,
    /// The columns of the primary key, in its order.
    pub(super) primary_key: Vec<String>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) indexes: Vec<Index>,
    /// The statement that made it, where the database keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sql: Option<String>,
}

/// What [`TableSchema`] says beside database and table: columns, primary key, foreign keys, indexes, statement.
pub(super) type Details = (
    Vec<ColumnSchema>,
    Vec<String>,
    Vec<ForeignKey>,
    Vec<Index>,
    Option<String>,
);

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ColumnSchema {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Whether it may be NULL.
    pub(super) nullable: bool,
    /// Its default, as SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<String>,
    /// What its owner says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ForeignKey {
    pub(super) columns: Vec<String>,
    /// The table they point to.
    pub(super) references: String,
    pub(super) referenced_columns: Vec<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) unique: bool,
    /// Columns, or expressions as the database writes them.
    pub(super) columns: Vec<String>,
}

/// The table that is meant: by its name, by schema and name, or by either in other letters if there is one only.
pub(super) fn find<'a>(tables: &'a [Table], asked: &str, database: &str) -> Result<&'a Table, SqlError> {
    let whole = |table: &Table| format!("{}.{}", table.schema, table.bare);
    let exact = tables
        .iter()
        .find(|table| table.name == asked || whole(table) == asked);
    if let Some(table) = exact {
        return Ok(table);
    }
    let lower = asked.to_lowercase();
    let alike = |table: &&Table| {
        [&table.name, &table.bare, &whole(table)]
            .into_iter()
            .any(|name| name.to_lowercase() == lower)
    };
    let mut alike = tables.iter().filter(alike);
    if let (Some(table), None) = (alike.next(), alike.next()) {
        return Ok(table);
    }
    Err(SqlError::UnknownTable {
        name: asked.to_owned(),
        database: database.to_owned(),
        near: near(asked, tables.iter().map(|table| table.name.as_str())),
    })
}

/// A value of a row as text, if it is one.
pub(super) fn text(row: &[Value], index: usize) -> Option<String> {
    match row.get(index)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The same where it is never missing.
pub(super) fn name(row: &[Value], index: usize) -> String {
    text(row, index).unwrap_or_default()
}

pub(super) fn number(row: &[Value], index: usize) -> Option<i64> {
    match row.get(index)? {
        Value::String(text) => text.parse().ok(),
        other => other
            .as_i64()
            .or_else(|| other.as_f64().map(|number| number as i64)),
    }
}

pub(super) fn is_true(row: &[Value], index: usize) -> bool {
    row.get(index) == Some(&Value::Bool(true)) || number(row, index).is_some_and(|number| number != 0)
}

/// Rows of one column each, brought together by what stands in the column `key`, in their order.
pub(super) fn grouped(rows: &[Vec<Value>], key: usize) -> Vec<(String, Vec<&[Value]>)> {
    let mut groups: Vec<(String, Vec<&[Value]>)> = Vec::new();
    for row in rows {
        let key = name(row, key);
        match groups.last_mut() {
            Some((last, members)) if *last == key => members.push(row),
            _ => groups.push((key, vec![row])),
        }
    }
    groups
}
