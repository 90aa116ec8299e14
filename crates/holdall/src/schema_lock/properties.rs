//! The judgements against an oracle: a validator that is asked about values.
//!
//! A schema is made by chance, and another from it. If the way from the one to the other is called compatible, every
//! value made by chance that fits the one must fit the other; and what was made wider must not be called breaking.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::change::{Change, ChangeKind, Severity};
use super::schemas::{self, Direction};

/// Decisions, made in advance so that a failure can be made smaller.
struct Chance {
    numbers: Vec<u32>,
    next: usize,
}

impl Chance {
    fn new(numbers: Vec<u32>) -> Self {
        Self { numbers, next: 0 }
    }

    /// One of `count`.
    fn below(&mut self, count: usize) -> usize {
        let number = self.numbers.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        number as usize % count
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const TEXTS: [&str; 8] = ["", "a", "ab", "abc", "b", "x1", "é", "1"];
const PATTERNS: [&str; 4] = ["^a", "b$", "^[a-z]*$", "1"];

/// A schema.
fn schema(chance: &mut Chance, depth: usize) -> Value {
    let kinds = if depth == 0 { 7 } else { 14 };
    match chance.below(kinds) {
        0 => json!({ "type": "boolean" }),
        1 => json!({ "type": "null" }),
        2 => {
            let count = 1 + chance.below(4);
            let values: Vec<Value> = (0..count).map(|_| scalar(chance)).collect();
            json!({ "enum": distinct(values) })
        }
        3 => json!({ "const": scalar(chance) }),
        4 => numbers(chance),
        5 => texts(chance),
        6 => json!({ "type": *chance.of(&[["string", "null"], ["integer", "null"], ["boolean", "string"]]) }),
        7 => {
            let mut list = json!({ "type": "array", "items": schema(chance, depth - 1) });
            limits(chance, &mut list, &["minItems", "maxItems"]);
            list
        }
        8 => {
            let mut alternatives = vec![schema(chance, depth - 1), schema(chance, depth - 1)];
            if chance.yes() {
                alternatives.push(json!({ "type": "null" }));
            }
            json!({ "anyOf": alternatives })
        }
        9 => {
            let mut parts = vec![object(chance, depth - 1), object(chance, depth - 1)];
            // Closed parts would exclude each other's names.
            parts
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(|part| {
                    part.remove("additionalProperties");
                });
            json!({ "type": "object", "allOf": parts })
        }
        10 => {
            let prefix = [schema(chance, 0), schema(chance, 0)];
            json!({ "type": "array", "prefixItems": prefix, "items": schema(chance, 0), "maxItems": 1 + chance.below(4) })
        }
        11 => json!({ "oneOf": [texts(chance), numbers(chance), object(chance, depth - 1)] }),
        _ => object(chance, depth - 1),
    }
}

fn numbers(chance: &mut Chance) -> Value {
    let mut schema = json!({ "type": *chance.of(&["integer", "number"]) });
    limits(
        chance,
        &mut schema,
        &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
    );
    if chance.below(4) == 0 {
        schema["multipleOf"] = json!(1 + chance.below(4));
    }
    schema
}

fn texts(chance: &mut Chance) -> Value {
    let mut schema = json!({ "type": "string" });
    limits(chance, &mut schema, &["minLength", "maxLength"]);
    if chance.below(3) == 0 {
        schema["pattern"] = json!(chance.of(&PATTERNS));
    }
    schema
}

fn limits(chance: &mut Chance, schema: &mut Value, keywords: &[&str]) {
    for keyword in keywords {
        if chance.below(3) == 0 {
            schema[*keyword] = json!(chance.below(5));
        }
    }
}

fn object(chance: &mut Chance, depth: usize) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in NAMES {
        if chance.yes() {
            properties.insert(name.into(), schema(chance, depth));
            if chance.yes() {
                required.push(name);
            }
        }
    }
    let mut object = json!({ "type": "object", "properties": properties, "required": required });
    match chance.below(5) {
        0 => {}
        1 => object["additionalProperties"] = json!(true),
        2 => object["additionalProperties"] = schema(chance, 0),
        _ => object["additionalProperties"] = json!(false),
    }
    if chance.below(6) == 0 {
        object["patternProperties"] = json!({ "^x": schema(chance, 0) });
    }
    object
}

fn scalar(chance: &mut Chance) -> Value {
    match chance.below(5) {
        0 => Value::Null,
        1 => json!(chance.yes()),
        2 => json!(chance.below(6)),
        3 => json!(chance.below(12) as f64 / 2.0),
        _ => json!(chance.of(&TEXTS)),
    }
}

fn distinct(values: Vec<Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// A value that tries to fit. Names nobody declares are used only where something is said about them: clients do not
/// send what they have not heard of.
fn value(chance: &mut Chance, schema: &Value) -> Value {
    if let Some(Value::Array(values)) = schema.get("enum") {
        return chance.of(values).clone();
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(alternatives)) = schema.get(key) {
            let alternative = chance.of(alternatives);
            return value(chance, alternative);
        }
    }
    if let Some(Value::Array(parts)) = schema.get("allOf") {
        let mut object = Map::new();
        for part in parts {
            if let Value::Object(some) = value(chance, part) {
                object.extend(some);
            }
        }
        return Value::Object(object);
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => chance.of(kinds).as_str().unwrap_or_default().to_owned(),
        _ => return scalar(chance),
    };
    match kind.as_str() {
        "null" => Value::Null,
        "boolean" => json!(chance.yes()),
        "integer" => json!(chance.below(8)),
        "number" => json!(chance.below(16) as f64 / 2.0),
        "string" => json!(chance.of(&TEXTS)),
        "array" => (0..chance.below(4))
            .map(|index| match schema["prefixItems"].get(index) {
                Some(item) => value(chance, item),
                None => value(chance, &schema["items"]),
            })
            .collect(),
        _ => {
            let mut object = Map::new();
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                if required.contains(&json!(name)) || chance.yes() {
                    object.insert(name.clone(), value(chance, schema));
                }
            }
            for name in ["d", "more"] {
                match schema.get("additionalProperties") {
                    Some(further) if further != false && !object.contains_key(name) && chance.yes() => {
                        object.insert(name.into(), value(chance, further));
                    }
                    _ => {}
                }
            }
            if let Some(matching) = schema["patternProperties"].get("^x")
                && chance.yes()
            {
                object.insert("x9".into(), value(chance, matching));
            }
            Value::Object(object)
        }
    }
}

