//! What the tools reply: structured for programs, and as text for models.

use std::fmt::Write;

use holdall::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::database::Database;
use super::rows::{Column, Cut, Rows};
use super::schema::{Table, TableSchema};

/// Tables `list_tables` names unless a filter leaves fewer; some 10,000 tokens.
pub(super) const TABLES_SHOWN_MAX: usize = 500;
/// Rows a call may ask for.
pub(super) const LIMIT_MAX: u32 = 1_000;
/// Characters of a comment that are shown.
const COMMENT_CHARS_MAX: usize = 200;

/// The databases.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct DatabasesReply {
    databases: Vec<DatabaseReply>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct DatabaseReply {
    /// As the other tools take it.
    name: String,
    /// Which dialect of SQL it speaks.
    engine: &'static str,
    /// What stands for the first parameter in a statement.
    placeholder: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl DatabasesReply {
    pub(super) fn new(databases: &[Database]) -> Self {
        let databases = databases.iter().map(|database| DatabaseReply {
            name: database.name.clone(),
            engine: database.engine(),
            placeholder: database.placeholder(),
            description: database.description.clone(),
        });
        Self {
            databases: databases.collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for database in &self.databases {
            let (name, engine, placeholder) = (&database.name, database.engine, database.placeholder);
            let _ = write!(text, "- {name}: {engine}, parameters as {placeholder}");
            if let Some(description) = &database.description {
                let _ = write!(text, "; {}", plain(description));
            }
            text.push('\n');
        }
        text
    }
}

/// The tables of a database.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct TablesReply {
    database: String,
    tables: Vec<Table>,
    /// How many there are, with those that are not named here.
    total: usize,
}

impl TablesReply {
    pub(super) fn new(database: &str, mut tables: Vec<Table>, filter: Option<&str>) -> Self {
        if let Some(filter) = filter.map(str::to_lowercase) {
            tables.retain(|table| table.name.to_lowercase().contains(&filter));
        }
        let total = tables.len();
        tables.truncate(TABLES_SHOWN_MAX);
        Self {
            database: database.to_owned(),
            tables,
            total,
        }
    }

    pub(super) fn text(&self) -> String {
        let (database, total) = (&self.database, self.total);
        let mut text = match total {
            0 => format!("no tables in {database}\n"),
            1 => format!("1 table in {database}:\n"),
            _ => format!("{total} tables in {database}:\n"),
        };
        for table in &self.tables {
            let _ = write!(text, "- {}", plain(&table.name));
            if table.kind != "table" {
                let _ = write!(text, " ({})", table.kind);
            }
            if let Some(rows) = table.rows_estimate {
                let _ = write!(text, ", about {rows} rows");
            }
            comment(table.comment.as_deref(), &mut text);
            text.push('\n');
        }
        if total > self.tables.len() {
            let _ = writeln!(
                text,
                "({} more; narrow them down with `filter`)",
                total - self.tables.len()
            );
        }
        text
    }
}

impl TableSchema {
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} {} in {}",
            self.table.kind,
            plain(&self.table.name),
            self.database
        );
        comment(self.table.comment.as_deref(), &mut text);
        text.push('\n');
        for column in &self.columns {
            let _ = write!(text, "- {} {}", plain(&column.name), plain(&column.kind));
            if self.primary_key.contains(&column.name) {
                text.push_str(", primary key");
            } else if !column.nullable {
                text.push_str(", not null");
            }
            if let Some(default) = &column.default {
                let _ = write!(text, ", default {}", plain(default));
            }
            comment(column.comment.as_deref(), &mut text);
            text.push('\n');
        }
        for key in &self.foreign_keys {
            let (columns, other) = (key.columns.join(", "), key.referenced_columns.join(", "));
            let _ = write!(
                text,
                "foreign key ({}) → {}",
                plain(&columns),
                plain(&key.references)
            );
            if !other.is_empty() {
                let _ = write!(text, "({})", plain(&other));
            }
            text.push('\n');
        }
        for index in &self.indexes {
            let unique = if index.unique { "unique index" } else { "index" };
            let _ = writeln!(
                text,
                "{unique} {} ({})",
                plain(&index.name),
                plain(&index.columns.join(", "))
            );
        }
        text
    }
}

