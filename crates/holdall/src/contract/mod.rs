//! The contract of a call: turns the arguments that came into the arguments the function was promised.
//!
//! Compiled once from a schema. For each call: strings that can only mean a number, a boolean, a list or an
//! object are read as such; `null` for what may be left out counts as left out; everything is checked against
//! the schema, and all problems are reported at once; defaults are filled in.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `read` | what a value can only have meant |
//! | `output` | whether a result is what the tool promised |
//! | `problems` | what is wrong with a value, in words for the model that sent it |

pub(crate) mod output;
mod problems;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value;

use self::read::{Reading, Survey};
use crate::argument::Argument;
use crate::error::{CallError, CallResult, Problem};
use crate::protocol::JsonObject;
use crate::schema::check::{compiled, compiled_object};
use crate::schema::object::object_of;

pub(crate) use self::problems::{described, nearest};

/// How deep arguments may be nested: deeper than any that make sense, shallow enough for any stack.
const DEPTH_MAX: usize = 64;

/// A compiled schema of arguments.
pub(crate) struct Contract {
    schema: Arc<JsonObject>,
    /// What arguments are when they are left out. Looked for once: a call of one of many tools reads as little memory
    /// as it can.
    defaults: Vec<(String, Value)>,
    validator: Validator,
}

impl Contract {
    /// Compiles the schema of these arguments.
    pub(crate) fn of_arguments(arguments: &[Argument]) -> Result<Self, Vec<String>> {
        let problems = Argument::problems_of(arguments);
        if problems.is_empty() {
            Self::of_object(object_of(arguments)).map_err(|problem| vec![problem])
        } else {
            Err(problems)
        }
    }

    /// Compiles the schema of an object the author supplied, kept verbatim for listing.
    pub(crate) fn of_object(schema: JsonObject) -> Result<Self, String> {
        Ok(Self {
            validator: compiled_object(&schema)?,
            defaults: defaults(&schema),
            schema: Arc::new(schema),
        })
    }

    /// Compiles any schema.
    pub(crate) fn of_schema(schema: JsonObject) -> Result<Self, String> {
        Ok(Self {
            validator: compiled(&schema)?,
            defaults: defaults(&schema),
            schema: Arc::new(schema),
        })
    }

    /// The schema, for listing.
    pub(crate) fn schema(&self) -> &Arc<JsonObject> {
        &self.schema
    }

    /// Checks and completes the arguments of a call to `subject`.
    pub(crate) fn apply(&self, subject: &str, arguments: JsonObject) -> CallResult<JsonObject> {
        let mut value = Value::Object(arguments);
        let survey = Survey::of(&value, DEPTH_MAX);
        if survey.too_deep {
            return Err(too_deep(subject));
        }
        if survey.whole_floats {
            read::adapt(&mut value, &self.schema, Reading::Strict, DEPTH_MAX);
        }
        if !self.validator.is_valid(&value) {
            read::adapt(&mut value, &self.schema, Reading::Lenient, DEPTH_MAX);
            // What was read from strings is nested as well.
            let survey = Survey::of(&value, DEPTH_MAX);
            if survey.too_deep {
                return Err(too_deep(subject));
            }
            if !self.validator.is_valid(&value) {
                let problems = described(&self.validator, &self.schema, &value, survey.values);
                return Err(CallError::problems(subject, problems));
            }
        }
        let Value::Object(mut arguments) = value else {
            return Ok(JsonObject::new());
        };
        self.fill_defaults(&mut arguments);
        Ok(arguments)
    }

    fn fill_defaults(&self, arguments: &mut JsonObject) {
        for (name, default) in &self.defaults {
            if !arguments.contains_key(name) {
                arguments.insert(name.clone(), default.clone());
            }
        }
    }
}

/// The defaults of an object's properties.
fn defaults(schema: &JsonObject) -> Vec<(String, Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    properties
        .filter_map(|(name, schema)| Some((name.clone(), schema.get("default")?.clone())))
        .collect()
}

fn too_deep(subject: &str) -> CallError {
    let problem = Problem {
        path: String::new(),
        expected: format!("are nested more than {DEPTH_MAX} deep"),
        received: None,
        did_you_mean: None,
    };
    CallError::problems(subject, vec![problem])
}
