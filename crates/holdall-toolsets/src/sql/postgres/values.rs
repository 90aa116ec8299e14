//! Values of PostgreSQL in JSON, from the bytes they are sent as.

use std::error::Error as StdError;

use serde_json::{Map, Value};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

use super::super::rows::{self, Basket};
use super::numbers::{array, date, interval, numeric, time, time_with_zone, timestamp};

/// Types within types, such as arrays of records of arrays, that are followed.
const DEPTH_MAX: usize = 32;

/// A value as it came.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(bytes)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(super) fn row(row: &Row, basket: &mut Basket) -> Vec<Value> {
    let values = row.columns().iter().enumerate().map(|(index, column)| {
        let Ok(Raw(Some(bytes))) = row.try_get::<_, Raw<'_>>(index) else {
            return Value::Null;
        };
        value(column.type_(), bytes, 0).unwrap_or_else(|| {
            let (name, kind) = (column.name(), column.type_().name());
            basket.note(format!(
                "values of `{name}` are bytes, as {kind} is sent: {name}::text shows them as text"
            ));
            rows::bytes(bytes)
        })
    });
    values.collect()
}

/// `None` if the type is not known here, or the bytes are not of it.
fn value(kind: &Type, bytes: &[u8], depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    match kind.kind() {
        Kind::Domain(inner) => return value(inner, bytes, depth + 1),
        Kind::Enum(_) => return text(bytes),
        Kind::Array(item) if !matches!(*kind, Type::INT2_VECTOR | Type::OID_VECTOR) => {
            return items(item, bytes, depth);
        }
        Kind::Range(item) => return range(item, bytes, depth).map(Value::String),
        Kind::Multirange(item) => return multirange(item, bytes, depth),
        Kind::Composite(fields) => {
            let names: Vec<_> = fields.iter().map(|field| field.name().to_owned()).collect();
            return record(bytes, Some(&names), Some(fields), depth);
        }
        _ => {}
    }
    if *kind == Type::RECORD {
        return record(bytes, None, None, depth);
    }
    simple(kind, bytes)
}

fn simple(kind: &Type, bytes: &[u8]) -> Option<Value> {
    Some(match *kind {
        Type::BOOL => (*bytes.first()? != 0).into(),
        Type::INT2 => i16::from_be_bytes(array(bytes)?).into(),
        Type::INT4 => i32::from_be_bytes(array(bytes)?).into(),
        Type::INT8 => rows::integer(i64::from_be_bytes(array(bytes)?)),
        Type::OID
        | Type::XID
        | Type::CID
        | Type::REGCLASS
        | Type::REGTYPE
        | Type::REGPROC
        | Type::REGPROCEDURE
        | Type::REGROLE
        | Type::REGNAMESPACE => u32::from_be_bytes(array(bytes)?).into(),
        Type::XID8 => rows::unsigned(u64::from_be_bytes(array(bytes)?)),
        Type::FLOAT4 => {
            // The shortest decimal that is this number, not the one that is near it in twice the bits.
            let short = f32::from_be_bytes(array(bytes)?);
            rows::float(short.to_string().parse().unwrap_or(f64::from(short)))
        }
        Type::FLOAT8 => rows::float(f64::from_be_bytes(array(bytes)?)),
        Type::NUMERIC => numeric(bytes)?.into(),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::UNKNOWN
        | Type::XML
        | Type::CHAR
        | Type::CSTRING
        | Type::REFCURSOR => return text(bytes),
        Type::VOID => Value::Null,
        Type::BYTEA => rows::bytes(bytes),
        Type::JSON => json(bytes)?,
        Type::JSONB => json(bytes.strip_prefix(&[1])?)?,
        Type::JSONPATH => return text(bytes.strip_prefix(&[1])?),
        Type::UUID => uuid(bytes)?.into(),
        Type::DATE => date(bytes)?.into(),
        Type::TIMESTAMP => timestamp(bytes, false)?.into(),
        Type::TIMESTAMPTZ => timestamp(bytes, true)?.into(),
        Type::TIME => time(i64::from_be_bytes(array(bytes)?))?.into(),
        Type::TIMETZ => time_with_zone(bytes)?.into(),
        Type::INTERVAL => interval(bytes)?.into(),
        Type::INET | Type::CIDR => address(bytes)?.into(),
        Type::MACADDR | Type::MACADDR8 => {
            let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            parts.join(":").into()
        }
        Type::BIT | Type::VARBIT => bits(bytes)?.into(),
        Type::PG_LSN => {
            let place = u64::from_be_bytes(array(bytes)?);
            format!("{:X}/{:X}", place >> 32, place & u64::from(u32::MAX)).into()
        }
        Type::POINT => {
            let (x, y) = (
                f64::from_be_bytes(array(bytes.get(..8)?)?),
                f64::from_be_bytes(array(bytes.get(8..)?)?),
            );
            format!("({x},{y})").into()
        }
        // Of extensions.
        _ if kind.name() == "citext" => return text(bytes),
        _ => return None,
    })
}

fn text(bytes: &[u8]) -> Option<Value> {
    Some(std::str::from_utf8(bytes).ok()?.into())
}

/// JSON as it is; what is nested too deeply, as text.
fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok().or_else(|| text(bytes))
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 16] = array(bytes)?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    ))
}

fn address(bytes: &[u8]) -> Option<String> {
    let [_, prefix, is_network, _, address @ ..] = bytes else {
        return None;
    };
    let (address, whole) = match address.len() {
        4 => (std::net::IpAddr::from(array::<4>(address)?), 32),
        16 => (std::net::IpAddr::from(array::<16>(address)?), 128),
        _ => return None,
    };
    Some(match *is_network == 0 && *prefix == whole {
        true => address.to_string(),
        false => format!("{address}/{prefix}"),
    })
}

