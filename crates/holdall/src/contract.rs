//! The contract of a call: turns the arguments that came into the arguments the function was promised.
//!
//! Compiled once from a schema. For each call: strings that can only mean a number, a boolean, a list or an
//! object are read as such; `null` for an optional argument counts as left out; everything is checked against
//! the schema, and all problems are reported at once; defaults are filled in.

use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::argument::{Argument, object_schema};
use crate::error::{CallError, CallResult, Problem};
use crate::protocol::JsonObject;

/// How many characters of a received value an error repeats.
const RECEIVED_CHARS_MAX: usize = 80;
/// How many problems one reply lists.
const PROBLEMS_MAX: usize = 20;

/// A compiled schema of arguments.
pub(crate) struct Contract {
    schema: Arc<JsonObject>,
    validator: Validator,
}

impl Contract {
    /// Compiles the schema of these arguments.
    pub(crate) fn of_arguments(arguments: &[Argument]) -> Result<Self, String> {
        for (index, argument) in arguments.iter().enumerate() {
            if arguments[..index]
                .iter()
                .any(|earlier| earlier.name() == argument.name())
            {
                return Err(format!("the argument `{}` is declared twice", argument.name()));
            }
        }
        Self::of_schema(object_schema(arguments))
    }

    /// Compiles a schema the author supplied, kept verbatim for listing.
    pub(crate) fn of_schema(schema: JsonObject) -> Result<Self, String> {
        let value = Value::Object(schema);
        let validator = jsonschema::draft202012::new(&value)
            .map_err(|error| format!("its schema is not valid JSON Schema 2020-12: {error}"))?;
        let Value::Object(schema) = value else {
            return Err("its schema is not an object".into());
        };
        Ok(Self {
            schema: Arc::new(schema),
            validator,
        })
    }

    /// The schema, for listing.
    pub(crate) fn schema(&self) -> &Arc<JsonObject> {
        &self.schema
    }

    /// Checks and completes the arguments of a call to `subject`.
    pub(crate) fn apply(&self, subject: &str, mut arguments: JsonObject) -> CallResult<JsonObject> {
        self.drop_optional_nulls(&mut arguments);
        let mut value = Value::Object(arguments);
        if !self.validator.is_valid(&value) {
            coerce(&mut value, &self.schema);
            let problems: Vec<Problem> = self
                .validator
                .iter_errors(&value)
                .flat_map(|error| self.describe(&error))
                .take(PROBLEMS_MAX)
                .collect();
            if !problems.is_empty() {
                return Err(CallError::problems(subject, problems));
            }
        }
        let Value::Object(mut arguments) = value else {
            return Ok(JsonObject::new());
        };
        self.fill_defaults(&mut arguments);
        Ok(arguments)
    }

    fn properties(&self) -> Option<&JsonObject> {
        self.schema.get("properties").and_then(Value::as_object)
    }