/// Makes a schema a little wider, somewhere. Alternatives that must exclude each other are left alone.
fn widen(chance: &mut Chance, schema: &mut Value) {
    let deeper = chance.below(3) > 0;
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if deeper && let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
        let index = chance.below(alternatives.len());
        return widen(chance, &mut alternatives[index]);
    }
    if deeper && let Some(items) = object.get_mut("items") {
        return widen(chance, items);
    }
    if deeper
        && let Some(Value::Object(properties)) = object.get_mut("properties")
        && !properties.is_empty()
    {
        let index = chance.below(properties.len());
        let property = properties.values_mut().nth(index).expect("it is within");
        return widen(chance, property);
    }
    widen_here(chance, schema);
}

fn widen_here(chance: &mut Chance, schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    match chance.below(10) {
        0 => drop(object.remove("required")),
        1 => {
            // A name nobody has heard of. Where all further names are said to be of some kind, it is not simply more.
            let said = object
                .get("additionalProperties")
                .is_some_and(|further| further != false);
            if let Some(Value::Object(properties)) = object.get_mut("properties")
                && !said
                && !properties.contains_key("new")
            {
                properties.insert("new".into(), self::schema(chance, 0));
            }
        }
        2 => {
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                values.push(json!("quite new"));
            }
        }
        3 => {
            let drops = [
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
            ];
            drop(object.remove(*chance.of(&drops)));
        }
        4 => {
            let drops = ["minLength", "maxLength", "pattern", "minItems", "maxItems"];
            drop(object.remove(*chance.of(&drops)));
        }
        5 => {
            for (keyword, step) in [
                ("minimum", -1),
                ("maximum", 1),
                ("exclusiveMinimum", -1),
                ("exclusiveMaximum", 1),
            ] {
                if let Some(limit) = object.get(keyword).and_then(Value::as_i64) {
                    object.insert(keyword.into(), json!(limit + step));
                }
            }
        }
        6 => {
            if object.get("type") == Some(&json!("integer")) && !object.contains_key("multipleOf") {
                object.insert("type".into(), json!("number"));
            }
        }
        7 => {
            if object.get("additionalProperties") == Some(&json!(false))
                && !object.contains_key("patternProperties")
            {
                object.remove("additionalProperties");
            }
        }
        8 => *schema = json!({ "anyOf": [schema.clone(), { "type": "null" }] }),
        _ => *schema = json!({ "description": "anything" }),
    }
}

