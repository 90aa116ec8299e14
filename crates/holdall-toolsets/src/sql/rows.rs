//! What a query gives: rows, as far as there is room for them, and values in JSON.

use std::ops::ControlFlow;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdall::prelude::*;
use serde::Serialize;
use serde_json::{Number, Value, json};

use super::error::SqlError;

/// The largest integer every reader of JSON keeps: 2^53 - 1.
const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Characters of the name of a column that are shown.
const NAME_CHARS_MAX: usize = 200;

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type, in the words of the database.
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// A result, or as much of it as there was room for.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Value>>,
    /// Why there is more than this.
    pub(super) cut: Option<Cut>,
    /// What a reader should know of values that could not be shown as they are.
    pub(super) notes: Vec<String>,
}

/// Which bound a result met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Rows,
    Bytes,
}

/// The bounds of one query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) rows_max: usize,
    /// Bytes of all rows, as JSON.
    pub(super) bytes_max: usize,
    /// Bytes of one value.
    pub(super) value_bytes_max: usize,
    pub(super) deadline: Instant,
    pub(super) timeout_ms: u64,
}

impl Bounds {
    /// Bytes that may come from a server for the query: more than the rows can need, on the way they are longer.
    pub(super) fn wire_bytes_max(&self) -> usize {
        4 * self.bytes_max.max(self.value_bytes_max) + 1_000_000
    }

    /// Milliseconds that are left, and at least one: none would mean for ever to a server.
    pub(super) fn milliseconds_left(&self) -> u64 {
        let left = self.deadline.saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    pub(super) fn timed_out(&self) -> SqlError {
        SqlError::TimedOut(self.timeout_ms)
    }
}

/// Takes rows until there is no more room.
pub(super) struct Basket {
    rows: Rows,
    bounds: Bounds,
    bytes: usize,
}

impl Basket {
    /// For rows of these columns. Names of columns may be whole expressions, so they are cut.
    pub(super) fn new(mut columns: Vec<Column>, bounds: Bounds) -> Result<Self, SqlError> {
        let mut bytes = 0;
        for column in &mut columns {
            if let Some((end, _)) = column.name.char_indices().nth(NAME_CHARS_MAX) {
                column.name.truncate(end);
                column.name.push('…');
            }
            bytes += column.name.len() + column.kind.len();
        }
        if bytes > bounds.bytes_max {
            let count = columns.len();
            return Err(SqlError::TooLarge {
                message: format!("the names of {count} columns are more than a reply holds"),
                hint: "select fewer columns",
            });
        }
        let rows = Rows {
            columns,
            ..Rows::default()
        };
        Ok(Self { rows, bounds, bytes })
    }

    /// Takes a row, or says that there is no room for it.
    pub(super) fn take(&mut self, row: Vec<Value>) -> Result<ControlFlow<()>, SqlError> {
        if self.rows.rows.len() == self.bounds.rows_max {
            self.rows.cut = Some(Cut::Rows);
            return Ok(ControlFlow::Break(()));
        }
        let bytes: usize = 2 + row.iter().map(|value| bytes_of(value) + 1).sum::<usize>();
        if self.bytes + bytes > self.bounds.bytes_max {
            if self.rows.rows.is_empty() {
                let bytes_max = self.bounds.bytes_max;
                return Err(SqlError::TooLarge {
                    message: format!("the first row has {bytes} bytes: a reply holds {bytes_max}"),
                    hint: "select fewer columns, or a part of a long value: substr(column, 1, 1000)",
                });
            }
            self.rows.cut = Some(Cut::Bytes);
            return Ok(ControlFlow::Break(()));
        }
        self.bytes += bytes;
        self.rows.rows.push(row);
        Ok(ControlFlow::Continue(()))
    }

    /// Adds a note, once.
    pub(super) fn note(&mut self, note: String) {
        if !self.rows.notes.contains(&note) {
            self.rows.notes.push(note);
        }
    }

