//! [`Lock`]: what a server promises, as canonical JSON.

use std::fmt;
use std::str::FromStr;

use rmcp::model::ToolAnnotations;
use serde_json::{Value, json};

use super::change::Report;
use super::compare;
use crate::protocol::JsonObject;
use crate::provider::labels::Labels;
use crate::resource::BuiltResource;
use crate::service::Service;

/// The form of the file. Another number is another form.
const FORM: u64 = 1;

/// What a server promises: names, words, schemas, annotations and scopes of everything it offers.
///
/// Its text is JSON with sorted keys, one thing a line, and the same on every machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock(Value);

impl Lock {
    /// What `service` promises now.
    pub fn of(service: &Service) -> Self {
        let catalogue = service.catalogue();
        let tools = catalogue.tools.iter().map(|tool| {
            let listing = &tool.listing;
            let mut entry = entry(&listing.title, listing.description.as_deref(), &tool.labels);
            entry.insert("input".into(), Value::Object((*listing.input_schema).clone()));
            if let Some(schema) = &listing.output_schema {
                entry.insert("output".into(), Value::Object((**schema).clone()));
            }
            if let Some(annotations) = &listing.annotations {
                entry.insert("annotations".into(), hints(annotations));
            }
            (listing.name.to_string(), entry)
        });
        let prompts = catalogue.prompts.iter().map(|prompt| {
            let listing = &prompt.listing;
            let mut entry = entry(&listing.title, listing.description.as_deref(), &prompt.labels);
            entry.insert(
                "arguments".into(),
                Value::Object((**prompt.contract.schema()).clone()),
            );
            (listing.name.clone(), entry)
        });
        let resources = catalogue
            .resources
            .iter()
            .map(|resource| (resource.uri.clone(), resource_entry(resource)));
        let templates = catalogue.templates.iter().map(|template| {
            let mut entry = resource_entry(template);
            entry.insert(
                "variables".into(),
                Value::Object((**template.contract.schema()).clone()),
            );
            (template.uri.clone(), entry)
        });
        Self(canonical(&json!({
            "lock": FORM,
            "tools": object(tools),
            "resources": object(resources),
            "templates": object(templates),
            "prompts": object(prompts),
        })))
    }

    /// What has changed from this lock to `after`.
    pub fn changes_to(&self, after: &Self) -> Report {
        Report::new(compare::changes(&self.0, &after.0))
    }
}

impl FromStr for Lock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match value.get("lock").and_then(Value::as_u64) {
            Some(FORM) => Ok(Self(canonical(&value))),
            Some(other) => Err(format!(
                "it has the form {other}, and this version knows the form {FORM}"
            )),
            None => Err("it has no number `lock`".into()),
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:#}", self.0)
    }
}

fn entry(title: &Option<String>, description: Option<&str>, labels: &Labels) -> JsonObject {
    let mut entry = JsonObject::new();
    entry.extend(title.as_deref().map(|title| ("title".into(), title.into())));
    entry.extend(description.map(|text| ("description".into(), text.into())));
    for (name, set) in [("tags", &labels.tags), ("scopes", &labels.scopes)] {
        if !set.is_empty() {
            let mut set = set.clone();
            set.sort();
            entry.insert(name.into(), json!(set));
        }
    }
    entry
}

fn resource_entry(resource: &BuiltResource) -> JsonObject {
    let listing = resource.listing();
    let mut entry = entry(&listing.title, listing.description.as_deref(), &resource.labels);
    entry.insert("name".into(), listing.name.into());
    entry.extend(listing.mime_type.map(|kind| ("mimeType".into(), kind.into())));
    entry
}

fn hints(annotations: &ToolAnnotations) -> Value {
    let mut hints = serde_json::to_value(annotations).expect("annotations are plain JSON");
    if let Some(hints) = hints.as_object_mut() {
        hints.retain(|_, hint| !hint.is_null());
    }
    hints
}

fn object(entries: impl Iterator<Item = (String, JsonObject)>) -> Value {
    entries.map(|(key, entry)| (key, Value::Object(entry))).collect()
}

/// The same JSON with sorted keys, and with those lists sorted whose order means nothing.
fn canonical(value: &Value) -> Value {
    arranged(value, true)
}

fn arranged(value: &Value, is_schema: bool) -> Value {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort();
            let entries = keys.into_iter().map(|key| {
                // What follows these is data, not schema.
                let is_schema =
                    is_schema && !matches!(key.as_str(), "const" | "default" | "enum" | "examples");
                let value = arranged(&object[key], is_schema);
                let is_set = is_schema && is_set(key, &value);
                (key.clone(), if is_set { sorted(value) } else { value })
            });
            Value::Object(entries.collect())
        }
        Value::Array(items) => items.iter().map(|item| arranged(item, is_schema)).collect(),
        other => other.clone(),
    }
}

/// `required` and `type` are sets of texts, wherever they are keywords: as the name of a property they have no list
/// of texts for a value.
fn is_set(key: &str, value: &Value) -> bool {
    matches!(key, "required" | "type")
        && value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string))
}

fn sorted(value: Value) -> Value {
    let Value::Array(mut items) = value else {
        return value;
    };
    items.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
    Value::Array(items)
}
