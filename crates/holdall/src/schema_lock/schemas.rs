//! What has changed between two schemas.

use std::collections::HashSet;

use serde_json::Value;

use super::change::{Change, ChangeKind, Severity};
pub(super) use super::containment::Direction;
use super::containment::{Gap, Narrow, gaps, same};
use super::wording;

/// All changes between two schemas at `path` in the lock.
pub(super) fn changes(direction: Direction, before: &Value, after: &Value, path: &str) -> Vec<Change> {
    if before == after {
        return Vec::new();
    }
    // Arguments that were right must still be right; results that come now must be such as could come before.
    let (breaking, compatible) = match direction {
        Direction::Input => (Narrow::Old, Narrow::New),
        Direction::Output => (Narrow::New, Narrow::Old),
    };
    let found = |narrow_is| match narrow_is {
        Narrow::Old => gaps(direction, narrow_is, before, after),
        Narrow::New => gaps(direction, narrow_is, after, before),
    };
    let mut changes = Vec::new();
    if !same(before, before, after, after) {
        let broken = found(breaking).into_iter();
        changes.extend(broken.map(|gap| told(direction, breaking, Severity::Breaking, gap, path)));
        let known: HashSet<String> = changes.iter().map(|change| change.path.clone()).collect();
        let more = found(compatible).into_iter();
        let more = more.map(|gap| told(direction, compatible, Severity::Compatible, gap, path));
        changes.extend(more.filter(|change| !known.contains(&change.path)));
    }
    if dialect(before) != dialect(after) {
        changes.push(other_dialect(before, after, path));
    }
    changes.extend(wording::changes(before, after, path));
    if changes.is_empty() {
        changes.push(written_differently(before, after, path));
    }
    changes
}

/// A gap as a change: what is missing from the wide schema, seen in time.
fn told(direction: Direction, narrow_is: Narrow, severity: Severity, gap: Gap, path: &str) -> Change {
    let Gap {
        kind,
        path: within,
        narrow,
        wide,
    } = gap;
    let (before, after) = match narrow_is {
        Narrow::Old => (narrow, wide),
        Narrow::New => (wide, narrow),
    };
    let kind = match (kind, narrow_is, severity) {
        (ChangeKind::Unproven | ChangeKind::Retyped, _, Severity::Breaking) => kind,
        // Seen from the new schema, what does not fit the old one is more than before.
        (ChangeKind::Narrowed | ChangeKind::Unproven | ChangeKind::Retyped, Narrow::New, _) => {
            ChangeKind::Widened
        }
        (ChangeKind::Unproven | ChangeKind::Retyped, Narrow::Old, _) => ChangeKind::Narrowed,
        _ => kind,
    };
    let is_new = before.is_none();
    Change {
        why: why(direction, severity, kind, is_new).to_owned(),
        kind,
        severity,
        path: format!("{path}{within}"),
        before,
        after,
    }
}

fn why(direction: Direction, severity: Severity, kind: ChangeKind, is_new: bool) -> &'static str {
    match (direction, severity, kind) {
        (Direction::Input, Severity::Breaking, kind) => match kind {
            ChangeKind::Removed => "nobody takes it any more: calls that send it fail, or lose it",
            ChangeKind::Required if is_new => {
                "it is new, and calls must send it: those that were right do not"
            }
            ChangeKind::Required => "it may no longer be left out: calls that leave it out fail",
            ChangeKind::Retyped => "it has another type: what was sent is refused",
            ChangeKind::Unproven => "it cannot be shown that everything accepted before still is",
            _ => "something that was accepted may be refused",
        },
        (Direction::Input, _, kind) => match kind {
            ChangeKind::Added => "it is new, and may be left out",
            ChangeKind::Optional => "it may be left out now",
            _ => "more is accepted than before",
        },
        (Direction::Output, Severity::Breaking, kind) => match kind {
            ChangeKind::Removed => "it is not there any more: whoever reads it finds nothing",
            ChangeKind::Optional => "it may be missing now: whoever reads it must reckon with that",
            ChangeKind::Retyped => "it has another type: whoever reads it finds something else",
            ChangeKind::Unproven => "it cannot be shown that everything that comes could come before",
            _ => "something may come that never came before",
        },
        (Direction::Output, _, kind) => match kind {
            ChangeKind::Added => "there is more to read",
            ChangeKind::Required => "it is always there now",
            _ => "less may come than before",
        },
    }
}

fn dialect(schema: &Value) -> &str {
    let dialect = schema.get("$schema").and_then(Value::as_str);
    dialect
        .unwrap_or("https://json-schema.org/draft/2020-12/schema")
        .trim_end_matches('#')
}

fn other_dialect(before: &Value, after: &Value, path: &str) -> Change {
    Change {
        kind: ChangeKind::Unproven,
        severity: Severity::Breaking,
        path: format!("{path}/$schema"),
        before: before.get("$schema").cloned(),
        after: after.get("$schema").cloned(),
        why: "the schema is written in another dialect, in which the same keywords may mean something else"
            .into(),
    }
}

fn written_differently(before: &Value, after: &Value, path: &str) -> Change {
    let why = if same(before, before, after, after) {
        "the same is said in another order"
    } else {
        "the same is said in another way"
    };
    Change {
        kind: ChangeKind::Order,
        severity: Severity::Cosmetic,
        path: path.to_owned(),
        before: None,
        after: None,
        why: why.into(),
    }
}
