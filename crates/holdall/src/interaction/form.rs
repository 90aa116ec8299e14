//! Forms: the flat objects a person can be asked to fill in. [`Form`] makes one from a JSON Schema and reads answers.
//!
//! The protocol allows little: texts, numbers, booleans, choices, lists of choices. What a schema says beyond that
//! (patterns, exclusive limits, other formats) is not shown to the client but checked in its answer.

use rmcp::model::ElicitationSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::contract::Contract;
use crate::protocol::JsonObject;

/// A form.
pub(crate) struct Form {
    shown: JsonObject,
    contract: Contract,
}

impl Form {
    /// The form of this schema, or everything that keeps it from being one.
    pub(crate) fn new(schema: JsonObject) -> Result<Self, Vec<String>> {
        let shown = shown(&schema)?;
        let contract = Contract::of_schema(schema).map_err(|problem| vec![problem])?;
        Ok(Self { shown, contract })
    }

    /// What the client is shown. `old` clients, before 2025-11-25, know titles of choices in another form.
    pub(crate) fn schema(&self, old: bool) -> Result<ElicitationSchema, String> {
        let mut shown = self.shown.clone();
        if old && let Some(Value::Object(fields)) = shown.get_mut("properties") {
            fields.values_mut().for_each(with_enum_names);
        }
        ElicitationSchema::from_json_schema(shown).map_err(|error| error.to_string())
    }

    /// Reads the content of an answer, or says what does not fit.
    pub(crate) fn read<T: DeserializeOwned>(&self, content: Value) -> Result<T, String> {
        let content = match content {
            Value::Object(content) => content,
            Value::Null => JsonObject::new(),
            other => {
                return Err(format!(
                    "expected an object with the fields of the form, got {other}"
                ));
            }
        };
        let content = self.contract.apply("the form", content).map_err(|error| {
            let problems: Vec<String> = error
                .argument_problems()
                .iter()
                .map(ToString::to_string)
                .collect();
            problems.join("; ")
        })?;
        serde_json::from_value(Value::Object(content)).map_err(|error| error.to_string())
    }
}

fn shown(schema: &JsonObject) -> Result<JsonObject, Vec<String>> {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(vec![
            "a form is an object with one field for each thing that is asked: use a struct".into(),
        ]);
    }
    let mut problems = Vec::new();
    let mut fields = JsonObject::new();
    for (name, field) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        match field
            .as_object()
            .ok_or("has no schema".to_owned())
            .and_then(field_shown)
        {
            Ok(field) => {
                fields.insert(name.clone(), Value::Object(field));
            }
            Err(problem) => problems.push(format!("`{name}` {problem}")),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut form = kept(schema, &["$schema", "title", "description", "required"]);
    form.insert("type".into(), "object".into());
    form.insert("properties".into(), fields.into());
    Ok(form)
}

/// One field, reduced to what the protocol allows.
fn field_shown(schema: &JsonObject) -> Result<JsonObject, String> {
    let schema = &without_null(schema);
    let mut field = kept(schema, &["title", "description", "default"]);
    // A field that may be null and is so by default is simply left out.
    field.retain(|name, value| name != "default" || !value.is_null());
    let (kind, more): (&str, JsonObject) = if let Some(choices) = choices(schema)? {
        ("string", choices.of_one(schema))
    } else {
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => ("string", text(schema)),
            Some("integer") => ("integer", number(schema, true)),
            Some("number") => ("number", number(schema, false)),
            Some("boolean") => ("boolean", JsonObject::new()),
            Some("array") => ("array", list(schema)?),
            Some("object") => {
                return Err("is an object, and a form is flat: put its fields into the form itself".into());
            }
            _ => {
                return Err("is none of text, number, boolean, choice and list of choices, which is all a form can have".into());
            }
        }
    };
    field.insert("type".into(), kind.into());
    field.extend(more);
    Ok(field)
}

fn text(schema: &JsonObject) -> JsonObject {
    let mut field = kept(schema, &["minLength", "maxLength", "format"]);
    field.retain(|name, value| {
        let known = ["email", "uri", "date", "date-time"];
        name != "format" || value.as_str().is_some_and(|format| known.contains(&format))
    });
    field
}

fn number(schema: &JsonObject, whole: bool) -> JsonObject {
    let mut field = kept(schema, &["minimum", "maximum"]);
    if whole {
        let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
        if let Some(above) = limit("exclusiveMinimum") {
            field.insert("minimum".into(), above.saturating_add(1).into());
        }
        if let Some(below) = limit("exclusiveMaximum") {
            field.insert("maximum".into(), below.saturating_sub(1).into());
        }
    }
    field
}