fn bits(bytes: &[u8]) -> Option<String> {
    let count = usize::try_from(i32::from_be_bytes(array(bytes.get(..4)?)?)).ok()?;
    let mut text: String = bytes.get(4..)?.iter().map(|byte| format!("{byte:08b}")).collect();
    text.truncate(count);
    Some(text)
}

/// Takes bytes from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(array(self.take(4)?)?))
    }

    /// A value after its length; `None` inside is NULL.
    fn value(&mut self) -> Option<Option<&'a [u8]>> {
        match self.number()? {
            -1 => Some(None),
            length => Some(Some(self.take(usize::try_from(length).ok()?)?)),
        }
    }
}

fn nullable(kind: &Type, bytes: Option<&[u8]>, depth: usize) -> Option<Value> {
    match bytes {
        None => Some(Value::Null),
        Some(bytes) => value(kind, bytes, depth + 1),
    }
}

fn items(kind: &Type, bytes: &[u8], depth: usize) -> Option<Value> {
    let mut reader = Reader(bytes);
    let dimensions = usize::try_from(reader.number()?)
        .ok()
        .filter(|count| *count <= 6)?;
    let (_has_nulls, _kind) = (reader.number()?, reader.number()?);
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.number()?).ok()?);
        let _first = reader.number()?;
    }
    // Each item has a length of four bytes at least.
    let total = lengths
        .iter()
        .try_fold(1_usize, |total, length| total.checked_mul(*length))?;
    if lengths.is_empty() || total == 0 {
        return Some(Value::Array(Vec::new()));
    }
    if total > bytes.len() / 4 {
        return None;
    }
    level(kind, &mut reader, &lengths, depth)
}

fn level(kind: &Type, reader: &mut Reader<'_>, lengths: &[usize], depth: usize) -> Option<Value> {
    let (length, inner) = lengths.split_first()?;
    let mut values = Vec::new();
    for _ in 0..*length {
        values.push(match inner {
            [] => nullable(kind, reader.value()?, depth)?,
            inner => level(kind, reader, inner, depth)?,
        });
    }
    Some(Value::Array(values))
}

/// `[1,5)`, with the bounds as texts.
fn range(kind: &Type, bytes: &[u8], depth: usize) -> Option<String> {
    let mut reader = Reader(bytes);
    let flags = *reader.take(1)?.first()?;
    let has = |flag: u8| flags & flag != 0;
    if has(0x01) {
        return Some("empty".to_owned());
    }
    let mut bound = |infinite: bool| -> Option<String> {
        if infinite {
            return Some(String::new());
        }
        Some(match value(kind, reader.value()??, depth + 1)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    };
    let (lower, upper) = (bound(has(0x08))?, bound(has(0x10))?);
    let (open, close) = (
        if has(0x02) { '[' } else { '(' },
        if has(0x04) { ']' } else { ')' },
    );
    Some(format!("{open}{lower},{upper}{close}"))
}

fn multirange(kind: &Type, bytes: &[u8], depth: usize) -> Option<Value> {
    let item = match kind.kind() {
        Kind::Range(item) => item,
        _ => kind,
    };
    let mut reader = Reader(bytes);
    let mut ranges = Vec::new();
    for _ in 0..reader.number()? {
        ranges.push(range(item, reader.value()??, depth + 1)?);
    }
    Some(format!("{{{}}}", ranges.join(",")).into())
}

/// A row within a row: an object where its fields have names, else a list.
fn record(
    bytes: &[u8],
    names: Option<&[String]>,
    fields: Option<&[tokio_postgres::types::Field]>,
    depth: usize,
) -> Option<Value> {
    let mut reader = Reader(bytes);
    let count = usize::try_from(reader.number()?).ok()?;
    let mut values = Vec::new();
    for index in 0..count {
        let oid = reader.number()?.cast_unsigned();
        let bytes = reader.value()?;
        let known = fields
            .and_then(|fields| fields.get(index))
            .map(|field| field.type_().clone());
        values.push(match known.or_else(|| Type::from_oid(oid)) {
            Some(kind) => nullable(&kind, bytes, depth)?,
            None => bytes.map_or(Value::Null, rows::bytes),
        });
    }
    Some(match names {
        Some(names) => Value::Object(names.iter().cloned().zip(values).collect::<Map<_, _>>()),
        None => Value::Array(values),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a broken or hostile server might send.
    #[test]
    fn no_bytes_make_it_panic() {
        let kinds = [
            Type::BOOL,
            Type::INT8,
            Type::NUMERIC,
            Type::JSONB,
            Type::UUID,
            Type::TIMETZ,
            Type::INTERVAL,
            Type::INET,
            Type::VARBIT,
            Type::POINT,
            Type::INT4_ARRAY,
            Type::TEXT_ARRAY,
            Type::INT4_RANGE,
            Type::RECORD,
            Type::INT4MULTI_RANGE,
            Type::RECORD_ARRAY,
        ];
        let mut state = 7_u64;
        for round in 0..20_000_usize {
            let bytes: Vec<u8> = (0..round % 40)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    // Small numbers are lengths and counts more often.
                    let byte = (state >> 33) as u8;
                    if byte < 180 { byte % 5 } else { byte }
                })
                .collect();
            for kind in &kinds {
                let _ = value(kind, &bytes, 0);
            }
        }
    }
}
