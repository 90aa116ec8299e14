//! Where a schema holds further schemas, and what a reference points at.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::protocol::JsonObject;

/// How many references and wrappings are followed from one schema to what it means.
const HOPS_MAX: usize = 16;

/// Keywords that hold a schema; `items` held a list of them before 2020-12.
pub(crate) const SINGLE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords that hold a list of schemas.
pub(crate) const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords that hold schemas by name.
pub(crate) const MAPS: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

fn holds_schemas(keyword: &str) -> bool {
    SINGLE.contains(&keyword) || LISTS.contains(&keyword)
}

/// Visits the schemas directly inside `schema`, each with the keyword that holds it.
pub(crate) fn inner<'a>(schema: &'a JsonObject, visit: &mut dyn FnMut(&'a str, &'a JsonObject)) {
    for (keyword, value) in schema {
        match value {
            Value::Object(named) if MAPS.contains(&keyword.as_str()) => {
                for schema in named.values().filter_map(Value::as_object) {
                    visit(keyword, schema);
                }
            }
            Value::Object(schema) if holds_schemas(keyword) => visit(keyword, schema),
            Value::Array(list) if holds_schemas(keyword) => {
                for schema in list.iter().filter_map(Value::as_object) {
                    visit(keyword, schema);
                }
            }
            _ => {}
        }
    }
}

/// Visits the schemas directly inside `schema` to change them.
pub(crate) fn inner_mut(schema: &mut JsonObject, visit: &mut dyn FnMut(&str, &mut JsonObject)) {
    for (keyword, value) in schema {
        match value {
            Value::Object(named) if MAPS.contains(&keyword.as_str()) => {
                for schema in named.values_mut().filter_map(Value::as_object_mut) {
                    visit(keyword, schema);
                }
            }
            Value::Object(schema) if holds_schemas(keyword) => visit(keyword, schema),
            Value::Array(list) if holds_schemas(keyword) => {
                for schema in list.iter_mut().filter_map(Value::as_object_mut) {
                    visit(keyword, schema);
                }
            }
            _ => {}
        }
    }
}

/// What `schema` means: references within `root` followed, and of `T or null` the `T`.
pub(crate) fn meant<'a>(mut schema: &'a JsonObject, root: &'a JsonObject) -> &'a JsonObject {
    for _ in 0..HOPS_MAX {
        let next = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => referred(reference, root),
            None => only_alternative(schema),
        };
        match next {
            Some(next) => schema = next,
            None => return schema,
        }
    }
    schema
}

/// What a reference within the document, `#/$defs/…`, points at.
fn referred<'a>(reference: &str, root: &'a JsonObject) -> Option<&'a JsonObject> {
    let pointer = percent_decode_str(reference.strip_prefix('#')?)
        .decode_utf8()
        .ok()?;
    at(root, &pointer)?.as_object()
}

/// The value at a JSON pointer; of the empty pointer, which means the whole, there is none.
pub(crate) fn at<'a>(root: &'a JsonObject, pointer: &str) -> Option<&'a Value> {
    let pointer = pointer.strip_prefix('/')?;
    let (first, rest) = pointer
        .find('/')
        .map_or((pointer, ""), |slash| pointer.split_at(slash));
    root.get(&unescaped(first))?.pointer(rest)
}

/// One part of a JSON pointer as the name it stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// A name as one part of a JSON pointer.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn only_alternative(schema: &JsonObject) -> Option<&JsonObject> {
    if schema.contains_key("type") || schema.contains_key("properties") {
        return None;
    }
    let alternatives = alternatives(schema)?;
    let mut others = alternatives.iter().filter(|alternative| !is_null(alternative));
    match (others.next(), others.next()) {
        (Some(Value::Object(only)), None) if alternatives.len() > 1 => Some(only),
        _ => None,
    }
}

/// The alternatives of `oneOf` or `anyOf`.
pub(crate) fn alternatives(schema: &JsonObject) -> Option<&Vec<Value>> {
    let listed = schema.get("oneOf").or_else(|| schema.get("anyOf"));
    listed.and_then(Value::as_array)
}

/// Whether a schema allows `null` and nothing else.
pub(crate) fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// The types a schema names, in its order; none if it names none.
pub(crate) fn types(schema: &JsonObject) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The alternative a value must have meant: the only one whose type and constants it has, or of several such the
/// only one whose required properties it has.
pub(crate) fn intended(value: &Value, alternatives: &[Value], root: &JsonObject) -> Option<usize> {
    let candidates: Vec<(usize, &JsonObject)> = alternatives
        .iter()
        .enumerate()
        .filter_map(|(index, alternative)| Some((index, meant(alternative.as_object()?, root))))
        .filter(|(_, alternative)| could_be(value, alternative))
        .collect();
    if let [(only, _)] = candidates[..] {
        return Some(only);
    }
    let mut complete = candidates
        .iter()
        .filter(|(_, alternative)| has_required(value, alternative));
    match (complete.next(), complete.next()) {
        (Some((only, _)), None) => Some(*only),
        _ => None,
    }
}

/// The property every alternative has with another constant, and these constants: the tag of an enum.
pub(crate) fn tags<'a>(alternatives: &'a [Value], root: &'a JsonObject) -> Option<(&'a str, Vec<&'a Value>)> {
    let properties: Vec<&JsonObject> = alternatives
        .iter()
        .map(|alternative| {
            meant(alternative.as_object()?, root)
                .get("properties")?
                .as_object()
        })
        .collect::<Option<_>>()?;
    properties.first()?.keys().find_map(|name| {
        let tags = properties.iter().map(|all| all.get(name)?.get("const"));
        Some((name.as_str(), tags.collect::<Option<Vec<_>>>()?))
    })
}

fn could_be(value: &Value, schema: &JsonObject) -> bool {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = types(schema);
    let fits = |named: &&str| *named == kind || (*named == "integer" && kind == "number");
    if !types.is_empty() && !types.iter().any(fits) {
        return false;
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return false;
    }
    let (Value::Object(fields), Some(Value::Object(properties))) = (value, schema.get("properties")) else {
        return true;
    };
    properties.iter().all(|(name, property)| {
        match (property.get("const"), fields.get(name)) {
            // A tag that is not there tells nothing.
            (Some(tag), Some(sent)) => tag == sent,
            _ => true,
        }
    })
}

fn has_required(value: &Value, schema: &JsonObject) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .all(|name| value.get(name).is_some())
}
