//! What a value can only have meant. Models send numbers as strings and `null` for what they leave out; where the
//! schema leaves one reading, that is what was meant. Where it allows the value as it is, nothing is touched.

use serde_json::{Number, Value};

use crate::protocol::JsonObject;
use crate::schema::walk;

/// What may be read differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// `5.0` is the integer 5, as JSON Schema has it and serde has not.
    Strict,
    /// Also strings that are numbers, booleans, lists or objects, and `null` for what may be left out.
    Lenient,
}

/// What one look at a value tells.
pub(super) struct Survey {
    /// It is nested deeper than allowed; the rest was not looked at.
    pub(super) too_deep: bool,
    /// How many values it is made of.
    pub(super) values: usize,
    /// It contains numbers such as `5.0`.
    pub(super) whole_floats: bool,
}

impl Survey {
    pub(super) fn of(value: &Value, depth_max: usize) -> Self {
        let mut survey = Self {
            too_deep: false,
            values: 0,
            whole_floats: false,
        };
        survey.look(value, depth_max);
        survey
    }

    fn look(&mut self, value: &Value, depth_left: usize) {
        self.values += 1;
        match value {
            Value::Object(_) | Value::Array(_) if depth_left == 0 => self.too_deep = true,
            Value::Object(fields) => fields.values().for_each(|field| self.look(field, depth_left - 1)),
            Value::Array(items) => items.iter().for_each(|item| self.look(item, depth_left - 1)),
            Value::Number(number) => self.whole_floats |= whole(number).is_some(),
            _ => {}
        }
    }
}

/// Reads `value` as `root` means it.
pub(super) fn adapt(value: &mut Value, root: &JsonObject, reading: Reading, depth_max: usize) {
    Reader { root, reading }.adapt(value, root, depth_max);
}

struct Reader<'a> {
    root: &'a JsonObject,
    reading: Reading,
}

impl Reader<'_> {
    fn adapt(&self, value: &mut Value, schema: &JsonObject, depth_left: usize) {
        // Strings hold values that may hold strings, so depth is counted here and not only where it comes in.
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return;
        };
        let schema = walk::meant(schema, self.root);
        if let Value::String(text) = value
            && self.reading == Reading::Lenient
            && let Some(read) = read_as(text.trim(), &walk::types(schema))
        {
            *value = read;
        }
        match value {
            Value::Number(number) => {
                let types = walk::types(schema);
                if types.contains(&"integer")
                    && !types.contains(&"number")
                    && let Some(read) = whole(number)
                {
                    *value = read.into();
                }
            }
            Value::Object(fields) => self.adapt_fields(fields, schema, depth_left),
            Value::Array(items) => self.adapt_items(items, schema, depth_left),
            _ => {}
        }
        if let Some(alternatives) = walk::alternatives(schema)
            && let Some(index) = walk::intended(value, alternatives, self.root)
            && let Value::Object(alternative) = &alternatives[index]
        {
            self.adapt(value, alternative, depth_left);
        }
    }

    fn adapt_fields(&self, fields: &mut JsonObject, schema: &JsonObject, depth_left: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        if self.reading == Reading::Lenient {
            let required = schema.get("required").and_then(Value::as_array);
            fields.retain(|name, value| {
                let property = properties.and_then(|properties| properties.get(name)?.as_object());
                let droppable = value.is_null()
                    && property.is_some_and(|property| !self.allows_null(property))
                    && !required.is_some_and(|names| names.iter().any(|required| required == name));
                !droppable
            });
        }
        let others = schema.get("additionalProperties").and_then(Value::as_object);
        for (name, field) in fields {
            let property = properties.and_then(|properties| properties.get(name));
            let property = property.map_or(others, Value::as_object);
            if let Some(property) = property {
                self.adapt(field, property, depth_left);
            }
        }
    }

    fn adapt_items(&self, items: &mut [Value], schema: &JsonObject, depth_left: usize) {
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let rest = schema.get("items").and_then(Value::as_object);
        for (index, item) in items.iter_mut().enumerate() {
            let own = first.and_then(|first| first.get(index)?.as_object());
            if let Some(own) = own.or(rest) {
                self.adapt(item, own, depth_left);
            }
        }
    }

    /// Whether a property allows `null`, as far as can be told; if it cannot, `null` is left as it is.
    fn allows_null(&self, schema: &JsonObject) -> bool {
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.iter().any(Value::is_null);
        }
        let types = walk::types(schema);
        if !types.is_empty() {
            return types.contains(&"null");
        }
        match walk::alternatives(schema) {
            Some(alternatives) => alternatives.iter().any(|alternative| {
                alternative
                    .as_object()
                    .is_none_or(|inner| self.allows_null(inner))
            }),
            None => {
                let meant = walk::meant(schema, self.root);
                std::ptr::eq(meant, schema) || self.allows_null(meant)
            }
        }
    }
}

/// The integer a number such as `5.0` is, if it is kept exactly.
fn whole(number: &Number) -> Option<i64> {
    let exact = 9_007_199_254_740_992.0;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    (value.fract() == 0.0 && value.abs() <= exact).then_some(value as i64)
}

/// The value a text stands for, if only one of the types is possible and the text is one of that type.
fn read_as(text: &str, types: &[&str]) -> Option<Value> {
    let mut others = types.iter().filter(|named| **named != "null");
    let (Some(only), None) = (others.next(), others.next()) else {
        return None;
    };
    match *only {
        "boolean" if text.eq_ignore_ascii_case("true") => Some(true.into()),
        "boolean" if text.eq_ignore_ascii_case("false") => Some(false.into()),
        "integer" | "number" => serde_json::from_str(text).ok().filter(Value::is_number),
        "array" => serde_json::from_str(text).ok().filter(Value::is_array),
        "object" => serde_json::from_str(text).ok().filter(Value::is_object),
        _ => None,
    }
}
