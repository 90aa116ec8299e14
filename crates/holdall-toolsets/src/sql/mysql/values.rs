//! Values of MySQL and MariaDB in JSON, and back.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column as Described, Row, Value as Sent};
use serde_json::Value;

use super::super::error::SqlError;
use super::super::rows::{self, Basket, Column};

/// The character set of what is no text.
const BINARY: u16 = 63;

pub(super) fn parameter((index, value): (usize, &Value)) -> Result<Sent, SqlError> {
    let wrong = |problem: String| SqlError::Parameter {
        number: index + 1,
        problem,
    };
    Ok(match value {
        Value::Null => Sent::NULL,
        Value::Bool(yes) => Sent::Int((*yes).into()),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), _, _) => Sent::Int(integer),
            (_, Some(integer), _) => Sent::UInt(integer),
            (_, _, Some(float)) => Sent::Double(float),
            _ => {
                return Err(wrong(format!(
                    "{number} is no number of 64 bits; give it as text"
                )));
            }
        },
        Value::String(text) => Sent::Bytes(text.clone().into_bytes()),
        Value::Array(_) | Value::Object(_) => match rows::marked_bytes(value) {
            Some(bytes) => Sent::Bytes(bytes.map_err(wrong)?),
            None => Sent::Bytes(value.to_string().into_bytes()),
        },
    })
}

pub(super) fn column(column: &Described) -> Column {
    Column {
        name: column.name_str().into_owned(),
        kind: kind(column).to_owned(),
    }
}

fn kind(column: &Described) -> &'static str {
    use ColumnType as Kind;
    let is_binary = column.character_set() == BINARY;
    let flag = |flag| column.flags().contains(flag);
    match column.column_type() {
        Kind::MYSQL_TYPE_DECIMAL | Kind::MYSQL_TYPE_NEWDECIMAL => "decimal",
        Kind::MYSQL_TYPE_TINY => "tinyint",
        Kind::MYSQL_TYPE_SHORT => "smallint",
        Kind::MYSQL_TYPE_INT24 => "mediumint",
        Kind::MYSQL_TYPE_LONG => "int",
        Kind::MYSQL_TYPE_LONGLONG => "bigint",
        Kind::MYSQL_TYPE_FLOAT => "float",
        Kind::MYSQL_TYPE_DOUBLE => "double",
        Kind::MYSQL_TYPE_NULL => "null",
        Kind::MYSQL_TYPE_TIMESTAMP | Kind::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        Kind::MYSQL_TYPE_DATETIME | Kind::MYSQL_TYPE_DATETIME2 => "datetime",
        Kind::MYSQL_TYPE_DATE | Kind::MYSQL_TYPE_NEWDATE => "date",
        Kind::MYSQL_TYPE_TIME | Kind::MYSQL_TYPE_TIME2 => "time",
        Kind::MYSQL_TYPE_YEAR => "year",
        Kind::MYSQL_TYPE_BIT => "bit",
        Kind::MYSQL_TYPE_JSON => "json",
        Kind::MYSQL_TYPE_GEOMETRY => "geometry",
        _ if flag(ColumnFlags::ENUM_FLAG) => "enum",
        _ if flag(ColumnFlags::SET_FLAG) => "set",
        Kind::MYSQL_TYPE_STRING if is_binary => "binary",
        Kind::MYSQL_TYPE_STRING => "char",
        Kind::MYSQL_TYPE_VARCHAR | Kind::MYSQL_TYPE_VAR_STRING if is_binary => "varbinary",
        Kind::MYSQL_TYPE_VARCHAR | Kind::MYSQL_TYPE_VAR_STRING => "varchar",
        _ if is_binary => "blob",
        _ => "text",
    }
}

pub(super) fn row(row: Row, columns: &[Described], basket: &mut Basket) -> Vec<Value> {
    // All values, none of which was taken out before: that alone would panic here.
    let values = row.unwrap().into_iter().zip(columns);
    values.map(|(sent, column)| value(sent, column, basket)).collect()
}

fn value(sent: Sent, column: &Described, basket: &mut Basket) -> Value {
    match sent {
        Sent::NULL => Value::Null,
        Sent::Int(number) => rows::integer(number),
        Sent::UInt(number) => rows::unsigned(number),
        Sent::Float(number) => rows::float(number.to_string().parse().unwrap_or(f64::from(number))),
        Sent::Double(number) => rows::float(number),
        Sent::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            match column.column_type() {
                ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => date.into(),
                _ => format!("{date}T{hour:02}:{minute:02}:{second:02}{}", fraction(micros)).into(),
            }
        }
        Sent::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let sign = if is_negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micros)).into()
        }
        Sent::Bytes(bytes) => bytes_of(bytes, column, basket),
    }
}

fn fraction(micros: u32) -> String {
    match micros {
        0 => String::new(),
        micros => format!(".{micros:06}").trim_end_matches('0').to_owned(),
    }
}

/// Whatever is sent as bytes: texts, decimals, JSON, and bytes.
fn bytes_of(bytes: Vec<u8>, column: &Described, basket: &mut Basket) -> Value {
    match column.column_type() {
        ColumnType::MYSQL_TYPE_JSON => {
            if let Ok(json) = serde_json::from_slice(&bytes) {
                return json;
            }
        }
        ColumnType::MYSQL_TYPE_BIT if bytes.len() <= 8 => {
            let number = bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte));
            return rows::unsigned(number);
        }
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {}
        _ if column.character_set() == BINARY => return rows::bytes(&bytes),
        _ => {}
    }
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => {
            basket.note("a text that is not UTF-8 is given as bytes".to_owned());
            rows::bytes(error.as_bytes())
        }
    }
}
