//! [`Prover`]: takes two schemas apart until each keyword of the wide one follows from the narrow one.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::conjunct::{Conjunct, Types, reference, resolve};
use super::same::{is_annotation, same_keyword, same_members};
use super::{Direction, Gap, Narrow, values};
use crate::protocol::JsonObject;
use crate::schema::walk::escaped;
use crate::schema_lock::change::ChangeKind;

/// Steps of one proof. Schemas of people need some hundreds; alternatives within alternatives could need more than
/// there is time for.
pub(super) const STEPS_MAX: usize = 20_000;

/// Keywords that are understood. Of others it is not known what they mean, so they must not change.
const UNDERSTOOD: [&str; 37] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "uniqueItems",
];

/// Keywords whose meaning depends on others beside them.
const DEPENDING: [&str; 6] = ["contains", "else", "if", "maxContains", "minContains", "then"];

/// What of `wide` does not follow from `narrow`. Both are whole documents.
pub(in crate::schema_lock) fn gaps(
    direction: Direction,
    narrow_is: Narrow,
    narrow: &Value,
    wide: &Value,
) -> Vec<Gap> {
    let mut prover = Prover {
        direction,
        narrow_is,
        narrow_root: narrow,
        wide_root: wide,
        assumed: HashSet::new(),
        steps: 0,
    };
    let mut gaps = prover.location(&Conjunct::of(narrow, narrow), &Conjunct::of(wide, wide), "");
    let mut seen = HashSet::new();
    gaps.retain(|gap| seen.insert(gap.path.clone()));
    gaps
}

pub(super) struct Prover<'a> {
    pub(super) direction: Direction,
    pub(super) narrow_is: Narrow,
    pub(super) narrow_root: &'a Value,
    pub(super) wide_root: &'a Value,
    /// Pairs that are being compared. Types refer to themselves; on the way back they are taken to fit.
    assumed: HashSet<(Vec<usize>, Vec<usize>)>,
    pub(super) steps: usize,
}

/// The names that are known at a place, in whatever alternative.
pub(super) struct Names {
    pub(super) narrow: BTreeSet<String>,
    pub(super) wide: BTreeSet<String>,
}

impl<'a> Prover<'a> {
    /// Compares what two schemas say about one place.
    pub(super) fn location(&mut self, narrow: &Conjunct<'a>, wide: &Conjunct<'a>, path: &str) -> Vec<Gap> {
        let pair = (narrow.addresses(), wide.addresses());
        if self.are_same(narrow, wide) || !self.assumed.insert(pair.clone()) {
            return Vec::new();
        }
        let names = self.names(narrow, wide);
        let mut gaps = self.known_names(narrow, wide, &names, path);
        gaps.extend(self.schema(narrow, wide, &names, path));
        self.assumed.remove(&pair);
        gaps
    }

