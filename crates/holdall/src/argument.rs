//! The arguments of a call: one description of each, from which schema, validation and listing are derived.
//!
//! Tools, prompts and resource templates share it. What a tool calls arguments, a template calls variables;
//! both are named values with a schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Value, json};

use crate::protocol::JsonObject;

/// One named argument of a tool or prompt, or one variable of a resource template.
///
/// The attributes make these from function parameters; tools defined at run time make them by hand:
///
/// ```
/// use holdall::Argument;
///
/// let limit = Argument::of::<u32>("limit").description("How many results.").default(10).range(1, 50);
/// assert_eq!(limit.name(), "limit");
/// assert!(!limit.is_required());
/// ```
#[derive(Clone, Debug)]
pub struct Argument {
    name: String,
    schema: JsonObject,
    required: bool,
}

impl Argument {
    /// A required argument whose schema is derived from `T`.
    pub fn of<T: JsonSchema>(name: impl Into<String>) -> Self {
        Self::with_schema(name, schema_of::<T>())
    }

    /// A required argument with a JSON Schema of your own.
    pub fn with_schema(name: impl Into<String>, schema: JsonObject) -> Self {
        Self {
            name: name.into(),
            schema,
            required: true,
        }
    }

    /// Says what the argument is for. The model reads this.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with("description", text.into())
    }

    /// May be left out, or be sent as `null`.
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The value taken when the argument is left out.
    pub fn default(self, value: impl Serialize) -> Self {
        self.optional().with("default", value)
    }

    /// The smallest and the largest number allowed, both included.
    pub fn range(self, minimum: impl Serialize, maximum: impl Serialize) -> Self {
        self.minimum(minimum).maximum(maximum)
    }

    /// The smallest number allowed.
    pub fn minimum(self, minimum: impl Serialize) -> Self {
        self.with("minimum", minimum)
    }

    /// The largest number allowed.
    pub fn maximum(self, maximum: impl Serialize) -> Self {
        self.with("maximum", maximum)
    }

    /// The fewest and the most characters (of a string) or items (of an array), both included.
    pub fn length(self, minimum: u64, maximum: u64) -> Self {
        let (least, most) = if self.schema.get("type") == Some(&json!("array")) {
            ("minItems", "maxItems")
        } else {
            ("minLength", "maxLength")
        };
        self.with(least, minimum).with(most, maximum)
    }

    /// A regular expression (ECMA 262 as JSON Schema has it) the string must match somewhere.
    pub fn pattern(self, pattern: impl Into<String>) -> Self {
        self.with("pattern", pattern.into())
    }

    /// The only values allowed.
    pub fn one_of(self, values: impl Serialize) -> Self {
        self.with("enum", values)
    }

    /// Values that show what is meant.
    pub fn examples(self, values: impl Serialize) -> Self {
        self.with("examples", values)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a call without it is refused.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The JSON Schema.
    pub fn schema(&self) -> &JsonObject {
        &self.schema
    }

    fn with(mut self, keyword: &str, value: impl Serialize) -> Self {
        // A value that JSON cannot express (a NaN) is kept as null, which the schema check at start-up reports.
        self.schema
            .insert(keyword.into(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }
}

/// The JSON Schema 2020-12 of `T`: inlined, because several hosts cannot follow references, and without the
/// type names and number formats that cost tokens and that some hosts refuse.
pub(crate) fn schema_of<T: JsonSchema>() -> JsonObject {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.remove("title");
    }
    drop_number_formats(&mut schema);
    match schema {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

fn drop_number_formats(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let is_number = |kind: &Value| matches!(kind.as_str(), Some("integer" | "number"));
            let numeric = object.get("type").is_some_and(|kind| {
                is_number(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(is_number))
            });
            if numeric {
                object.remove("format");
            }
            object.values_mut().for_each(drop_number_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_number_formats),
        _ => {}
    }
}

/// The schema of an object with these arguments: what `tools/list` shows as `inputSchema`.
pub(crate) fn object_schema(arguments: &[Argument]) -> JsonObject {
    let mut properties = JsonObject::new();
    let mut required = Vec::new();
    let mut definitions = JsonObject::new();
    for argument in arguments {
        let mut schema = argument.schema.clone();
        // Recursive types are the one case where references stay; they are resolved from the root.
        if let Some(Value::Object(more)) = schema.remove("$defs") {
            definitions.extend(more);
        }
        properties.insert(argument.name.clone(), Value::Object(schema));
        if argument.required {
            required.push(Value::from(argument.name.as_str()));
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