/// The rows of a query.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct QueryReply {
    database: String,
    columns: Vec<Column>,
    /// A list of values for each row, in the order of the columns. Integers beyond 2^53, decimals, dates and times are
    /// texts; bytes are {"base64": "…"}.
    rows: Vec<Vec<Value>>,
    row_count: usize,
    /// Whether there are more rows than these.
    truncated: bool,
    /// What to know of this answer: how to get the rest, what could not be shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl QueryReply {
    /// `limit` is how many rows were asked for.
    pub(super) fn new(database: &str, found: Rows, limit: u32) -> Self {
        let count = found.rows.len();
        let mut notes = found.notes;
        let next = format!("read on with ORDER BY … LIMIT … OFFSET {count}");
        match found.cut {
            Some(Cut::Rows) if limit >= LIMIT_MAX => {
                notes.insert(0, format!("there are more rows than one call gives: {next}"));
            }
            Some(Cut::Rows) => notes.insert(0, format!("there are more rows: raise `limit`, or {next}")),
            Some(Cut::Bytes) => {
                notes.insert(
                    0,
                    format!("there are more rows than a reply holds: select fewer columns, or {next}"),
                );
            }
            None => {}
        }
        Self {
            database: database.to_owned(),
            columns: found.columns,
            rows: found.rows,
            row_count: count,
            truncated: found.cut.is_some(),
            notes,
        }
    }

    /// A table: what divides columns and rows is escaped in values.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let header: Vec<String> = self.columns.iter().map(|column| cell(&column.name)).collect();
        let _ = writeln!(text, "{}", header.join(" | "));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(shown).collect();
            let _ = writeln!(text, "{}", cells.join(" | "));
        }
        let _ = match self.row_count {
            1 => writeln!(text, "(1 row)"),
            count => writeln!(text, "({count} rows)"),
        };
        for note in &self.notes {
            let _ = writeln!(text, "({})", plain(note));
        }
        text
    }
}

fn comment(comment: Option<&str>, text: &mut String) {
    if let Some(comment) = comment {
        let shown: String = plain(comment).chars().take(COMMENT_CHARS_MAX).collect();
        let _ = write!(text, " — {shown}");
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => cell(text),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("base64") => {
            format!("base64:{}", fields["base64"].as_str().unwrap_or_default())
        }
        other => cell(&other.to_string()),
    }
}

fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => cell.push_str("\\n"),
            '\r' => cell.push_str("\\r"),
            '\t' => cell.push_str("\\t"),
            '|' => cell.push_str("\\|"),
            other if is_hidden(other) => {}
            other => cell.push(other),
        }
    }
    cell
}

/// A text on one line, without characters that change how others are shown.
fn plain(text: &str) -> String {
    let kept = text
        .chars()
        .map(|one| if one.is_whitespace() { ' ' } else { one });
    kept.filter(|one| !is_hidden(*one)).collect()
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_stays_in_its_cell() {
        let column = |name: &str| Column {
            name: name.to_owned(),
            kind: "text".to_owned(),
        };
        let found = Rows {
            columns: vec![column("a|b"), column("c")],
            rows: vec![
                vec![json!("x\ny | z\u{202e}\u{1b}[2J"), json!(null)],
                vec![json!([1, "|"]), json!({ "base64": "AA==" })],
            ],
            cut: Some(Cut::Rows),
            notes: Vec::new(),
        };
        assert_eq!(
            QueryReply::new("shop", found.clone(), 2).text(),
            "a\\|b | c\nx\\ny \\| z[2J | NULL\n[1,\"\\|\"] | base64:AA==\n(2 rows)\n\
             (there are more rows: raise `limit`, or read on with ORDER BY … LIMIT … OFFSET 2)\n"
        );
        let most = QueryReply::new("shop", found, LIMIT_MAX).text();
        assert!(
            most.ends_with(
                "(there are more rows than one call gives: read on with ORDER BY … LIMIT … OFFSET 2)\n"
            ),
            "{most}"
        );
    }
}
