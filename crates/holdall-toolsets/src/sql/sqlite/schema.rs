//! Tables of SQLite, as its pragmas tell of them.

use serde_json::{Value, json};

use super::super::error::SqlError;
use super::super::rows::Bounds;
use super::super::schema::{
    ColumnSchema, Details, ForeignKey, Index, TABLES_MAX, Table, grouped, is_true, name, number, text,
};
use super::Sqlite;

const TABLES: &str = "SELECT name, type FROM pragma_table_list \
    WHERE schema = 'main' AND type <> 'shadow' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
const COLUMNS: &str = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid";
const FOREIGN_KEYS: &str =
    "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?) ORDER BY id, seq";
const INDEXES: &str = "SELECT list.name, list.\"unique\", info.name, list.origin FROM pragma_index_list(?) AS list, \
    pragma_index_info(list.name) AS info ORDER BY list.seq, info.seqno";
const STATEMENT: &str = "SELECT sql FROM sqlite_schema WHERE name = ? AND type IN ('table', 'view')";

impl Sqlite {
    pub(in super::super) async fn tables(&self, bounds: Bounds) -> Result<Vec<Table>, SqlError> {
        let bounds = Bounds {
            rows_max: TABLES_MAX,
            ..bounds
        };
        let rows = self.rows(TABLES, &[], bounds).await?.rows;
        let tables = rows.iter().map(|row| Table {
            name: name(row, 0),
            kind: name(row, 1),
            rows_estimate: None,
            comment: None,
            schema: "main".to_owned(),
            bare: name(row, 0),
        });
        Ok(tables.collect())
    }

    pub(in super::super) async fn describe(
        &self,
        table: &Table,
        bounds: Bounds,
    ) -> Result<Details, SqlError> {
        let asked = [json!(table.bare)];
        let columns = self.rows(COLUMNS, &asked, bounds).await?.rows;
        let mut key: Vec<(i64, String)> = columns
            .iter()
            .filter_map(|row| Some((number(row, 4).filter(|place| *place > 0)?, name(row, 0))))
            .collect();
        key.sort();
        let key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
        let foreign_keys = self.rows(FOREIGN_KEYS, &asked, bounds).await?.rows;
        let indexes = self.rows(INDEXES, &asked, bounds).await?.rows;
        let statement = self.rows(STATEMENT, &asked, bounds).await?.rows;
        // A key that has an index of its own is no alias of the rowid, and may hold NULL unless it says otherwise.
        let has_index = indexes.iter().any(|row| text(row, 3).as_deref() == Some("pk"));
        let mut columns: Vec<ColumnSchema> = columns.iter().map(|row| column(row)).collect();
        if let ([only], false) = (key.as_slice(), has_index) {
            let alias = columns
                .iter_mut()
                .find(|column| column.name == *only && column.kind == "integer");
            if let Some(alias) = alias {
                alias.nullable = false;
            }
        }
        Ok((
            columns,
            key,
            grouped(&foreign_keys, 0)
                .into_iter()
                .map(|(_, rows)| foreign_key(&rows))
                .collect(),
            grouped(&indexes, 0)
                .into_iter()
                .map(|(name, rows)| index(name, &rows))
                .collect(),
            statement.first().and_then(|row| text(row, 0)),
        ))
    }
}

fn column(row: &[Value]) -> ColumnSchema {
    ColumnSchema {
        name: name(row, 0),
        kind: name(row, 1).to_lowercase(),
        nullable: !is_true(row, 2),
        default: text(row, 3),
        comment: None,
    }
}

fn foreign_key(rows: &[&[Value]]) -> ForeignKey {
    ForeignKey {
        columns: rows.iter().map(|row| name(row, 2)).collect(),
        references: rows.first().map(|row| name(row, 1)).unwrap_or_default(),
        referenced_columns: rows.iter().filter_map(|row| text(row, 3)).collect(),
    }
}

fn index(name_of_index: String, rows: &[&[Value]]) -> Index {
    Index {
        name: name_of_index,
        unique: rows.first().is_some_and(|row| is_true(row, 1)),
        columns: rows
            .iter()
            .map(|row| text(row, 2).unwrap_or_else(|| "(expression)".to_owned()))
            .collect(),
    }
}