/// Changes a schema somewhere, whichever way.
fn change(chance: &mut Chance, schema: &mut Value) {
    match chance.below(4) {
        0 => *schema = self::schema(chance, 1),
        1 => {
            let narrow = schema.clone();
            widen(chance, schema);
            // The way back.
            if chance.yes() {
                *schema = narrow;
            }
        }
        _ => {
            if let Some(Value::Object(properties)) = schema.get_mut("properties")
                && !properties.is_empty()
            {
                let index = chance.below(properties.len());
                let name = properties.keys().nth(index).expect("it is within").clone();
                match chance.below(3) {
                    0 => drop(properties.remove(&name)),
                    1 => schema["required"] = json!([name]),
                    _ => change(chance, &mut properties[&name]),
                }
            } else if let Some(items) = schema.get_mut("items") {
                change(chance, items);
            } else {
                limits(chance, schema, &["minimum", "maximum", "minLength", "maxItems"]);
            }
        }
    }
}

fn worst(changes: &[Change]) -> Option<Severity> {
    changes.iter().map(|change| change.severity).max()
}

fn fits(value: &Value, schema: &Value) -> bool {
    jsonschema::draft202012::new(schema)
        .expect("the schema is valid")
        .is_valid(value)
}

/// The same schema, written with references: a property, an item or an alternative is defined elsewhere.
fn with_references(schema: &Value) -> Value {
    fn take(schema: &mut Value, definitions: &mut Map<String, Value>) {
        let parts: Vec<&mut Value> = match schema {
            Value::Object(object) => object
                .iter_mut()
                .filter(|(key, _)| matches!(key.as_str(), "properties" | "items" | "anyOf" | "allOf"))
                .flat_map(|(key, value)| match (key.as_str(), value) {
                    ("properties", Value::Object(properties)) => properties.values_mut().collect(),
                    ("items", items) => vec![items],
                    (_, Value::Array(list)) => list.iter_mut().collect(),
                    _ => Vec::new(),
                })
                .collect(),
            _ => return,
        };
        for part in parts {
            take(part, definitions);
            let name = format!("d{}", definitions.len());
            let reference = json!({ "$ref": format!("#/$defs/{name}") });
            definitions.insert(name, std::mem::replace(part, reference));
        }
    }
    let mut root = schema.clone();
    let mut definitions = Map::new();
    take(&mut root, &mut definitions);
    if let Some(root) = root.as_object_mut()
        && !definitions.is_empty()
    {
        root.insert("$defs".into(), Value::Object(definitions));
    }
    root
}