    pub(super) fn rows(self) -> Rows {
        self.rows
    }
}

/// How long a value is as JSON, about.
fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => {
            let escaped = |byte: u8| {
                if byte < b' ' {
                    6
                } else {
                    1 + usize::from(matches!(byte, b'"' | b'\\'))
                }
            };
            2 + text.bytes().map(escaped).sum::<usize>()
        }
        Value::Array(items) => 2 + items.iter().map(|item| bytes_of(item) + 1).sum::<usize>(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| key.len() + 4 + bytes_of(value));
            2 + fields.sum::<usize>()
        }
    }
}

/// An integer; beyond what readers of JSON keep, as text.
pub(super) fn integer(number: i64) -> Value {
    match number.unsigned_abs() <= INTEGER_MAX {
        true => number.into(),
        false => number.to_string().into(),
    }
}

/// The same of one without a sign.
pub(super) fn unsigned(number: u64) -> Value {
    match number <= INTEGER_MAX {
        true => number.into(),
        false => number.to_string().into(),
    }
}

/// A floating-point number; `NaN` and infinities, which JSON has not, as text.
pub(super) fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None if number > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// Bytes, marked as such.
pub(super) fn bytes(bytes: &[u8]) -> Value {
    json!({ "base64": STANDARD.encode(bytes) })
}

/// The bytes of a value that is marked as such.
pub(super) fn marked_bytes(value: &Value) -> Option<Result<Vec<u8>, String>> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    let text = fields.get("base64")?.as_str()?;
    Some(
        STANDARD
            .decode(text)
            .map_err(|error| format!("it is no base64: {error}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(rows_max: usize, bytes_max: usize) -> Bounds {
        Bounds {
            rows_max,
            bytes_max,
            value_bytes_max: 1_000,
            deadline: Instant::now(),
            timeout_ms: 1,
        }
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(integer(9_007_199_254_740_991), json!(9_007_199_254_740_991_i64));
        assert_eq!(integer(9_007_199_254_740_992), json!("9007199254740992"));
        assert_eq!(integer(i64::MIN), json!("-9223372036854775808"));
        assert_eq!(unsigned(u64::MAX), json!("18446744073709551615"));
        assert_eq!(float(0.1), json!(0.1));
        assert_eq!(float(f64::NAN), json!("NaN"));
        assert_eq!(float(f64::NEG_INFINITY), json!("-Infinity"));
    }

    #[test]
    fn a_basket_is_full_when_one_of_its_bounds_is_met() {
        let mut basket = Basket::new(Vec::new(), bounds(2, 1_000)).expect("room");
        assert!(basket.take(vec![json!(1)]).expect("room").is_continue());
        assert!(basket.take(vec![json!(2)]).expect("room").is_continue());
        assert!(basket.take(vec![json!(3)]).expect("no error").is_break());
        let rows = basket.rows();
        assert_eq!((rows.rows.len(), rows.cut), (2, Some(Cut::Rows)));

        let mut basket = Basket::new(Vec::new(), bounds(9, 100)).expect("room");
        assert!(
            basket
                .take(vec![json!("x".repeat(50))])
                .expect("room")
                .is_continue()
        );
        assert!(
            basket
                .take(vec![json!("x".repeat(50))])
                .expect("no error")
                .is_break()
        );
        assert_eq!(basket.rows().cut, Some(Cut::Bytes));
        let mut basket = Basket::new(Vec::new(), bounds(9, 100)).expect("room");
        basket
            .take(vec![json!("\u{1}".repeat(50))])
            .expect_err("it is too long as JSON");
    }

    #[test]
    fn names_of_columns_take_room_too() {
        let column = |name: String| Column {
            name,
            kind: "int".to_owned(),
        };
        let basket = Basket::new(vec![column("ä".repeat(900))], bounds(1, 1_000)).expect("room");
        assert_eq!(basket.rows().columns[0].name, "ä".repeat(200) + "…");
        let many = (0..100).map(|number| column(format!("a column {number}")));
        assert!(Basket::new(many.collect(), bounds(1, 1_000)).is_err());
    }

    #[test]
    fn lengths_are_not_underrated() {
        for value in [
            json!(null),
            json!(-12.5),
            json!("a\"\\\n\u{1}ä"),
            json!([1, "x", [true]]),
            json!({ "a": { "b": [] } }),
        ] {
            let (told, real) = (bytes_of(&value), value.to_string().len());
            assert!(told >= real && told <= real + 20, "{value}: {told} for {real}");
        }
    }
}
