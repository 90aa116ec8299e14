//! Tables of MySQL and MariaDB, and what the account may do with them, from the information schema.

use serde_json::{Value, json};

use super::super::error::SqlError;
use super::super::rows::Bounds;
use super::super::schema::{
    ColumnSchema, Details, ForeignKey, Index, TABLES_MAX, Table, grouped, is_true, name, text,
};
use super::Mysql;

const TABLES: &str = "SELECT table_schema, table_name, \
    CASE table_type WHEN 'BASE TABLE' THEN 'table' ELSE LOWER(table_type) END, \
    CASE WHEN table_type = 'BASE TABLE' THEN table_rows END, CASE WHEN table_type <> 'VIEW' THEN NULLIF(table_comment, '') END, table_schema <=> ? \
    FROM information_schema.tables \
    WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 6 DESC, 1, 2";
const COLUMNS: &str = "SELECT column_name, column_type, is_nullable = 'YES', NULLIF(column_default, 'NULL'), NULLIF(column_comment, '') \
    FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";
/// Primary and foreign keys, a row for each of their columns.
const KEYS: &str = "SELECT constraint_name, column_name, referenced_table_schema, referenced_table_name, \
    referenced_column_name FROM information_schema.key_column_usage \
    WHERE table_schema = ? AND table_name = ? AND (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL) \
    ORDER BY constraint_name, ordinal_position";
const INDEXES: &str = "SELECT index_name, non_unique, column_name FROM information_schema.statistics \
    WHERE table_schema = ? AND table_name = ? ORDER BY index_name, seq_in_index";
/// What the account may do beyond reading, wherever it was granted.
const RIGHTS: &str = "SELECT DISTINCT privilege_type FROM (\
    SELECT grantee, privilege_type FROM information_schema.user_privileges UNION \
    SELECT grantee, privilege_type FROM information_schema.schema_privileges UNION \
    SELECT grantee, privilege_type FROM information_schema.table_privileges) AS granted \
    WHERE grantee = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') \
    AND privilege_type NOT IN ('SELECT', 'USAGE', 'SHOW VIEW', 'SHOW DATABASES', 'PROCESS', 'REFERENCES', \
    'SHOW CREATE ROUTINE', 'REPLICATION CLIENT', 'BINLOG MONITOR', 'SLAVE MONITOR') ORDER BY 1";

impl Mysql {
    pub(in super::super) async fn tables(&self, bounds: Bounds) -> Result<Vec<Table>, SqlError> {
        let bounds = Bounds {
            rows_max: TABLES_MAX,
            ..bounds
        };
        let rows = self.rows(TABLES, &[json!(self.schema())], bounds).await?.rows;
        Ok(rows.iter().map(|row| Table::of(row)).collect())
    }

    pub(in super::super) async fn describe(
        &self,
        table: &Table,
        bounds: Bounds,
    ) -> Result<Details, SqlError> {
        let asked = [json!(table.schema), json!(table.bare)];
        let columns = self.rows(COLUMNS, &asked, bounds).await?.rows;
        let keys = self.rows(KEYS, &asked, bounds).await?.rows;
        let indexes = self.rows(INDEXES, &asked, bounds).await?.rows;
        let (primary, foreign): (Vec<_>, Vec<_>) = keys.into_iter().partition(|row| text(row, 3).is_none());
        Ok((
            columns.iter().map(|row| column(row)).collect(),
            primary.iter().map(|row| name(row, 1)).collect(),
            grouped(&foreign, 0)
                .into_iter()
                .map(|(_, rows)| foreign_key(&rows, &table.schema))
                .collect(),
            grouped(&indexes, 0)
                .into_iter()
                .map(|(name, rows)| index(name, &rows))
                .collect(),
            None,
        ))
    }

    /// What the account may do beyond reading, in words.
    pub(in super::super) async fn rights(&self, bounds: Bounds) -> Result<Vec<String>, SqlError> {
        let rows = self.rows(RIGHTS, &[], bounds).await?.rows;
        let rights: Vec<String> = rows.iter().map(|row| name(row, 0)).collect();
        Ok(match rights.is_empty() {
            true => Vec::new(),
            false => vec![format!("has the privileges {}", rights.join(", "))],
        })
    }
}

fn column(row: &[Value]) -> ColumnSchema {
    ColumnSchema {
        name: name(row, 0),
        kind: name(row, 1),
        nullable: is_true(row, 2),
        default: text(row, 3),
        comment: text(row, 4),
    }
}

fn foreign_key(rows: &[&[Value]], schema: &str) -> ForeignKey {
    let first = rows.first().copied().unwrap_or_default();
    let (foreign, table) = (name(first, 2), name(first, 3));
    ForeignKey {
        columns: rows.iter().map(|row| name(row, 1)).collect(),
        references: match foreign == schema {
            true => table,
            false => format!("{foreign}.{table}"),
        },
        referenced_columns: rows.iter().map(|row| name(row, 4)).collect(),
    }
}

fn index(name_of_index: String, rows: &[&[Value]]) -> Index {
    Index {
        name: name_of_index,
        unique: rows.first().is_some_and(|row| !is_true(row, 1)),
        columns: rows
            .iter()
            .map(|row| text(row, 2).unwrap_or_else(|| "(expression)".to_owned()))
            .collect(),
    }
}
