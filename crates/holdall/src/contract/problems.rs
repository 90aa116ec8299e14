//! What is wrong with a value, in words for the model that sent it: all of it, each with its path, what was
//! expected there, what came, and the name that was probably meant.

use std::io;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::error::Problem;
use crate::protocol::JsonObject;
use crate::schema::{describe, walk};

/// How many characters of a received value an error repeats.
const RECEIVED_CHARS_MAX: usize = 80;
/// How many problems one reply lists.
const PROBLEMS_MAX: usize = 20;
/// Up to how many values are checked one by one: each wrong one costs memory.
const VALUES_MAX: usize = 10_000;
/// How many items or fields of each list or object are looked at if there are more values than that.
const SAMPLED_MAX: usize = 50;

/// The problems of a value that does not fit `schema`; it is made of `values` values.
pub(crate) fn described(
    validator: &Validator,
    schema: &JsonObject,
    value: &Value,
    values: usize,
) -> Vec<Problem> {
    if values > VALUES_MAX {
        return described_in_part(validator, schema, value, values);
    }
    let reader = Describer { schema };
    collected(
        validator
            .iter_errors(value)
            .flat_map(|error| reader.describe(&error)),
    )
}

/// Looks at the beginning of every list only, so that a million wrong items do not become a million errors.
fn described_in_part(
    validator: &Validator,
    schema: &JsonObject,
    value: &Value,
    values: usize,
) -> Vec<Problem> {
    let mut cut = Vec::new();
    let sample = sampled(value, "", &mut cut);
    let reader = Describer { schema };
    let counts = |error: &ValidationError<'_>| {
        // What a cut list lacks it may have had.
        let lacks = matches!(
            error.kind(),
            ValidationErrorKind::Required { .. }
                | ValidationErrorKind::MinItems { .. }
                | ValidationErrorKind::MinProperties { .. }
                | ValidationErrorKind::Contains
                | ValidationErrorKind::AnyOf { .. }
                | ValidationErrorKind::OneOfNotValid { .. }
        );
        !(lacks
            && cut
                .iter()
                .any(|path| path.starts_with(&error.instance_path().to_string())))
    };
    let errors = validator.iter_errors(&sample).filter(counts);
    let mut problems = collected(errors.flat_map(|error| reader.describe(&error)));
    problems.push(problem(
        String::new(),
        format!("do not fit the schema, but are too many to list what is wrong ({values} values); send fewer at once"),
    ));
    problems
}

fn collected(problems: impl Iterator<Item = Problem>) -> Vec<Problem> {
    let mut collected: Vec<Problem> = Vec::new();
    for problem in problems {
        if collected.len() == PROBLEMS_MAX {
            break;
        }
        if !collected.contains(&problem) {
            collected.push(problem);
        }
    }
    collected
}

/// A copy with the beginning of every list and object; `cut` are the paths of those that had more.
fn sampled(value: &Value, path: &str, cut: &mut Vec<String>) -> Value {
    match value {
        Value::Array(items) => {
            if items.len() > SAMPLED_MAX {
                cut.push(path.to_owned());
            }
            let items = items.iter().take(SAMPLED_MAX).enumerate();
            items
                .map(|(index, item)| sampled(item, &format!("{path}/{index}"), cut))
                .collect()
        }
        Value::Object(fields) => {
            if fields.len() > SAMPLED_MAX {
                cut.push(path.to_owned());
            }
            let fields = fields.iter().take(SAMPLED_MAX);
            Value::Object(
                fields
                    .map(|(name, field)| {
                        let path = format!("{path}/{}", walk::escaped(name));
                        (name.clone(), sampled(field, &path, cut))
                    })
                    .collect(),
            )
        }
        plain => plain.clone(),
    }
}

struct Describer<'a> {
    schema: &'a JsonObject,
}

