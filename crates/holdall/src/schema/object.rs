//! The schemas of several arguments as the schema of one object.

use serde_json::Value;

use super::walk;
use crate::argument::Argument;
use crate::protocol::JsonObject;

/// The schema of an object with these arguments: what `tools/list` shows as `inputSchema`.
pub(crate) fn object_of(arguments: &[Argument]) -> JsonObject {
    let mut properties = JsonObject::new();
    let mut required = Vec::new();
    let mut definitions = JsonObject::new();
    for argument in arguments {
        let mut schema = argument.schema().clone();
        let place = format!("#/properties/{}", walk::escaped(argument.name()));
        let renamed = move_definitions(&mut schema, &mut definitions);
        redirect(&mut schema, &place, &renamed);
        for (_, name) in &renamed {
            if let Some(Value::Object(definition)) = definitions.get_mut(name) {
                redirect(definition, &place, &renamed);
            }
        }
        properties.insert(argument.name().to_owned(), Value::Object(schema));
        if argument.is_required() {
            required.push(Value::from(argument.name()));
        }
    }
    let mut root = JsonObject::new();
    root.insert("type".into(), "object".into());
    root.insert("properties".into(), properties.into());
    if !required.is_empty() {
        root.insert("required".into(), required.into());
    }
    root.insert("additionalProperties".into(), false.into());
    if !definitions.is_empty() {
        root.insert("$defs".into(), definitions.into());
    }
    root
}

/// An object with this schema as its only field, `result`: what older protocol revisions want of a result.
pub(crate) fn wrapped(mut schema: JsonObject) -> JsonObject {
    let mut definitions = JsonObject::new();
    let dialect = schema.shift_remove("$schema");
    let renamed = move_definitions(&mut schema, &mut definitions);
    redirect(&mut schema, "#/properties/result", &renamed);
    for definition in definitions.values_mut().filter_map(Value::as_object_mut) {
        redirect(definition, "#/properties/result", &renamed);
    }
    let mut root = JsonObject::new();
    root.extend(dialect.map(|dialect| ("$schema".to_owned(), dialect)));
    root.insert("type".into(), "object".into());
    root.insert(
        "properties".into(),
        Value::Object(JsonObject::from_iter([(
            "result".to_owned(),
            Value::Object(schema),
        )])),
    );
    root.insert("required".into(), Value::from(vec!["result"]));
    if !definitions.is_empty() {
        root.insert("$defs".into(), definitions.into());
    }
    root
}

/// Moves the `$defs` of a schema to those of the document, under another name where one is taken by another
/// definition: old and new names.
fn move_definitions(schema: &mut JsonObject, definitions: &mut JsonObject) -> Vec<(String, String)> {
    let Some(Value::Object(own)) = schema.shift_remove("$defs") else {
        return Vec::new();
    };
    let mut renamed = Vec::new();
    for (name, definition) in own {
        let mut free = name.clone();
        let mut number = 1;
        while definitions.get(&free).is_some_and(|taken| *taken != definition) {
            number += 1;
            free = format!("{name}{number}");
        }
        renamed.push((name, free.clone()));
        definitions.insert(free, definition);
    }
    renamed
}

/// Lets references follow what was moved: the schema itself to `place`, its definitions to their new names.
fn redirect(schema: &mut JsonObject, place: &str, renamed: &[(String, String)]) {
    if let Some(Value::String(reference)) = schema.get_mut("$ref")
        && let Some(pointer) = reference.strip_prefix('#')
    {
        let definition = pointer
            .strip_prefix("/$defs/")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let moved = definition.and_then(|(name, below)| {
            let (_, new) = renamed.iter().find(|(old, _)| walk::escaped(old) == name)?;
            Some((walk::escaped(new), below))
        });
        match moved {
            Some((name, "")) => *reference = format!("#/$defs/{name}"),
            Some((name, below)) => *reference = format!("#/$defs/{name}/{below}"),
            None if definition.is_none() && (pointer.is_empty() || pointer.starts_with('/')) => {
                *reference = format!("{place}{pointer}");
            }
            None => {}
        }
    }
    walk::inner_mut(schema, &mut |_, inner| redirect(inner, place, renamed));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn argument(name: &str, schema: Value) -> Argument {
        Argument::with_schema(name, schema.as_object().cloned().expect("an object"))
    }

    #[test]
    fn references_follow_what_is_moved() {
        let list = |value: &str| {
            json!({
                "$ref": "#/$defs/Node",
                "$defs": {"Node": {"type": value, "items": {"$ref": "#/$defs/Node"}}}
            })
        };
        let object = object_of(&[
            argument("a", list("array")),
            argument("b", list("object")),
            argument("c", list("array")),
            argument("d/e", json!({"type": "array", "items": {"$ref": "#"}})),
        ]);
        assert_eq!(
            Value::Object(object),
            json!({
                "type": "object",
                "properties": {
                    "a": {"$ref": "#/$defs/Node"},
                    "b": {"$ref": "#/$defs/Node2"},
                    "c": {"$ref": "#/$defs/Node"},
                    "d/e": {"type": "array", "items": {"$ref": "#/properties/d~1e"}}
                },
                "required": ["a", "b", "c", "d/e"],
                "additionalProperties": false,
                "$defs": {
                    "Node": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                    "Node2": {"type": "object", "items": {"$ref": "#/$defs/Node2"}}
                }
            })
        );
    }

    #[test]
    fn a_wrapped_schema_means_what_it_meant() {
        let schema = json!({"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/x"}]}, "$defs": {"x": {"type": "null"}}});
        let wrapped = wrapped(schema.as_object().cloned().expect("an object"));
        let validator = jsonschema::draft202012::new(&Value::Object(wrapped)).expect("it is valid");
        assert!(validator.is_valid(&json!({"result": [null, [[null]]]})));
        assert!(!validator.is_valid(&json!({"result": [[1]]})));
    }
}