    fn is_required(&self, name: &str) -> bool {
        let required = self.schema.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|required| required == name))
    }

    /// Models often send `null` for what they leave out.
    fn drop_optional_nulls(&self, arguments: &mut JsonObject) {
        if !arguments.values().any(Value::is_null) {
            return;
        }
        let Some(properties) = self.properties() else {
            return;
        };
        arguments.retain(|name, value| {
            !value.is_null() || self.is_required(name) || !properties.contains_key(name)
        });
    }

    fn fill_defaults(&self, arguments: &mut JsonObject) {
        for (name, schema) in self.properties().into_iter().flatten() {
            if let Some(default) = schema.get("default")
                && !arguments.contains_key(name)
            {
                arguments.insert(name.clone(), default.clone());
            }
        }
    }

    fn describe(&self, error: &ValidationError<'_>) -> Vec<Problem> {
        let path = error.instance_path().to_string();
        let problem = |path: String, expected: String| Problem {
            path,
            expected,
            received: None,
            did_you_mean: None,
        };
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let kind = self.schema_at(&path, name).map(summary).unwrap_or_default();
                vec![problem(format!("{path}/{name}"), format!("is required{kind}"))]
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
                .iter()
                .map(|name| {
                    let known = self.names_at(&path);
                    Problem {
                        did_you_mean: nearest(name, known.iter().copied()).map(str::to_owned),
                        ..problem(format!("{path}/{name}"), unknown_argument(&known))
                    }
                })
                .collect(),
            ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::AnyOf { .. } => {
                let choices = self.choices_at(&error.schema_path().to_string());
                let expected = choices.unwrap_or_else(|| "fits none of the forms allowed here".into());
                vec![Problem {
                    received: Some(shorten(error.instance())),
                    ..problem(path, expected)
                }]
            }
            kind => vec![Problem {
                received: Some(shorten(error.instance())),
                ..problem(path, expectation(kind, error))
            }],
        }
    }

    /// The schema of property `name` of the object at `path`, followed through `properties` and `items`.
    fn schema_at(&self, path: &str, name: &str) -> Option<&Value> {
        self.properties_at(path)?.get(name)
    }

    /// `expected one of …` if the alternatives at `schema_path` are nothing but constants, as those of an enum are.
    fn choices_at(&self, schema_path: &str) -> Option<String> {
        let (first, rest) = schema_path.strip_prefix('/')?.split_once('/')?;
        let alternatives = self.schema.get(first)?.pointer(&format!("/{rest}"))?.as_array()?;
        let mut choices = Vec::new();
        for alternative in alternatives {
            match (
                alternative.get("const"),
                alternative.get("enum").and_then(Value::as_array),
            ) {
                (Some(only), _) => choices.push(only.to_string()),
                (None, Some(several)) => choices.extend(several.iter().map(Value::to_string)),
                (None, None) => return None,
            }
        }
        Some(format!("expected one of {}", choices.join(", ")))
    }

    fn properties_at(&self, path: &str) -> Option<&JsonObject> {
        let mut properties = self.properties()?;
        let mut schema: Option<&Value> = None;
        for part in path.split('/').skip(1) {
            schema = match schema {
                Some(array) if array.get("items").is_some() => array.get("items"),
                _ => properties.get(part),
            };
            properties = match schema?.get("properties").and_then(Value::as_object) {
                Some(inner) => inner,
                None => schema?.pointer("/items/properties").and_then(Value::as_object)?,
            };
        }
        Some(properties)
    }

    fn names_at(&self, path: &str) -> Vec<&str> {
        self.properties_at(path)
            .map(|known| known.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }
}

fn unknown_argument(known: &[&str]) -> String {
    if known.is_empty() {
        "is not known; nothing is expected here".into()
    } else {
        format!("is not known; known: {}", known.join(", "))
    }
}

/// ` (integer: How many results.)`: what a missing argument should have been.
fn summary(schema: &Value) -> String {
    let kind = schema.get("type").and_then(Value::as_str);
    let text = schema.get("description").and_then(Value::as_str);
    match (kind, text) {
        (Some(kind), Some(text)) => format!(" ({kind}: {})", text.lines().next().unwrap_or_default()),
        (Some(kind), None) => format!(" ({kind})"),
        (None, Some(text)) => format!(" ({text})"),
        (None, None) => String::new(),
    }
}

