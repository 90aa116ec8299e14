//! Tables of PostgreSQL, and what the role may do with them, from the catalogue.

use serde_json::{Value, json};

use super::super::error::SqlError;
use super::super::rows::Bounds;
use super::super::schema::{
    ColumnSchema, Details, ForeignKey, Index, TABLES_MAX, Table, grouped, is_true, name, number, text,
};
use super::Postgres;

/// What the role may read, the schemas of the search path first.
const TABLES: &str = "SELECT n.nspname::text, c.relname::text, \
    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END, \
    CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'm', 'p') THEN c.reltuples::bigint END, \
    pg_catalog.obj_description(c.oid, 'pg_class'), pg_catalog.pg_table_is_visible(c.oid) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') \
    ORDER BY 6 DESC, 1, 2";
const COLUMNS: &str = "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, \
    pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.col_description(a.attrelid, a.attnum) \
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
/// Primary and foreign keys, a row for each of their columns.
const KEYS: &str = "SELECT k.conname::text, k.contype::text, a.attname::text, \
    CASE WHEN k.confrelid <> 0 THEN k.confrelid::regclass::text END, f.attname::text \
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u(attnum, place) \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum \
    LEFT JOIN pg_catalog.pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[u.place] \
    WHERE n.nspname = $1 AND c.relname = $2 AND k.contype IN ('p', 'f') ORDER BY k.contype DESC, k.conname, u.place";
const INDEXES: &str = "SELECT i.relname::text, x.indisunique, pg_catalog.pg_get_indexdef(x.indexrelid, u.place::int, true) \
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
    JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    CROSS JOIN LATERAL generate_series(1, x.indnkeyatts) AS u(place) \
    WHERE n.nspname = $1 AND c.relname = $2 ORDER BY i.relname, u.place";
const RIGHTS: &str = "SELECT r.rolsuper, r.rolcreaterole OR r.rolcreatedb OR r.rolreplication, \
    (SELECT string_agg(g.rolname::text, ', ' ORDER BY g.rolname) FROM pg_catalog.pg_roles g \
    WHERE g.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_signal_backend', \
    'pg_write_all_data', 'pg_write_server_files') AND pg_catalog.pg_has_role(g.oid, 'MEMBER')), \
    (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
    AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) \
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

impl Postgres {
    pub(in super::super) async fn tables(&self, bounds: Bounds) -> Result<Vec<Table>, SqlError> {
        let bounds = Bounds {
            rows_max: TABLES_MAX,
            ..bounds
        };
        let rows = self.rows(TABLES, &[], bounds).await?.rows;
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
        let (primary, foreign): (Vec<_>, Vec<_>) = keys.into_iter().partition(|row| name(row, 1) == "p");
        Ok((
            columns.iter().map(|row| column(row)).collect(),
            primary.iter().map(|row| name(row, 2)).collect(),
            grouped(&foreign, 0)
                .into_iter()
                .map(|(_, rows)| foreign_key(&rows))
                .collect(),
            grouped(&indexes, 0)
                .into_iter()
                .map(|(name, rows)| index(name, &rows))
                .collect(),
            None,
        ))
    }

    /// What the role may do beyond reading, in words.
    pub(in super::super) async fn rights(&self, bounds: Bounds) -> Result<Vec<String>, SqlError> {
        let rows = self.rows(RIGHTS, &[], bounds).await?.rows;
        let Some(row) = rows.first() else {
            return Ok(Vec::new());
        };
        let mut rights = Vec::new();
        if is_true(row, 0) {
            rights.push("is a superuser, who may write files and run programs on the server".to_owned());
        }
        if is_true(row, 1) {
            rights.push("may create roles or databases, or replicate".to_owned());
        }
        if let Some(groups) = text(row, 2) {
            rights.push(format!("is a member of {groups}"));
        }
        if let Some(count) = number(row, 3).filter(|count| *count > 0) {
            rights.push(format!("may change {count} tables"));
        }
        Ok(rights)
    }
}

fn column(row: &[Value]) -> ColumnSchema {
    ColumnSchema {
        name: name(row, 0),
        kind: name(row, 1),
        nullable: !is_true(row, 2),
        default: text(row, 3),
        comment: text(row, 4),
    }
}

fn foreign_key(rows: &[&[Value]]) -> ForeignKey {
    ForeignKey {
        columns: rows.iter().map(|row| name(row, 2)).collect(),
        references: rows.first().map(|row| name(row, 3)).unwrap_or_default(),
        referenced_columns: rows.iter().map(|row| name(row, 4)).collect(),
    }
}

fn index(name_of_index: String, rows: &[&[Value]]) -> Index {
    Index {
        name: name_of_index,
        unique: rows.first().is_some_and(|row| is_true(row, 1)),
        columns: rows.iter().map(|row| name(row, 2)).collect(),
    }
}