    /// What of one schema does not follow.
    pub(super) fn schema(
        &mut self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return vec![gap(ChangeKind::Unproven, path, None, None)];
        }
        if narrow.types().is_empty() {
            return Vec::new();
        }
        if wide.never {
            return vec![gap(ChangeKind::Narrowed, path, None, Some(false.into()))];
        }
        if let Some(few) = values::few_values(narrow) {
            return self.few(&few, narrow, wide, path);
        }
        let direct = self.keywords(narrow, wide, names, path);
        if direct.is_empty() {
            return direct;
        }
        match self.alternatives(narrow, wide, names, path) {
            Some(gaps) if gaps.len() <= direct.len() => gaps,
            _ => direct,
        }
    }

    /// Whether the members of the one are those of the other, but for words.
    fn are_same(&self, narrow: &Conjunct<'a>, wide: &Conjunct<'a>) -> bool {
        let mut members = narrow.members.iter().zip(&wide.members);
        narrow.never == wide.never
            && narrow.members.len() == wide.members.len()
            && members.all(|(narrow, wide)| same_members((narrow, self.narrow_root), (wide, self.wide_root)))
    }

    pub(super) fn keywords(
        &mut self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for member in &wide.members {
            for (key, value) in *member {
                if is_annotation(key) || self.is_repeated(narrow, key, value) {
                    continue;
                }
                self.steps += 1;
                gaps.extend(self.keyword(narrow, wide, (member, key, value), names, path));
            }
        }
        if narrow.types().meets(Types::OBJECT) {
            gaps.extend(self.objects(narrow, wide, names, path));
        }
        if narrow.types().meets(Types::ARRAY) {
            gaps.extend(self.items(narrow, wide, path));
        }
        // What is not understood may allow something as well as forbid it.
        for member in &narrow.members {
            for (key, value) in member.iter().filter(|(key, _)| is_unknown(key)) {
                let mut others = wide.members.iter().filter_map(|member| member.get(key));
                if !others.any(|other| self.is_same(key, value, other)) {
                    let path = format!("{path}/{}", escaped(key));
                    gaps.push(gap(ChangeKind::Unproven, &path, Some(value.clone()), None));
                }
            }
        }
        gaps
    }

    /// Whether the narrow schema has the same keyword, whose meaning is the same wherever it stands.
    fn is_repeated(&self, narrow: &Conjunct<'a>, key: &str, value: &Value) -> bool {
        !DEPENDING.contains(&key)
            && !key.starts_with("unevaluated")
            && key != "$ref"
            && narrow.all_named(key).any(|own| self.is_same(key, own, value))
    }

    fn is_same(&self, key: &str, narrow: &Value, wide: &Value) -> bool {
        same_keyword(key, (narrow, self.narrow_root), (wide, self.wide_root))
    }

    fn keyword(
        &mut self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        (member, key, value): (&'a JsonObject, &'a str, &'a Value),
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        let here = format!("{path}/{}", escaped(key));
        let types = narrow.types();
        if let Some(follows) = limit_follows(narrow, key, value) {
            return self.unless(follows, narrow, (key, value), &here);
        }
        match key {
            "$ref" => match reference(member).and_then(|target| resolve(target, self.wide_root)) {
                // Its target is a member of its own.
                Some(_) => Vec::new(),
                None => self.unproven(narrow, member, &["$ref"], &here),
            },
            "allOf" | "then" | "else" | "minContains" | "maxContains" => Vec::new(),
            "type" if types.within(Types::named(value)) => Vec::new(),
            "type" => vec![type_gap(narrow, wide, path)],
            "anyOf" => self.any_of(narrow, value, names, &here).1,
            "oneOf" => self.one_of(narrow, value, names, &here),
            "not" => self.unless(self.is_disjoint(narrow, value), narrow, (key, value), &here),
            // That the narrow schema has the same was asked before.
            "enum" | "const" | "format" => self.unless(false, narrow, (key, value), &here),
            "if" => self.condition(narrow, member, names, path),
            "contains" if !types.meets(Types::ARRAY) => Vec::new(),
            "contains" => self.unproven(narrow, member, &["contains", "minContains", "maxContains"], &here),
            // Taken together with what the other members say about the same places.
            "items" | "prefixItems" | "properties" | "patternProperties" | "additionalProperties" => {
                Vec::new()
            }
            _ if is_about_objects(key) && !types.meets(Types::OBJECT) => Vec::new(),
            "required" => self.required(narrow, value, names, path),
            "unevaluatedItems" | "unevaluatedProperties" if value == true => Vec::new(),
            // What they mean depends on everything beside them.
            "unevaluatedItems" | "unevaluatedProperties" => {
                let mut own = narrow.members.iter();
                match own.any(|own| same_members((own, self.narrow_root), (member, self.wide_root))) {
                    true => Vec::new(),
                    false => vec![gap(ChangeKind::Unproven, &here, None, Some(value.clone()))],
                }
            }
            _ => self.unproven(narrow, member, &[key], &here),
        }
    }

    fn unless(
        &self,
        follows: bool,
        narrow: &Conjunct<'a>,
        (key, value): (&str, &Value),
        path: &str,
    ) -> Vec<Gap> {
        if follows {
            return Vec::new();
        }
        let own = narrow.all_named(key).next().cloned();
        vec![gap(ChangeKind::Narrowed, path, own, Some(value.clone()))]
    }

    /// Keywords that must be the same, all of them, in one member of the narrow schema.
    pub(super) fn unproven(
        &self,
        narrow: &Conjunct<'a>,
        wide: &JsonObject,
        keys: &[&str],
        path: &str,
    ) -> Vec<Gap> {
        let holds = |member: &&&JsonObject| {
            keys.iter().all(|key| match (member.get(*key), wide.get(*key)) {
                (Some(own), Some(other)) => self.is_same(key, own, other),
                (None, None) => true,
                _ => false,
            })
        };
        if narrow.members.iter().any(|member| holds(&member)) {
            return Vec::new();
        }
        let own = keys.first().and_then(|key| narrow.all_named(key).next().cloned());
        let other = keys.first().and_then(|key| wide.get(*key).cloned());
        vec![gap(ChangeKind::Unproven, path, own, other)]
    }

    /// Lists, item by item.
    fn items(&mut self, narrow: &Conjunct<'a>, wide: &Conjunct<'a>, path: &str) -> Vec<Gap> {
        let members = narrow.members.iter().chain(&wide.members);
        let prefix = members
            .map(|member| values::prefix_length(member))
            .max()
            .unwrap_or_default();
        let most =
            values::items_max(narrow).map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let mut gaps = Vec::new();
        // The one behind the prefixes stands for all that follow.
        for index in (0..=prefix).take_while(|index| *index < most) {
            let wide_item = item(wide, index, self.wide_root);
            if wide_item.says_nothing() {
                continue;
            }
            let in_prefix = wide
                .members
                .iter()
                .any(|member| index < values::prefix_length(member));
            let path = match in_prefix {
                true => format!("{path}/prefixItems/{index}"),
                false => format!("{path}/items"),
            };
            gaps.extend(self.location(&item(narrow, index, self.narrow_root), &wide_item, &path));
        }
        gaps
    }
}

