//! What has changed between two locks: components that came, went and were renamed, and what they promise.

use serde_json::Value;

use super::change::{Change, ChangeKind, Severity};
use super::schemas::{self, Direction};
use crate::protocol::JsonObject;
use crate::schema::walk::escaped;

/// A kind of component in the lock.
struct Shelf {
    key: &'static str,
    /// What one of it is called.
    noun: &'static str,
    /// Where its schemas are, and who sends what fits them.
    schemas: &'static [(&'static str, Direction)],
}

const SHELVES: [Shelf; 4] = [
    Shelf {
        key: "tools",
        noun: "tool",
        schemas: &[("input", Direction::Input), ("output", Direction::Output)],
    },
    Shelf {
        key: "resources",
        noun: "resource",
        schemas: &[],
    },
    Shelf {
        key: "templates",
        noun: "resource template",
        schemas: &[("variables", Direction::Input)],
    },
    Shelf {
        key: "prompts",
        noun: "prompt",
        schemas: &[("arguments", Direction::Input)],
    },
];

/// All changes between two locks.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let empty = JsonObject::new();
    let mut changes = Vec::new();
    for shelf in &SHELVES {
        let entries = |lock: &Value| lock[shelf.key].as_object().unwrap_or(&empty).clone();
        shelf.compare(&entries(before), &entries(after), &mut changes);
    }
    changes
}

impl Shelf {
    fn compare(&self, before: &JsonObject, after: &JsonObject, changes: &mut Vec<Change>) {
        let noun = self.noun;
        let added: Vec<&String> = after.keys().filter(|name| !before.contains_key(*name)).collect();
        let mut renamed = Vec::new();
        for (name, entry) in before {
            let path = format!("/{}/{}", self.key, escaped(name));
            let Some(now) = after.get(name) else {
                let twin = added
                    .iter()
                    .find(|added| !renamed.contains(*added) && promises_the_same(entry, &after[**added]));
                let (kind, after, why) = match twin {
                    Some(twin) => {
                        renamed.push(*twin);
                        let why = format!(
                            "the {noun} is now called `{twin}`: who knows the old name does not find it"
                        );
                        (ChangeKind::Renamed, Some(Value::from(twin.as_str())), why)
                    }
                    None => (
                        ChangeKind::Removed,
                        None,
                        format!("there is no such {noun} any more"),
                    ),
                };
                let before = after.is_some().then(|| Value::from(name.as_str()));
                changes.push(change(kind, Severity::Breaking, path, (before, after), why));
                continue;
            };
            self.compare_entries(entry, now, &path, changes);
        }
        for name in added.into_iter().filter(|name| !renamed.contains(name)) {
            let path = format!("/{}/{}", self.key, escaped(name));
            let why = format!("there is a new {noun}");
            changes.push(change(
                ChangeKind::Added,
                Severity::Compatible,
                path,
                (None, None),
                why,
            ));
        }
    }

    fn compare_entries(&self, before: &Value, after: &Value, path: &str, changes: &mut Vec<Change>) {
        for key in ["title", "description", "name", "tags"] {
            if before.get(key) != after.get(key) {
                let why = format!(
                    "people and models read another {}",
                    if key == "tags" { "list of tags" } else { key }
                );
                changes.push(differing(
                    ChangeKind::Wording,
                    Severity::Cosmetic,
                    path,
                    key,
                    before,
                    after,
                    why,
                ));
            }
        }
        scopes(before, after, path, changes);
        hints(before, after, path, changes);
        if before.get("mimeType") != after.get("mimeType") {
            let severity = match before.get("mimeType") {
                Some(_) => Severity::Breaking,
                None => Severity::Compatible,
            };
            let why = "the contents are read as something else".to_owned();
            changes.push(differing(
                ChangeKind::Retyped,
                severity,
                path,
                "mimeType",
                before,
                after,
                why,
            ));
        }
        for (key, direction) in self.schemas {
            let path = format!("{path}/{key}");
            match (before.get(key), after.get(key)) {
                (Some(before), Some(after)) => {
                    changes.extend(schemas::changes(*direction, before, after, &path))
                }
                (Some(_), None) => {
                    let why = "nothing is promised about the result any more".to_owned();
                    changes.push(change(
                        ChangeKind::Removed,
                        Severity::Breaking,
                        path,
                        (None, None),
                        why,
                    ));
                }
                (None, Some(_)) => {
                    let why = "something is promised about the result now".to_owned();
                    changes.push(change(
                        ChangeKind::Added,
                        Severity::Compatible,
                        path,
                        (None, None),
                        why,
                    ));
                }
                (None, None) => {}
            }
        }
    }
}