fn list(schema: &JsonObject) -> Result<JsonObject, String> {
    let items = schema.get("items").and_then(Value::as_object);
    let Some(choices) = items.map(choices).transpose()?.flatten() else {
        return Err(
            "is a list of something else than choices: a list in a form can only be one of enum values"
                .into(),
        );
    };
    let mut field = kept(schema, &["minItems", "maxItems"]);
    field.insert("items".into(), choices.of_many());
    Ok(field)
}

/// The values to choose from, with their titles if they have some.
struct Choices {
    values: Vec<String>,
    titles: Option<Vec<String>>,
}

impl Choices {
    fn titled(&self) -> Option<Value> {
        let titles = self.titles.as_ref()?;
        let titled = self.values.iter().zip(titles);
        Some(
            titled
                .map(|(value, title)| json!({ "const": value, "title": title }))
                .collect(),
        )
    }

    fn of_one(&self, schema: &JsonObject) -> JsonObject {
        let mut field = JsonObject::new();
        match (self.titled(), schema.get("enumNames")) {
            (Some(titled), _) => field.insert("oneOf".into(), titled),
            (None, names) => {
                if let Some(names) = names {
                    field.insert("enumNames".into(), names.clone());
                }
                field.insert("enum".into(), json!(self.values))
            }
        };
        field
    }

    fn of_many(&self) -> Value {
        match self.titled() {
            Some(titled) => json!({ "anyOf": titled }),
            None => json!({ "type": "string", "enum": self.values }),
        }
    }
}

/// Whether a schema is a choice between texts, written as `enum`, as `const`, or as alternatives of these.
fn choices(schema: &JsonObject) -> Result<Option<Choices>, String> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().map(text_choice).collect::<Result<_, _>>()?;
        return Ok(Some(Choices { values, titles: None }));
    }
    if let Some(value) = schema.get("const") {
        return Ok(Some(Choices {
            values: vec![text_choice(value)?],
            titles: None,
        }));
    }
    let Some(alternatives) = ["oneOf", "anyOf"]
        .iter()
        .find_map(|name| schema.get(*name)?.as_array())
    else {
        return Ok(None);
    };
    let (mut values, mut titles, mut titled) = (Vec::new(), Vec::new(), false);
    for alternative in alternatives {
        let Some(one) = alternative.as_object() else {
            return Ok(None);
        };
        let Some(inner) = choices(one)? else {
            return Err("has several forms, and a form in a form can only be a choice between texts".into());
        };
        let title = ["title", "description"]
            .iter()
            .find_map(|name| one.get(*name)?.as_str());
        titled |= title.is_some();
        titles.extend(inner.values.iter().map(|value| title.unwrap_or(value).to_owned()));
        values.extend(inner.values);
    }
    Ok(Some(Choices {
        values,
        titles: titled.then_some(titles),
    }))
}

fn text_choice(value: &Value) -> Result<String, String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("has the choice {value}, and choices in a form are texts"))
}

