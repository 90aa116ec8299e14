//! Numbers, texts, lists, and schemas that only few values fit.

use std::cmp::Ordering;

use serde_json::{Number, Value, json};

use super::conjunct::{Conjunct, Types};
use crate::protocol::JsonObject;

/// Integers up to here are exact as floating-point numbers, too.
const EXACT: i128 = 1 << 53;

/// The values that fit, if they are few enough to be named: those of `enum` and `const`, `true`, `false` and `null`.
/// Some of them may not fit after all.
pub(super) fn few_values(conjunct: &Conjunct<'_>) -> Option<Vec<Value>> {
    let mut lists = conjunct.all("enum").filter_map(Value::as_array).cloned();
    let constants = conjunct.all("const").map(|value| vec![value.clone()]);
    let types = conjunct.types();
    let of_type = types.within(Types::FEW).then(|| {
        let mut values = Vec::new();
        if types.meets(Types::NULL) {
            values.push(Value::Null);
        }
        if types.meets(Types::BOOLEAN) {
            values.extend([Value::from(false), Value::from(true)]);
        }
        values
    });
    lists.next().or_else(|| constants.into_iter().next()).or(of_type)
}

/// Whether `value` fits, as a validator sees it; `None` if that cannot be told.
pub(super) fn fits(value: &Value, conjunct: &Conjunct<'_>, root: &Value) -> Option<bool> {
    if conjunct.never || conjunct.members.is_empty() {
        return Some(!conjunct.never);
    }
    let members: Vec<Value> = conjunct
        .members
        .iter()
        .map(|member| Value::Object((*member).clone()))
        .collect();
    let mut schema = json!({ "allOf": members });
    for key in ["$defs", "definitions"] {
        if let Some(definitions) = root.get(key) {
            schema[key] = definitions.clone();
        }
    }
    if refers_elsewhere(&schema) {
        return None;
    }
    let validator = jsonschema::draft202012::new(&schema).ok()?;
    Some(validator.is_valid(value))
}

/// Whether a schema refers to something that a part of it, taken out of its root, does not bring along.
fn refers_elsewhere(schema: &Value) -> bool {
    match schema {
        Value::Object(object) => object.iter().any(|(key, value)| match (key.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                !reference.starts_with("#/$defs/") && !reference.starts_with("#/definitions/")
            }
            ("$dynamicRef" | "$recursiveRef" | "$id", _) => true,
            _ => refers_elsewhere(value),
        }),
        Value::Array(items) => items.iter().any(refers_elsewhere),
        _ => false,
    }
}

/// A limit of numbers: the number, and whether it is allowed itself.
#[derive(Clone, Debug)]
struct Limit {
    number: Number,
    included: bool,
}

/// Whether a limit of the wide schema follows: `keyword` is one of `minimum`, `maximum`, `exclusiveMinimum`,
/// `exclusiveMaximum`, with the number `limit`.
pub(super) fn limit_follows(narrow: &Conjunct<'_>, keyword: &str, limit: &Value) -> bool {
    let Value::Number(limit) = limit else {
        return false;
    };
    let from_below = keyword.ends_with("inimum");
    let wide = Limit {
        number: limit.clone(),
        included: !keyword.starts_with("exclusive"),
    };
    let whole = narrow.types().and(Types::NUMBER) == Types::INTEGER;
    let (including, excluding) = match from_below {
        true => ("minimum", "exclusiveMinimum"),
        false => ("maximum", "exclusiveMaximum"),
    };
    let limits = |keyword: &'static str, included: bool| {
        let numbers = narrow.all(keyword).filter_map(Value::as_number);
        numbers.map(move |number| Limit {
            number: number.clone(),
            included,
        })
    };
    let mut limits = limits(including, true).chain(limits(excluding, false));
    limits.any(|narrow| is_tighter(&narrow, &wide, from_below, whole))
}

/// Whether everything on the right side of `narrow` is on the right side of `wide`.
fn is_tighter(narrow: &Limit, wide: &Limit, from_below: bool, whole: bool) -> bool {
    let Some(order) = compared(&narrow.number, &wide.number) else {
        return false;
    };
    let order = if from_below { order } else { order.reverse() };
    match order {
        Ordering::Greater => true,
        Ordering::Equal => wide.included || !narrow.included,
        // `> 0` is `>= 1` for integers.
        Ordering::Less => {
            let step = if from_below { 1 } else { -1 };
            let next = integer(&narrow.number).map(|number| number + step);
            whole && !narrow.included && wide.included && next.is_some() && next == integer(&wide.number)
        }
    }
}

fn compared(left: &Number, right: &Number) -> Option<Ordering> {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        // Large integers are not compared with fractions: they may not be what they look like.
        (Some(large), None) | (None, Some(large)) if large.abs() > EXACT => None,
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    let whole = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    whole.or_else(|| {
        let float = number.as_f64()?;
        // In this range the conversion is exact.
        (float.fract() == 0.0 && float.abs() < EXACT as f64).then_some(float as i128)
    })
}

/// Whether every number is a multiple of `step`.
pub(super) fn multiple_follows(narrow: &Conjunct<'_>, step: &Value) -> bool {
    let Some(step) = step.as_number().and_then(integer).filter(|step| *step > 0) else {
        return narrow.all("multipleOf").any(|narrow| narrow == step);
    };
    let whole = narrow.types().and(Types::NUMBER) == Types::INTEGER;
    let mut steps = narrow
        .all("multipleOf")
        .filter_map(Value::as_number)
        .filter_map(integer);
    whole && step == 1 || steps.any(|narrow| narrow % step == 0)
}

/// Whether a lower limit of a count follows (`minLength`, `minItems`, `minProperties`); `known` is what is known
/// besides.
pub(super) fn at_least(narrow: &Conjunct<'_>, keyword: &str, limit: &Value, known: u64) -> bool {
    let own = narrow.all(keyword).filter_map(count).max().unwrap_or_default();
    count(limit).is_some_and(|limit| own.max(known) >= limit)
}

/// Whether an upper limit of a count follows.
pub(super) fn at_most(narrow: &Conjunct<'_>, keyword: &str, limit: &Value) -> bool {
    let own = narrow.all(keyword).filter_map(count).min();
    own.zip(count(limit)).is_some_and(|(own, limit)| own <= limit)
}

/// A count, which may be written as a fraction without one.
pub(super) fn count(value: &Value) -> Option<u64> {
    integer(value.as_number()?).and_then(|count| u64::try_from(count).ok())
}

/// The most items a list can have.
pub(super) fn items_max(conjunct: &Conjunct<'_>) -> Option<u64> {
    conjunct.all("maxItems").filter_map(count).min()
}

/// What the item at `index` must fit; beyond all prefixes, what the rest must fit.
pub(super) fn item_schema(member: &JsonObject, index: usize) -> Option<&Value> {
    let prefix = member.get("prefixItems").and_then(Value::as_array);
    prefix
        .and_then(|prefix| prefix.get(index))
        .or_else(|| member.get("items"))
}

/// How many items have a schema of their own.
pub(super) fn prefix_length(member: &JsonObject) -> usize {
    member
        .get("prefixItems")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}
