//! Do two schemas say the same, but for words?

use std::collections::HashSet;

use serde_json::Value;

use super::conjunct::{reference, resolve};
use crate::protocol::JsonObject;
use crate::schema::walk;

/// Keywords that say nothing about which values fit.
const ANNOTATIONS: [&str; 11] = [
    "$comment",
    "$defs",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// Whether a keyword says nothing about which values fit.
pub(in crate::schema_lock) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword)
}

/// Whether two schemas, each part of its root, say the same. What is only written differently may count as different.
pub(in crate::schema_lock) fn same(
    left: &Value,
    left_root: &Value,
    right: &Value,
    right_root: &Value,
) -> bool {
    Comparison {
        left_root,
        right_root,
        assumed: HashSet::new(),
    }
    .schemas(left, right)
}

/// Whether the values of a keyword say the same.
pub(super) fn same_keyword(
    key: &str,
    (left, left_root): (&Value, &Value),
    (right, right_root): (&Value, &Value),
) -> bool {
    Comparison {
        left_root,
        right_root,
        assumed: HashSet::new(),
    }
    .keyword(key, left, right)
}

/// Whether two members of schemas say the same.
pub(super) fn same_members(
    (left, left_root): (&JsonObject, &Value),
    (right, right_root): (&JsonObject, &Value),
) -> bool {
    Comparison {
        left_root,
        right_root,
        assumed: HashSet::new(),
    }
    .objects(left, right)
}

struct Comparison<'a> {
    left_root: &'a Value,
    right_root: &'a Value,
    /// Pairs of references being compared: they are the same unless shown otherwise.
    assumed: HashSet<(String, String)>,
}

impl Comparison<'_> {
    fn schemas(&mut self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Object(left), Value::Object(right)) => self.objects(left, right),
            _ => left == right,
        }
    }

    fn objects(&mut self, left: &JsonObject, right: &JsonObject) -> bool {
        let counted = |object: &JsonObject| object.keys().filter(|key| !is_annotation(key)).count();
        let references = match (reference(left), reference(right)) {
            (None, None) => true,
            (Some(left), Some(right)) => self.references(left, right),
            _ => false,
        };
        references
            && counted(left) == counted(right)
            && left.iter().all(|(key, value)| {
                is_annotation(key)
                    || key == "$ref"
                    || right
                        .get(key)
                        .is_some_and(|other| self.keyword(key, value, other))
            })
    }

    fn references(&mut self, left: &str, right: &str) -> bool {
        if !self.assumed.insert((left.to_owned(), right.to_owned())) {
            return true;
        }
        match (resolve(left, self.left_root), resolve(right, self.right_root)) {
            (Some(left), Some(right)) => self.schemas(left, right),
            (None, None) => left == right,
            _ => false,
        }
    }

    fn keyword(&mut self, key: &str, left: &Value, right: &Value) -> bool {
        match (left, right) {
            _ if walk::SINGLE.contains(&key) => self.schemas(left, right),
            (Value::Object(left), Value::Object(right)) if walk::MAPS.contains(&key) => {
                left.len() == right.len()
                    && left.iter().all(|(name, schema)| {
                        right.get(name).is_some_and(|other| self.schemas(schema, other))
                    })
            }
            (Value::Array(left), Value::Array(right)) if walk::LISTS.contains(&key) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|(left, right)| self.schemas(left, right))
            }
            // Data, or something that is not understood.
            _ => left == right,
        }
    }
}
