//! Whether a schema can be used: found out once, when the server is built.
//!
//! The dialect is JSON Schema 2020-12 unless `$schema` names 2019-09, draft 7, 6 or 4. Only references within the
//! document are followed. Patterns are matched in linear time. Formats are enforced where they are known.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::walk;
use crate::protocol::JsonObject;

/// How deep schemas may be nested in each other: deeper than any that people write.
const DEPTH_MAX: usize = 64;
/// How many schemas one may hold: validating takes time with each of them.
const SCHEMAS_MAX: usize = 10_000;
/// How large a compiled pattern may be.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// Compiles a schema, or says why it cannot be used.
pub(crate) fn compiled(schema: &JsonObject) -> Result<Validator, String> {
    let mut schemas = 0;
    if too_large(schema, 1, &mut schemas) {
        return Err(format!(
            "its schema is nested more than {DEPTH_MAX} deep or holds more than {SCHEMAS_MAX} schemas; simplify it"
        ));
    }
    let patterns = PatternOptions::regex()
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_BYTES_MAX);
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .with_format("regex", is_pattern)
        .with_pattern_options(patterns)
        .build(&Value::Object(schema.clone()))
        .map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() {
                String::new()
            } else {
                format!(" at {place}")
            };
            format!(
                "its schema is not valid JSON Schema{place}: {error}{}",
                advice(schema, &error)
            )
        })
}

/// Compiles the schema of a call's arguments, which is that of an object.
pub(crate) fn compiled_object(schema: &JsonObject) -> Result<Validator, String> {
    if walk::types(schema) != ["object"] {
        return Err("its schema must say `\"type\": \"object\"`: arguments come by name".into());
    }
    compiled(schema)
}

fn too_large(schema: &JsonObject, depth: usize, schemas: &mut usize) -> bool {
    *schemas += 1;
    let mut too_large = depth > DEPTH_MAX || *schemas > SCHEMAS_MAX;
    if !too_large {
        walk::inner(schema, &mut |_, inner| {
            too_large = too_large || self::too_large(inner, depth + 1, schemas);
        });
    }
    too_large
}

fn advice(schema: &JsonObject, error: &jsonschema::ValidationError<'_>) -> &'static str {
    let text = error.to_string();
    if error.instance_path().to_string().ends_with("/type") {
        return "; types are string, number, integer, boolean, array, object and null";
    }
    if text.contains("not a \"regex\"") {
        return "; patterns are matched in linear time, which rules out look-around and back-references";
    }
    if text.contains("Retrieval is disabled") {
        return "; write it into `$defs` and refer to `#/$defs/…`";
    }
    if text.contains("Unknown meta-schema") || schema.get("$schema").is_some_and(|uri| !uri.is_string()) {
        return "; leave `$schema` out to mean JSON Schema 2020-12";
    }
    ""
}

/// `format: "regex"`, as strict about size as patterns of the schema itself.
fn is_pattern(text: &str) -> bool {
    regex::RegexBuilder::new(text)
        .size_limit(PATTERN_BYTES_MAX)
        .build()
        .is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(schema: Value) -> String {
        let schema = schema.as_object().cloned().expect("an object");
        compiled_object(&schema).err().unwrap_or_default()
    }

    #[test]
    fn schemas_that_cannot_be_used_are_refused_with_the_reason() {
        let mut deep = json!({"type": "object"});
        for _ in 0..DEPTH_MAX {
            deep = json!({"type": "object", "properties": {"a": deep}});
        }
        let wide: JsonObject = (0..SCHEMAS_MAX).map(|n| (n.to_string(), json!({}))).collect();
        for (schema, expected) in [
            (json!({}), "must say `\"type\": \"object\"`"),
            (json!({"type": "array"}), "must say `\"type\": \"object\"`"),
            (
                json!({"type": ["object", "null"]}),
                "must say `\"type\": \"object\"`",
            ),
            (
                json!({"type": "object", "properties": {"a": {"type": "strin"}}}),
                "at /properties/a/type",
            ),
            (
                json!({"type": "object", "properties": {"a": {"minLength": -1}}}),
                "at /properties/a/minLength",
            ),
            (
                json!({"type": "object", "properties": {"a": {"pattern": "(?=a)b"}}}),
                "rules out look-around",
            ),
            (
                json!({"type": "object", "properties": {"a": {"pattern": "("}}}),
                "at /properties/a/pattern",
            ),
            (
                json!({"type": "object", "properties": {"a": {"pattern": "(a{1000}){1000}"}}}),
                "at /properties/a/pattern",
            ),
            (
                json!({"type": "object", "$ref": "https://example.com/s"}),
                "refer to `#/$defs/…`",
            ),
            (
                json!({"type": "object", "$ref": "file:///etc/passwd"}),
                "refer to `#/$defs/…`",
            ),
            (
                json!({"type": "object", "$ref": "#/$defs/none"}),
                "'/$defs/none' does not exist",
            ),
            (
                json!({"type": "object", "$schema": "https://example.com/"}),
                "leave `$schema` out",
            ),
            (json!({"type": "object", "properties": [1]}), "at /properties"),
            (deep, "nested more than 64 deep"),
            (
                json!({"type": "object", "properties": wide}),
                "more than 10000 schemas",
            ),
        ] {
            let problem = problem(schema.clone());
            assert!(problem.contains(expected), "{schema}: {problem}");
        }
    }

    #[test]
    fn usable_schemas_are_used() {
        for schema in [
            json!({"type": "object"}),
            json!({"type": "object", "$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}}),
            json!({"type": "object", "properties": {"self": {"$ref": "#"}}}),
            // References in a circle decide nothing, and nothing follows them for ever.
            json!({"type": "object", "allOf": [{"$ref": "#"}]}),
        ] {
            assert_eq!(problem(schema.clone()), "", "{schema}");
        }
        let looped = json!({"type": "object", "allOf": [{"$ref": "#"}]});
        let looped = compiled(looped.as_object().expect("an object")).expect("it compiles");
        assert!(looped.is_valid(&json!({})) && !looped.is_valid(&json!(1)));
    }
}