/// The same schema, as it is read by those who do not mind new fields.
fn open_minded(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let kept = object
                .iter()
                .filter(|(key, value)| *key != "additionalProperties" || *value != false);
            kept.map(|(key, value)| (key.clone(), open_minded(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(open_minded).collect(),
        other => other.clone(),
    }
}

fn chance() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 40..160)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_on_the_way_to_itself(numbers in chance()) {
        let schema = schema(&mut Chance::new(numbers), 2);
        for direction in [Direction::Input, Direction::Output] {
            prop_assert_eq!(schemas::changes(direction, &schema, &schema, ""), vec![]);
            let mut reworded = schema.clone();
            if let Some(object) = reworded.as_object_mut() {
                object.insert("description".into(), "other words".into());
            }
            let changes = schemas::changes(direction, &schema, &reworded, "");
            prop_assert_eq!(worst(&changes), Some(Severity::Cosmetic));
        }
    }

    #[test]
    fn references_change_nothing(numbers in chance()) {
        let schema = schema(&mut Chance::new(numbers), 2);
        let referring = with_references(&schema);
        for direction in [Direction::Input, Direction::Output] {
            for (before, after) in [(&schema, &referring), (&referring, &schema)] {
                let changes = schemas::changes(direction, before, after, "");
                prop_assert!(worst(&changes) <= Some(Severity::Cosmetic), "{:?}\n{}\n{}", changes, before, after);
            }
        }
    }

    #[test]
    fn judgements_do_not_depend_on_references(numbers in chance()) {
        let mut chance = Chance::new(numbers);
        let before = schema(&mut chance, 2);
        let mut after = before.clone();
        change(&mut chance, &mut after);
        let plain = worst(&schemas::changes(Direction::Input, &before, &after, ""));
        let (before, after) = (with_references(&before), with_references(&after));
        let referring = worst(&schemas::changes(Direction::Input, &before, &after, ""));
        let breaks = |worst: Option<Severity>| worst == Some(Severity::Breaking);
        prop_assert_eq!(breaks(plain), breaks(referring), "{}\n{}", before, after);
    }

    #[test]
    fn what_becomes_wider_does_not_break_those_who_send_it(numbers in chance()) {
        let mut chance = Chance::new(numbers);
        let narrow = schema(&mut chance, 2);
        let mut wide = narrow.clone();
        for _ in 0..=chance.below(3) {
            widen(&mut chance, &mut wide);
        }
        let changes = schemas::changes(Direction::Input, &narrow, &wide, "");
        // A schema that is replaced by one that says nothing has lost its names.
        let broken = changes.iter().find(|change| {
            change.severity == Severity::Breaking && change.kind != ChangeKind::Removed
        });
        prop_assert_eq!(broken, None, "{} {}", narrow, wide);
    }

    #[test]
    fn what_is_called_compatible_accepts_all_it_did(numbers in chance(), values in prop::collection::vec(chance(), 30)) {
        let mut chance = Chance::new(numbers);
        let before = schema(&mut chance, 2);
        let mut after = before.clone();
        for _ in 0..=chance.below(2) {
            change(&mut chance, &mut after);
        }
        let changes = schemas::changes(Direction::Input, &before, &after, "");
        if worst(&changes) < Some(Severity::Breaking) {
            for numbers in values {
                let value = value(&mut Chance::new(numbers), &before);
                prop_assert!(!fits(&value, &before) || fits(&value, &after), "{} was accepted\n{}\n{}", value, before, after);
            }
        }
    }

    #[test]
    fn what_is_called_compatible_gives_nothing_that_never_came(numbers in chance(), values in prop::collection::vec(chance(), 30)) {
        let mut chance = Chance::new(numbers);
        let before = schema(&mut chance, 2);
        let mut after = before.clone();
        for _ in 0..=chance.below(2) {
            change(&mut chance, &mut after);
        }
        let changes = schemas::changes(Direction::Output, &before, &after, "");
        if worst(&changes) < Some(Severity::Breaking) {
            let reader = open_minded(&before);
            for numbers in values {
                let value = value(&mut Chance::new(numbers), &after);
                prop_assert!(!fits(&value, &after) || fits(&value, &reader), "{} comes\n{}\n{}", value, before, after);
            }
        }
    }

    #[test]
    fn two_schemas_that_have_nothing_to_do_with_each_other(numbers in chance(), values in prop::collection::vec(chance(), 30)) {
        let mut chance = Chance::new(numbers);
        let (before, after) = (schema(&mut chance, 1), schema(&mut chance, 1));
        let changes = schemas::changes(Direction::Input, &before, &after, "");
        if worst(&changes) < Some(Severity::Breaking) {
            for numbers in values {
                let value = value(&mut Chance::new(numbers), &before);
                prop_assert!(!fits(&value, &before) || fits(&value, &after), "{} was accepted\n{}\n{}", value, before, after);
            }
        }
    }
}
