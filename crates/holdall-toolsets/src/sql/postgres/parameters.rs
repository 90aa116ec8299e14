//! Parameters: everything is sent as text, and the server reads it as the type it expects.

use std::error::Error as StdError;

use bytes::{BufMut as _, BytesMut};
use serde_json::Value;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

use super::super::rows::marked_bytes;

/// A value of JSON for a placeholder.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match text(self.0, kind)? {
            Some(text) => {
                out.put_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

fn text(value: &Value, kind: &Type) -> Result<Option<String>, String> {
    if let Some(bytes) = marked_bytes(value) {
        let hex: String = bytes?.iter().map(|byte| format!("{byte:02x}")).collect();
        return Ok(Some(format!("\\x{hex}")));
    }
    Ok(match (value, kind.kind()) {
        (Value::Null, _) => None,
        (Value::String(text), _) => Some(text.clone()),
        (Value::Array(items), Kind::Array(item)) => Some(array(items, item)?),
        // Whatever else is of JSON.
        (other, _) => Some(other.to_string()),
    })
}

/// `{1,NULL,"a b"}`.
fn array(items: &[Value], kind: &Type) -> Result<String, String> {
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        parts.push(match item {
            Value::Null => "NULL".to_owned(),
            Value::Array(inner) if !is_json(kind) => array(inner, kind)?,
            other => {
                let text = text(other, kind)?.unwrap_or_default();
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
        });
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

fn is_json(kind: &Type) -> bool {
    matches!(*kind, Type::JSON | Type::JSONB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_the_server_reads_them() {
        let said = |value: Value, kind: Type| text(&value, &kind).expect("it is fine");
        assert_eq!(said(json!(null), Type::INT4), None);
        assert_eq!(said(json!(true), Type::BOOL).as_deref(), Some("true"));
        assert_eq!(said(json!(1.5), Type::NUMERIC).as_deref(), Some("1.5"));
        assert_eq!(said(json!("a\"b"), Type::TEXT).as_deref(), Some("a\"b"));
        assert_eq!(said(json!({ "a": 1 }), Type::JSONB).as_deref(), Some("{\"a\":1}"));
        assert_eq!(
            said(json!({ "base64": "AP8=" }), Type::BYTEA).as_deref(),
            Some("\\x00ff")
        );
        assert_eq!(
            said(json!([1, null, 3]), Type::INT4_ARRAY).as_deref(),
            Some("{\"1\",NULL,\"3\"}")
        );
        let texts = said(json!(["a,b", "c\"d\\", "NULL", ""]), Type::TEXT_ARRAY);
        assert_eq!(texts.as_deref(), Some(r#"{"a,b","c\"d\\","NULL",""}"#));
        assert_eq!(
            said(json!([[1], [2]]), Type::INT4_ARRAY).as_deref(),
            Some("{{\"1\"},{\"2\"}}")
        );
        text(&json!({ "base64": "?" }), &Type::BYTEA).expect_err("that is no base64");
    }
}
