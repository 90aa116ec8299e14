//! How a schema reads in a sentence: for errors, and for the arguments of prompts, whose schema no client sees.

use serde_json::Value;

use super::walk;
use crate::protocol::JsonObject;

/// How many values or alternatives a sentence lists.
const LISTED_MAX: usize = 12;

/// What a value must be, in a few words: `integer from 1 to 50`, `one of "a", "b"`, `list of string`.
pub(crate) fn form(schema: &JsonObject, root: &JsonObject) -> String {
    let schema = walk::meant(schema, root);
    if let Some(choices) = choices(schema) {
        return listed("one of ", &choices);
    }
    if let Some(alternatives) = walk::alternatives(schema) {
        let forms: Vec<String> = alternatives
            .iter()
            .filter_map(Value::as_object)
            .map(|alternative| form(alternative, root))
            .collect();
        return if forms.is_empty() {
            "anything".into()
        } else {
            forms.join(" or ")
        };
    }
    let named: Vec<String> = walk::types(schema)
        .into_iter()
        .map(|named| of_type(named, schema, root))
        .collect();
    if named.is_empty() {
        "anything".into()
    } else {
        named.join(" or ")
    }
}

/// The only values allowed, if the schema lists them, each as JSON.
pub(crate) fn choices(schema: &JsonObject) -> Option<Vec<String>> {
    if let Some(only) = schema.get("const") {
        return Some(vec![only.to_string()]);
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return Some(values.iter().map(Value::to_string).collect());
    }
    let mut all = Vec::new();
    for alternative in walk::alternatives(schema)? {
        all.extend(choices(alternative.as_object()?)?);
    }
    Some(all)
}

/// `expected one of "a", "b"`: with `…` if there are many.
pub(crate) fn listed(before: &str, items: &[String]) -> String {
    let shown = items[..items.len().min(LISTED_MAX)].join(", ");
    let more = if items.len() > LISTED_MAX { ", …" } else { "" };
    match items {
        [only] => only.clone(),
        _ => format!("{before}{shown}{more}"),
    }
}

/// What a format looks like.
pub(crate) fn format_example(format: &str) -> Option<&'static str> {
    Some(match format {
        "date" => "2026-01-31",
        "date-time" => "2026-01-31T12:30:00Z",
        "time" => "12:30:00Z",
        "duration" => "P1DT2H",
        "email" => "ada@example.com",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" => "https://example.com/a",
        "uuid" => "67e55044-10b1-426f-9247-bb680e5fe0c8",
        _ => return None,
    })
}

fn of_type(named: &str, schema: &JsonObject, root: &JsonObject) -> String {
    match named {
        "integer" | "number" => format!("{named}{}", span(schema)),
        "string" => match schema.get("format").and_then(Value::as_str) {
            Some(format) => format!("string ({format})"),
            None => "string".into(),
        },
        "array" => match schema.get("items").and_then(Value::as_object) {
            Some(items) => format!("list of {}", form(items, root)),
            None => "list".into(),
        },
        "object" => object(schema),
        other => other.into(),
    }
}

fn span(schema: &JsonObject) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of {least} or more"),
        (None, Some(most)) => format!(" of {most} or less"),
        (None, None) => String::new(),
    }
}

/// `object with "kind": "circle", radius`: tags with their values, then the other names that must be there.
fn object(schema: &JsonObject) -> String {
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties");
    let parts: Vec<String> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(
            |name| match properties.and_then(|all| all.get(name)?.get("const")) {
                Some(tag) => format!("\"{name}\": {tag}"),
                None => format!("`{name}`"),
            },
        )
        .take(LISTED_MAX)
        .collect();
    if parts.is_empty() {
        "object".into()
    } else {
        format!("object with {}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_read_as_a_few_words() {
        for (schema, expected) in [
            (
                json!({"type": "integer", "minimum": 1, "maximum": 5}),
                "integer from 1 to 5",
            ),
            (json!({"type": "integer", "minimum": 0}), "integer of 0 or more"),
            (
                json!({"type": "string", "enum": ["a", "b"]}),
                "one of \"a\", \"b\"",
            ),
            (
                json!({"type": "string", "oneOf": [{"const": "a"}, {"const": "b"}]}),
                "one of \"a\", \"b\"",
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                "list of string",
            ),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), "string"),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "number"}]}),
                "string or number",
            ),
            (json!({"type": "string", "format": "date"}), "string (date)"),
            (
                json!({"type": "object", "properties": {"kind": {"const": "x"}}, "required": ["kind", "a"]}),
                "object with \"kind\": \"x\", `a`",
            ),
            (json!({}), "anything"),
            (json!({"$ref": "#/a"}), "anything"),
        ] {
            let schema = schema.as_object().expect("an object");
            assert_eq!(form(schema, schema), expected);
        }
    }
}