/// What the item at `index` must fit.
fn item<'a>(list: &Conjunct<'a>, index: usize, root: &'a Value) -> Conjunct<'a> {
    let mut item = Conjunct::default();
    for schema in list
        .members
        .iter()
        .filter_map(|member| values::item_schema(member, index))
    {
        item.add(schema, root);
    }
    item
}

impl<'a> Conjunct<'a> {
    /// Which schemas these are, whatever they say.
    fn addresses(&self) -> Vec<usize> {
        let members = self
            .members
            .iter()
            .map(|member| std::ptr::from_ref(*member) as usize);
        members.chain([usize::from(self.never)]).collect()
    }

    /// As [`Conjunct::all`], for a keyword that is not written here.
    pub(super) fn all_named(&self, keyword: &str) -> impl Iterator<Item = &'a Value> {
        self.members.iter().filter_map(move |member| member.get(keyword))
    }
}

pub(super) fn gap(kind: ChangeKind, path: &str, narrow: Option<Value>, wide: Option<Value>) -> Gap {
    Gap {
        kind,
        path: path.to_owned(),
        narrow,
        wide,
    }
}

pub(super) fn type_gap(narrow: &Conjunct<'_>, wide: &Conjunct<'_>, path: &str) -> Gap {
    let kind = match narrow.types().meets(wide.types()) {
        true => ChangeKind::Narrowed,
        false => ChangeKind::Retyped,
    };
    let named = |conjunct: &Conjunct<'_>| conjunct.all("type").next().cloned();
    gap(kind, &format!("{path}/type"), named(narrow), named(wide))
}

/// Whether a limit of the wide schema follows; `None` for what is no limit. Limits of other types than the narrow
/// schema allows always do.
fn limit_follows(narrow: &Conjunct<'_>, key: &str, value: &Value) -> Option<bool> {
    let types = narrow.types();
    let (about, follows) = match key {
        "multipleOf" => (Types::NUMBER, values::multiple_follows(narrow, value)),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
            (Types::NUMBER, values::limit_follows(narrow, key, value))
        }
        // That the narrow schema has the same was asked before.
        "pattern" => (Types::STRING, false),
        "minLength" => (Types::STRING, values::at_least(narrow, key, value, 0)),
        "maxLength" => (Types::STRING, values::at_most(narrow, key, value)),
        "minItems" => (Types::ARRAY, values::at_least(narrow, key, value, 0)),
        "maxItems" => (Types::ARRAY, values::at_most(narrow, key, value)),
        "uniqueItems" => {
            let too_few = values::items_max(narrow).is_some_and(|most| most < 2);
            (Types::ARRAY, value == false || too_few)
        }
        "minProperties" => {
            let required = narrow.all("required").filter_map(Value::as_array).flatten();
            let required: BTreeSet<&str> = required.filter_map(Value::as_str).collect();
            let known = required.len() as u64;
            (Types::OBJECT, values::at_least(narrow, key, value, known))
        }
        "maxProperties" => (Types::OBJECT, values::at_most(narrow, key, value)),
        _ => return None,
    };
    Some(follows || !types.meets(about))
}

fn is_unknown(key: &str) -> bool {
    !is_annotation(key) && !UNDERSTOOD.contains(&key) && !key.starts_with("unevaluated")
}

fn is_about_objects(key: &str) -> bool {
    matches!(
        key,
        "additionalProperties"
            | "dependentRequired"
            | "dependentSchemas"
            | "patternProperties"
            | "properties"
            | "propertyNames"
            | "required"
    )
}