impl Describer<'_> {
    fn describe(&self, error: &ValidationError<'_>) -> Vec<Problem> {
        let path = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let what = self
                    .property_beside(error, name)
                    .map(|property| self.summary(property));
                let path = format!("{path}/{}", walk::escaped(name));
                vec![problem(path, format!("is required{}", what.unwrap_or_default()))]
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.names_beside(error);
                unexpected
                    .iter()
                    .map(|name| Problem {
                        did_you_mean: nearest(name, known.iter().copied()).map(str::to_owned),
                        ..problem(format!("{path}/{}", walk::escaped(name)), unknown_name(&known))
                    })
                    .collect()
            }
            ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
                self.describe_alternatives(error, context)
            }
            kind => {
                let choices = match kind {
                    ValidationErrorKind::Enum { options } => strings(options),
                    ValidationErrorKind::Constant { expected_value } => strings(expected_value),
                    _ => Vec::new(),
                };
                vec![self.mismatch(path, expectation(kind, error), error.instance(), &choices)]
            }
        }
    }

    fn mismatch(&self, path: String, expected: String, received: &Value, choices: &[&str]) -> Problem {
        let meant = received
            .as_str()
            .and_then(|sent| nearest(sent, choices.iter().copied()));
        Problem {
            received: Some(shorten(received)),
            did_you_mean: meant.map(str::to_owned),
            ..problem(path, expected)
        }
    }

    /// The problems with the alternative that was meant, or else what the alternatives are.
    fn describe_alternatives(
        &self,
        error: &ValidationError<'_>,
        context: &[Vec<ValidationError<'static>>],
    ) -> Vec<Problem> {
        let path = error.instance_path().to_string();
        let place = walk::at(self.schema, &error.schema_path().to_string());
        let Some(alternatives) = place.and_then(Value::as_array) else {
            return vec![self.mismatch(
                path,
                "fits none of the forms allowed here".into(),
                error.instance(),
                &[],
            )];
        };
        let meant = walk::intended(error.instance(), alternatives, self.schema);
        if let Some(errors) = meant.and_then(|index| context.get(index))
            && !errors.is_empty()
        {
            return errors.iter().flat_map(|error| self.describe(error)).collect();
        }
        if let Some(problem) = self.wrong_tag(&path, error.instance(), alternatives) {
            return vec![problem];
        }
        let mut holder = JsonObject::new();
        holder.insert("anyOf".into(), alternatives.clone().into());
        let form = describe::form(&holder, self.schema);
        let choices = alternatives
            .iter()
            .filter_map(|alternative| alternative.get("const")?.as_str());
        let choices: Vec<&str> = choices.collect();
        vec![self.mismatch(path, format!("expected {form}"), error.instance(), &choices)]
    }

    /// What is wrong with the property that tells the alternatives apart, where there is one.
    fn wrong_tag(&self, path: &str, value: &Value, alternatives: &[Value]) -> Option<Problem> {
        let (name, tags) = walk::tags(alternatives, self.schema)?;
        let shown: Vec<String> = tags.iter().map(|tag| Value::to_string(tag)).collect();
        let expected = describe::listed("one of ", &shown);
        let path = format!("{path}/{}", walk::escaped(name));
        Some(match value.as_object()?.get(name) {
            None => problem(path, format!("is required ({expected})")),
            Some(sent) => {
                let choices: Vec<&str> = tags.iter().filter_map(|tag| tag.as_str()).collect();
                self.mismatch(path, format!("expected {expected}"), sent, &choices)
            }
        })
    }

    /// The schema that holds the keyword an error is about.
    fn holder(&self, error: &ValidationError<'_>) -> Option<&JsonObject> {
        let path = error.schema_path().to_string();
        match path.rsplit_once('/')?.0 {
            "" => Some(self.schema),
            holder => walk::at(self.schema, holder)?.as_object(),
        }
    }

    fn property_beside(&self, error: &ValidationError<'_>, name: &str) -> Option<&JsonObject> {
        self.properties_beside(error)?.get(name)?.as_object()
    }

    fn names_beside(&self, error: &ValidationError<'_>) -> Vec<&str> {
        let properties = self.properties_beside(error);
        properties
            .into_iter()
            .flat_map(|all| all.keys().map(String::as_str))
            .collect()
    }

    /// What is known of the properties of the object an error is about.
    fn properties_beside(&self, error: &ValidationError<'_>) -> Option<&JsonObject> {
        let beside = self.holder(error).and_then(|holder| holder.get("properties"));
        // A condition on all arguments speaks of properties that are described elsewhere.
        let of_all = || {
            error
                .instance_path()
                .to_string()
                .is_empty()
                .then(|| self.schema.get("properties"))
        };
        beside.or_else(|| of_all().flatten())?.as_object()
    }

    /// ` (integer from 1 to 50: How many results.)`: what a missing argument should have been.
    fn summary(&self, schema: &JsonObject) -> String {
        let form = describe::form(schema, self.schema);
        let text = schema.get("description").and_then(Value::as_str);
        match text.and_then(|text| text.lines().next()) {
            Some(text) => format!(" ({form}: {text})"),
            None => format!(" ({form})"),
        }
    }
}