/// Whether two components are one, but for the name.
fn promises_the_same(before: &Value, after: &Value) -> bool {
    let without_name = |entry: &Value| {
        let mut entry = entry.clone();
        entry.as_object_mut().map(|entry| entry.shift_remove("name"));
        entry
    };
    without_name(before) == without_name(after)
}

fn scopes(before: &Value, after: &Value, path: &str, changes: &mut Vec<Change>) {
    let scopes = |entry: &Value| -> Vec<String> {
        let scopes = entry["scopes"].as_array().into_iter().flatten();
        scopes.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (old, new) = (scopes(before), scopes(after));
    let path = format!("{path}/scopes");
    for scope in new.iter().filter(|scope| !old.contains(scope)) {
        let why = format!("callers need the scope `{scope}` now");
        let values = (None, Some(scope.as_str().into()));
        changes.push(change(
            ChangeKind::Access,
            Severity::Breaking,
            path.clone(),
            values,
            why,
        ));
    }
    for scope in old.iter().filter(|scope| !new.contains(scope)) {
        let why = format!("callers no longer need the scope `{scope}`");
        let values = (Some(scope.as_str().into()), None);
        changes.push(change(
            ChangeKind::Access,
            Severity::Compatible,
            path.clone(),
            values,
            why,
        ));
    }
}

/// Hosts decide by the hints what they run without asking. Each is judged by what it means where it is not given.
fn hints(before: &Value, after: &Value, path: &str, changes: &mut Vec<Change>) {
    let before_hints = before.get("annotations").unwrap_or(&Value::Null);
    let after_hints = after.get("annotations").unwrap_or(&Value::Null);
    // Whether the hint is a promise when it is `true`, and what clients read where it is not given.
    for (hint, promise_if, unsaid) in [
        ("readOnlyHint", true, false),
        ("destructiveHint", false, true),
        ("idempotentHint", true, false),
        ("openWorldHint", false, true),
    ] {
        let read = |hints: &Value| hints.get(hint).and_then(Value::as_bool).unwrap_or(unsaid);
        let (old, new) = (read(before_hints), read(after_hints));
        if old == new {
            continue;
        }
        let (severity, why) = if old == promise_if {
            (
                Severity::Breaking,
                "a promise is taken back, by which hosts run the tool without asking",
            )
        } else {
            (Severity::Compatible, "more is promised about what the tool does")
        };
        let path = format!("{path}/annotations/{hint}");
        let values = (Some(old.into()), Some(new.into()));
        changes.push(change(ChangeKind::Meaning, severity, path, values, why.into()));
    }
    if before_hints.get("title") != after_hints.get("title") {
        let path = format!("{path}/annotations");
        let why = "people read another title".to_owned();
        changes.push(differing(
            ChangeKind::Wording,
            Severity::Cosmetic,
            &path,
            "title",
            before_hints,
            after_hints,
            why,
        ));
    }
}

fn differing(
    kind: ChangeKind,
    severity: Severity,
    path: &str,
    key: &str,
    before: &Value,
    after: &Value,
    why: String,
) -> Change {
    let values = (before.get(key).cloned(), after.get(key).cloned());
    change(kind, severity, format!("{path}/{key}"), values, why)
}

fn change(
    kind: ChangeKind,
    severity: Severity,
    path: String,
    (before, after): (Option<Value>, Option<Value>),
    why: String,
) -> Change {
    Change {
        kind,
        severity,
        path,
        before,
        after,
        why,
    }
}