/// The schema of a value that may be null, without the null: leaving a field out says the same.
fn without_null(schema: &JsonObject) -> JsonObject {
    let mut schema = schema.clone();
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &kinds[..] {
            let kind = kind.clone();
            schema.insert("type".into(), kind);
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for name in ["anyOf", "oneOf"] {
        let Some(Value::Array(alternatives)) = schema.get_mut(name) else {
            continue;
        };
        alternatives.retain(|one| one.get("type").and_then(Value::as_str) != Some("null"));
        if let [Value::Object(only)] = &alternatives[..] {
            let only = without_null(only);
            schema.remove(name);
            for (keyword, value) in only {
                schema.entry(keyword).or_insert(value);
            }
        }
    }
    schema
}

/// Titles of choices as clients before 2025-11-25 know them.
fn with_enum_names(field: &mut Value) {
    let Some(Value::Array(titled)) = field.get_mut("oneOf").map(Value::take) else {
        return;
    };
    let Some(field) = field.as_object_mut() else {
        return;
    };
    let all = |name: &str| -> Value { titled.iter().map(|one| one[name].clone()).collect() };
    let (values, names) = (all("const"), all("title"));
    field.remove("oneOf");
    field.insert("enum".into(), values);
    field.insert("enumNames".into(), names);
}

fn kept(schema: &JsonObject, keywords: &[&str]) -> JsonObject {
    let pairs = keywords
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), schema.get(*name)?.clone())));
    pairs.collect::<Map<_, _>>()
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::argument::schema_of;

    fn form(schema: Value) -> Result<Form, Vec<String>> {
        Form::new(schema.as_object().cloned().expect("an object"))
    }

    /// The one field `it` of a form, as the client is shown it.
    fn field(schema: Value) -> Result<Value, String> {
        let form = form(json!({"type": "object", "properties": {"it": schema}}));
        let form = form.map_err(|problems| problems.join("; "))?;
        let shown = serde_json::to_value(form.schema(false)?).expect("JSON");
        Ok(shown["properties"]["it"].clone())
    }

    #[test]
    fn what_the_protocol_allows_stays_as_it_is() {
        for schema in [
            json!({"type": "string", "title": "T", "description": "D", "minLength": 1, "maxLength": 9, "default": "x"}),
            json!({"type": "string", "format": "email"}),
            json!({"type": "integer", "minimum": 1, "maximum": 9, "default": 5}),
            json!({"type": "number", "minimum": 0.5, "default": 95.5}),
            json!({"type": "boolean", "default": true}),
            json!({"type": "string", "enum": ["a", "b"], "default": "a"}),
            json!({"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]}),
            json!({"type": "string", "oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}),
            json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "minItems": 1, "default": ["a"]}),
            json!({"type": "array", "items": {"anyOf": [{"const": "a", "title": "A"}]}, "maxItems": 2}),
        ] {
            assert_eq!(field(schema.clone()), Ok(schema));
        }
    }

    #[test]
    fn what_is_more_than_the_protocol_allows_is_not_shown() {
        for (schema, shown) in [
            (
                json!({"type": "string", "pattern": "^a", "format": "uuid"}),
                json!({"type": "string"}),
            ),
            (
                json!({"type": ["string", "null"], "default": null}),
                json!({"type": "string"}),
            ),
            (
                json!({"type": ["integer", "null"], "maximum": 3}),
                json!({"type": "integer", "maximum": 3}),
            ),
            (
                json!({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}),
                json!({"type": "integer", "minimum": 1, "maximum": 9}),
            ),
            (
                json!({"type": "number", "exclusiveMinimum": 0}),
                json!({"type": "number"}),
            ),
            (json!({"const": "a"}), json!({"type": "string", "enum": ["a"]})),
            (
                json!({"description": "D", "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
                json!({"type": "string", "description": "D", "enum": ["a"]}),
            ),
            (
                json!({"oneOf": [{"const": "a", "description": "An a."}, {"enum": ["b", "c"]}]}),
                json!({"type": "string", "oneOf": [
                    {"const": "a", "title": "An a."}, {"const": "b", "title": "b"}, {"const": "c", "title": "c"},
                ]}),
            ),
        ] {
            assert_eq!(field(schema), Ok(shown));
        }
    }

    #[test]
    fn what_is_no_form_is_explained() {
        for (schema, problem) in [
            (json!({"type": "object", "properties": {}}), "a form is flat"),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                "a list of something else than choices",
            ),
            (json!({"type": "array"}), "a list of something else than choices"),
            (json!({"enum": [1, 2]}), "the choice 1"),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}),
                "several forms",
            ),
            (json!({"type": ["string", "integer"]}), "none of text, number"),
            (json!({}), "none of text, number"),
            (json!(true), "has no schema"),
            (json!({"$ref": "#/$defs/x"}), "none of text, number"),
        ] {
            let found = field(schema).expect_err("this is no form");
            assert!(found.contains("`it`") && found.contains(problem), "{found}");
        }
        let found = form(json!({"type": "string"})).err().expect("a text is no form");
        assert!(found[0].contains("use a struct"), "{found:?}");
        // All at once.
        let both = json!({"type": "object", "properties": {"a": {}, "b": {}}});
        assert_eq!(form(both).err().map(|problems| problems.len()), Some(2));
    }

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Booking {
        #[schemars(regex(pattern = "^[A-Z]"))]
        name: String,
        #[serde(default = "two")]
        people: u8,
        at: Option<String>,
    }

    fn two() -> u8 {
        2
    }

    #[test]
    fn answers_are_checked_against_all_the_type_says() {
        let form = Form::new(schema_of::<Booking>()).map_err(|problems| problems.join("; "));
        let form = form.unwrap_or_else(|problems| panic!("{problems}"));
        let booking = |name: &str, people, at: Option<&str>| Booking {
            name: name.into(),
            people,
            at: at.map(str::to_owned),
        };
        for (content, read) in [
            (json!({"name": "Ada"}), booking("Ada", 2, None)),
            (
                json!({"name": "Ada", "people": "3", "at": null}),
                booking("Ada", 3, None),
            ),
            (
                json!({"name": "Ada", "at": "7", "more": true}),
                booking("Ada", 2, Some("7")),
            ),
        ] {
            assert_eq!(form.read(content), Ok(read));
        }
        for (content, problem) in [
            (json!({"name": "ada"}), "/name: expected text matching ^[A-Z]"),
            (
                json!({"name": "Ada", "people": 256}),
                "/people: expected 255 or less, got 256",
            ),
            (json!({"people": 1}), "/name: is required"),
            (json!(null), "/name: is required"),
            (json!(["Ada"]), "expected an object"),
        ] {
            let found = form.read::<Booking>(content).expect_err("this does not fit");
            assert!(found.contains(problem), "{found}");
        }
    }
}
