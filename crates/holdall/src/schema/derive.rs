//! The JSON Schema 2020-12 of a Rust type: inlined, because several hosts cannot follow references, without the
//! type names and number formats that cost tokens and that some hosts refuse, and saying what serde will accept.

use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Value, json};

use super::walk;
use crate::protocol::JsonObject;

/// Keywords whose schemas apply to the very value their holder applies to.
const IN_PLACE: &[&str] = &[
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
];

/// The schema of what is read into `T`.
///
/// Objects with named fields are closed, so that a misspelt field is noticed at any depth. Optional fields lose
/// `null`: it is taken for «left out» wherever something may be left out.
pub(crate) fn of_input<T: JsonSchema + ?Sized>() -> JsonObject {
    let mut schema = derived::<T>(Contract::Deserialize);
    tidy(&mut schema, true);
    schema
}

/// The schema of a form that is read into `T`: as serde reads it, open to fields nobody asked for.
pub(crate) fn of_form<T: JsonSchema + ?Sized>() -> JsonObject {
    let mut schema = derived::<T>(Contract::Deserialize);
    drop_number_formats(&mut schema);
    schema
}

/// The schema of what `T` is written as.
pub(crate) fn of_output<T: JsonSchema + ?Sized>() -> JsonObject {
    let mut schema = derived::<T>(Contract::Serialize);
    drop_number_formats(&mut schema);
    schema
}

fn derived<T: JsonSchema + ?Sized>(contract: Contract) -> JsonObject {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        settings.contract = contract;
    });
    let mut generator = settings.into_generator();
    // Not as a root schema: recursive types would refer to it as `#`, which means another thing where it is used.
    let mut schema = std::mem::take(generator.subschema_for::<T>().ensure_object());
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".into(), Value::Object(definitions));
    }
    schema
}

/// `alone`: no other schema looks at the same value.
fn tidy(schema: &mut JsonObject, alone: bool) {
    bound_numbers(schema);
    gather_constants(schema);
    drop_optional_nulls(schema);
    let in_place = IN_PLACE
        .iter()
        .filter(|keyword| schema.contains_key(**keyword))
        .count();
    let has_fields = schema.contains_key("properties");
    walk::inner_mut(schema, &mut |keyword, inner| {
        let alone = match keyword {
            "oneOf" | "anyOf" => alone && !has_fields && in_place == 1,
            keyword => !IN_PLACE.contains(&keyword),
        };
        tidy(inner, alone);
    });
    let open = [
        "additionalProperties",
        "unevaluatedProperties",
        "patternProperties",
    ];
    if has_fields && alone && in_place == 0 && !open.iter().any(|keyword| schema.contains_key(*keyword)) {
        schema.insert("additionalProperties".into(), false.into());
    }
}

fn is_numeric(schema: &JsonObject) -> bool {
    let types = walk::types(schema);
    types.contains(&"integer") || types.contains(&"number")
}

/// The width of an integer as bounds, which every validator knows, instead of as a format, which few do. 64 bits
/// are beyond what many JSON libraries can write down.
fn bound_numbers(schema: &mut JsonObject) {
    if !is_numeric(schema) {
        return;
    }
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (Some(i64::from(i32::MIN)), Some(i64::from(i32::MAX))),
        Some("uint32") => (Some(0), Some(i64::from(u32::MAX))),
        _ => (None, None),
    };
    schema.shift_remove("format");
    for (keyword, bound) in [("minimum", least), ("maximum", most)] {
        if let Some(bound) = bound
            && !schema.contains_key(keyword)
        {
            schema.insert(keyword.into(), bound.into());
        }
    }
}

fn drop_number_formats(schema: &mut JsonObject) {
    if is_numeric(schema) {
        schema.shift_remove("format");
    }
    walk::inner_mut(schema, &mut |_, inner| drop_number_formats(inner));
}

/// An enum without data becomes one `string` with its values, as `enum`, or as `oneOf` where variants are documented.
fn gather_constants(schema: &mut JsonObject) {
    let Some(values) = schema
        .get("oneOf")
        .and_then(Value::as_array)
        .and_then(|list| constants(list))
    else {
        return;
    };
    let documented = values.iter().any(|value| value.len() > 1);
    let (keyword, values): (_, Value) = if documented {
        ("oneOf", values.into_iter().collect())
    } else {
        let plain = values.into_iter().filter_map(|mut value| value.remove("const"));
        ("enum", plain.collect())
    };
    let old = std::mem::take(schema);
    for (name, value) in old {
        if name == "oneOf" {
            schema.insert("type".into(), "string".into());
            schema.insert(keyword.into(), values.clone());
        } else {
            schema.insert(name, value);
        }
    }
}