fn problem(path: String, expected: String) -> Problem {
    Problem {
        path,
        expected,
        received: None,
        did_you_mean: None,
    }
}

fn unknown_name(known: &[&str]) -> String {
    if known.is_empty() {
        "is not known; nothing is expected here".into()
    } else {
        format!("is not known; known: {}", known.join(", "))
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn expectation(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => match kind {
            TypeKind::Single(single) => format!("expected {single}"),
            TypeKind::Multiple(several) => {
                let names: Vec<String> = several.iter().map(|kind| kind.to_string()).collect();
                format!("expected {}", names.join(" or "))
            }
        },
        ValidationErrorKind::Enum { options } => match options.as_array() {
            Some(options) => {
                let options: Vec<String> = options.iter().map(Value::to_string).collect();
                format!("expected {}", describe::listed("one of ", &options))
            }
            None => format!("expected one of {options}"),
        },
        ValidationErrorKind::Minimum { limit } => format!("expected {limit} or more"),
        ValidationErrorKind::Maximum { limit } => format!("expected {limit} or less"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("expected more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("expected less than {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("expected a multiple of {multiple_of}"),
        ValidationErrorKind::MinLength { limit } => {
            format!("expected {} or more", counted(*limit, "character"))
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("expected {} or fewer", counted(*limit, "character"))
        }
        ValidationErrorKind::MinItems { limit } => format!("expected {} or more", counted(*limit, "item")),
        ValidationErrorKind::MaxItems { limit } => format!("expected {} or fewer", counted(*limit, "item")),
        ValidationErrorKind::UniqueItems => "expected every item once".into(),
        ValidationErrorKind::Pattern { pattern } => format!("expected text matching {pattern}"),
        ValidationErrorKind::Format { format } => match describe::format_example(format) {
            Some(example) => format!("expected a {format}, such as {example}"),
            None => format!("expected a {format}"),
        },
        ValidationErrorKind::Constant { expected_value } => format!("expected {expected_value}"),
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "fits several of the forms allowed here; leave out what belongs to the others".into()
        }
        _ => error.masked_with("the value").to_string(),
    }
}

/// "1 item", "2 items".
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A value as JSON, cut to what an error repeats; the rest is not even written.
fn shorten(value: &Value) -> String {
    let mut head = Head(Vec::new());
    // The only error is the one of a head that is full.
    let _ = serde_json::to_writer(&mut head, value);
    let text = String::from_utf8_lossy(&head.0);
    match text.char_indices().nth(RECEIVED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// The first bytes of what is written, enough for any characters an error repeats.
struct Head(Vec<u8>);

impl io::Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = (RECEIVED_CHARS_MAX + 1) * 4 - self.0.len();
        if left == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let taken = bytes.len().min(left);
        self.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