fn expectation(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => match kind {
            jsonschema::error::TypeKind::Single(single) => format!("expected {single}"),
            jsonschema::error::TypeKind::Multiple(several) => {
                let names: Vec<String> = several.iter().map(|kind| kind.to_string()).collect();
                format!("expected {}", names.join(" or "))
            }
        },
        ValidationErrorKind::Enum { options } => match options.as_array() {
            Some(options) => {
                let options: Vec<String> = options.iter().map(Value::to_string).collect();
                format!("expected one of {}", options.join(", "))
            }
            None => format!("expected one of {options}"),
        },
        ValidationErrorKind::Minimum { limit } => format!("expected {limit} or more"),
        ValidationErrorKind::Maximum { limit } => format!("expected {limit} or less"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("expected more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("expected less than {limit}"),
        ValidationErrorKind::MinLength { limit } => format!("expected {limit} characters or more"),
        ValidationErrorKind::MaxLength { limit } => format!("expected {limit} characters or fewer"),
        ValidationErrorKind::MinItems { limit } => format!("expected {limit} items or more"),
        ValidationErrorKind::MaxItems { limit } => format!("expected {limit} items or fewer"),
        ValidationErrorKind::Pattern { pattern } => format!("expected text matching {pattern}"),
        ValidationErrorKind::Format { format } => format!("expected a {format}"),
        ValidationErrorKind::Constant { expected_value } => format!("expected {expected_value}"),
        _ => error.masked_with("the value").to_string(),
    }
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(RECEIVED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The nearest of `known` to `name`, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Jaro-Winkler of .8 and more means: a typo, a missing plural, another word order at the end.
    known
        .map(|candidate| {
            (
                strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Reads strings as what the schema says they must be, where only one reading is possible.
fn coerce(value: &mut Value, schema: &JsonObject) {
    match value {
        Value::Object(fields) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                return;
            };
            for (name, field) in fields {
                if let Some(Value::Object(schema)) = properties.get(name) {
                    coerce(field, schema);
                }
            }
        }
        Value::Array(items) => {
            let Some(Value::Object(schema)) = schema.get("items") else {
                return;
            };
            items.iter_mut().for_each(|item| coerce(item, schema));
        }
        Value::String(text) => {
            if let Some(read) = schema.get("type").and_then(|kind| read_as(text.trim(), kind)) {
                *value = read;
                if !value.is_string() {
                    coerce_inside(value, schema);
                }
            }
        }
        _ => {}
    }
}

fn coerce_inside(value: &mut Value, schema: &JsonObject) {
    if value.is_object() || value.is_array() {
        coerce(value, schema);
    }
}

fn read_as(text: &str, kind: &Value) -> Option<Value> {
    let kinds: Vec<&str> = match kind {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .collect(),
        _ => return None,
    };
    let [kind] = kinds[..] else { return None };
    let parsed: Value = match kind {
        "integer" | "number" | "array" | "object" => serde_json::from_str(text).ok()?,
        "boolean" => match text.to_ascii_lowercase().as_str() {
            "true" => true.into(),
            "false" => false.into(),
            _ => return None,
        },
        _ => return None,
    };
    let fits = match kind {
        "integer" | "number" => parsed.is_number(),
        "array" => parsed.is_array(),
        "object" => parsed.is_object(),
        _ => true,
    };
    fits.then_some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contract() -> Contract {
        Contract::of_arguments(&[
            Argument::of::<String>("query").description("What to look for."),
            Argument::of::<u32>("max_results").default(10).range(1, 50),
            Argument::of::<bool>("exact").optional(),
            Argument::of::<Vec<String>>("tags").optional(),
        ])
        .expect("the schema is valid")
    }

    fn apply(arguments: Value) -> Result<Value, String> {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object")
        };
        contract()
            .apply("search", arguments)
            .map(Value::Object)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_filled_in_and_nulls_count_as_absent() {
        assert_eq!(
            apply(json!({"query": "mcp", "exact": null})),
            Ok(json!({"query": "mcp", "max_results": 10}))
        );
    }

    #[test]
    fn strings_become_numbers_booleans_and_lists_where_only_that_is_possible() {
        assert_eq!(
            apply(json!({"query": "12", "max_results": "5", "exact": "True", "tags": "[\"a\"]"})),
            Ok(json!({"query": "12", "max_results": 5, "exact": true, "tags": ["a"]}))
        );
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let error =
            apply(json!({"max_result": 3, "exact": 1, "max_results": 0, "tags": ["a", 2]})).unwrap_err();
        assert_eq!(error.lines().count(), 6, "{error}");
        assert!(
            error.contains("/query: is required (string: What to look for.)"),
            "{error}"
        );
        assert!(error.contains("/max_result: is not known"), "{error}");
        assert!(error.contains("did you mean `max_results`?"), "{error}");
        assert!(error.contains("/exact: expected boolean, got 1"), "{error}");
        assert!(
            error.contains("/max_results: expected 1 or more, got 0"),
            "{error}"
        );
        assert!(error.contains("/tags/1: expected string, got 2"), "{error}");
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        let error = apply(json!({"query": ["x".repeat(10_000)]})).unwrap_err();
        assert!(error.len() < 300, "{error}");
    }

    #[test]
    fn a_wrong_schema_is_an_error_when_it_is_compiled() {
        let schema = json!({"type": "objekt"});
        assert!(Contract::of_schema(schema.as_object().cloned().unwrap_or_default()).is_err());
    }
}