/// Every alternative as `{const, title?, description?}`, if that is all they say.
fn constants(alternatives: &[Value]) -> Option<Vec<JsonObject>> {
    let mut values = Vec::new();
    for alternative in alternatives {
        let mut alternative = alternative.as_object()?.clone();
        if alternative.shift_remove("type")? != "string" {
            return None;
        }
        match alternative.shift_remove("enum") {
            Some(Value::Array(several)) if alternative.is_empty() => {
                values.extend(
                    several
                        .into_iter()
                        .map(|value| JsonObject::from_iter([("const".to_owned(), value)])),
                );
            }
            Some(_) => return None,
            None => {
                let only = alternative.shift_remove("const")?;
                if alternative
                    .keys()
                    .any(|keyword| keyword != "title" && keyword != "description")
                {
                    return None;
                }
                let mut value = JsonObject::from_iter([("const".to_owned(), only)]);
                value.extend(alternative);
                values.push(value);
            }
        }
    }
    Some(values)
}

fn drop_optional_nulls(schema: &mut JsonObject) {
    let required: Vec<Value> = match schema.get("required") {
        Some(Value::Array(names)) => names.clone(),
        _ => Vec::new(),
    };
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for (name, property) in properties {
        if let Value::Object(property) = property
            && !required.iter().any(|required| required == name)
        {
            without_null(property);
        }
    }
}

/// Takes `null` out of what a schema allows, unless it allows nothing else.
pub(crate) fn without_null(schema: &mut JsonObject) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|named| named != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && values.len() > 1
    {
        values.retain(|value| !value.is_null());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.shift_remove("default");
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = schema.get_mut(keyword) else {
            continue;
        };
        if alternatives.len() < 2 {
            continue;
        }
        alternatives.retain(|alternative| !walk::is_null(alternative));
        if let [Value::Object(only)] = &alternatives[..] {
            let only = only.clone();
            schema.shift_remove(keyword);
            for (name, value) in only {
                schema.entry(name).or_insert(value);
            }
        }
    }
}

/// `T or null`.
pub(crate) fn or_null(mut schema: JsonObject) -> JsonObject {
    let definitions = schema.shift_remove("$defs");
    let mut nullable = JsonObject::from_iter([("anyOf".to_owned(), json!([schema, {"type": "null"}]))]);
    nullable.extend(definitions.map(|definitions| ("$defs".to_owned(), definitions)));
    nullable
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Tree {
        name: String,
        children: Vec<Tree>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    enum Order {
        /// Newest first.
        Newest,
        Oldest,
    }

    #[derive(Deserialize, JsonSchema)]
    enum Plain {
        A,
        B,
    }

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    #[serde(tag = "kind")]
    enum Shape {
        Circle { radius: f64 },
        Square { side: Option<i32>, order: Option<Order> },
    }

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Open {
        a: u8,
        #[serde(flatten)]
        rest: HashMap<String, u8>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Composed {
        a: u8,
        #[serde(flatten)]
        shape: Shape,
    }

    fn input<T: JsonSchema>() -> Value {
        Value::Object(of_input::<T>())
    }

    #[test]
    fn enums_without_data_are_one_string() {
        assert_eq!(
            input::<Order>(),
            json!({"type": "string", "oneOf": [{"const": "Oldest"}, {"const": "Newest", "description": "Newest first."}]})
        );
        assert_eq!(input::<Plain>(), json!({"type": "string", "enum": ["A", "B"]}));
    }

    #[test]
    fn integers_have_the_bounds_of_their_width_and_no_formats() {
        assert_eq!(
            input::<i32>(),
            json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX})
        );
        assert_eq!(input::<u64>(), json!({"type": "integer", "minimum": 0}));
        assert_eq!(input::<f32>(), json!({"type": "number"}));
    }

    #[test]
    fn objects_with_fields_are_closed_and_their_optional_fields_have_no_null() {
        assert_eq!(
            input::<Shape>(),
            json!({"oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"type": "string", "const": "Circle"}, "radius": {"type": "number"}},
                    "required": ["kind", "radius"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "kind": {"type": "string", "const": "Square"},
                        "side": {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX},
                        "order": {"type": "string", "oneOf": [
                            {"const": "Oldest"},
                            {"const": "Newest", "description": "Newest first."}
                        ]}
                    },
                    "required": ["kind"],
                    "additionalProperties": false
                }
            ]})
        );
    }

    #[test]
    fn what_takes_further_fields_stays_open() {
        assert_eq!(
            input::<Open>()["additionalProperties"],
            json!({"type": "integer", "minimum": 0, "maximum": 255})
        );
        let composed = input::<Composed>();
        assert!(
            !composed.to_string().contains("additionalProperties"),
            "{composed}"
        );
        assert_eq!(
            input::<HashMap<String, u8>>(),
            json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 255}})
        );
    }

    #[test]
    fn recursive_types_refer_to_definitions_of_their_own() {
        let tree = input::<Tree>();
        assert_eq!(
            tree["properties"]["children"]["items"],
            json!({"$ref": "#/$defs/Tree"})
        );
        assert_eq!(tree["$defs"]["Tree"]["additionalProperties"], json!(false));
    }
}
