//! Which words of a schema have changed, and what does not decide which values fit but what they mean.

use serde_json::Value;

use super::change::{Change, ChangeKind, Severity};
use crate::protocol::JsonObject;
use crate::schema::walk::{self, escaped};

/// Keywords for people and models.
const WORDS: [&str; 7] = [
    "$comment",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// Changes of words between two schemas, place by place. What is in one of them alone has no words to compare.
pub(super) fn changes(before: &Value, after: &Value, path: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(before, after, path, &mut changes);
    changes
}

fn compare(before: &Value, after: &Value, path: &str, changes: &mut Vec<Change>) {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return;
    };
    for word in WORDS {
        let judged = (
            ChangeKind::Wording,
            Severity::Cosmetic,
            "people and models read something else",
        );
        changes.extend(differing(before, after, path, word, judged));
    }
    let judged = (
        ChangeKind::Meaning,
        Severity::Compatible,
        "leaving it out means something else",
    );
    changes.extend(differing(before, after, path, "default", judged));
    if reordered(before.get("enum"), after.get("enum")) {
        let judged = (
            ChangeKind::Order,
            Severity::Cosmetic,
            "the same values come in another order",
        );
        changes.extend(differing(before, after, path, "enum", judged));
    }
    for key in walk::SINGLE.iter().copied() {
        if let (Some(before), Some(after)) = (before.get(key), after.get(key)) {
            compare(before, after, &format!("{path}/{key}"), changes);
        }
    }
    for key in walk::MAPS.iter().copied() {
        if let (Some(Value::Object(before)), Some(Value::Object(after))) = (before.get(key), after.get(key)) {
            for (name, schema) in before {
                if let Some(other) = after.get(name) {
                    compare(schema, other, &format!("{path}/{key}/{}", escaped(name)), changes);
                }
            }
        }
    }
    for key in walk::LISTS.iter().copied() {
        if let (Some(Value::Array(before)), Some(Value::Array(after))) = (before.get(key), after.get(key)) {
            for (index, (schema, other)) in before.iter().zip(after).enumerate() {
                compare(schema, other, &format!("{path}/{key}/{index}"), changes);
            }
        }
    }
}

fn differing(
    before: &JsonObject,
    after: &JsonObject,
    path: &str,
    key: &str,
    (kind, severity, why): (ChangeKind, Severity, &str),
) -> Option<Change> {
    if before.get(key) == after.get(key) {
        return None;
    }
    Some(Change {
        kind,
        severity,
        path: format!("{path}/{key}"),
        before: before.get(key).cloned(),
        after: after.get(key).cloned(),
        why: why.into(),
    })
}

fn reordered(before: Option<&Value>, after: Option<&Value>) -> bool {
    let (Some(Value::Array(before)), Some(Value::Array(after))) = (before, after) else {
        return false;
    };
    before.len() == after.len() && before != after && before.iter().all(|value| after.contains(value))
}
