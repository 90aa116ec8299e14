//! Alternatives: one by one where they are given, and all at once where one of them must follow.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::conjunct::{Conjunct, Types};
use super::prove::{Names, Prover, STEPS_MAX, gap, type_gap};
use super::{Gap, values};
use crate::protocol::JsonObject;
use crate::schema_lock::change::ChangeKind;

/// A schema for each type alone.
static TYPES: LazyLock<JsonObject> = LazyLock::new(|| {
    let names = [
        "null", "boolean", "object", "array", "string", "integer", "number",
    ];
    names
        .into_iter()
        .map(|name| (name.to_owned(), json!({ "type": name })))
        .collect()
});

impl<'a> Prover<'a> {
    /// What does not follow if the alternatives of the narrow schema are taken one by one, or its types.
    pub(super) fn alternatives(
        &mut self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        names: &Names,
        path: &str,
    ) -> Option<Vec<Gap>> {
        let chosen: Vec<Conjunct<'a>> = if let Some(list) = narrow.alternatives() {
            let root = self.narrow_root;
            list.iter().map(|one| narrow.choosing(list, one, root)).collect()
        } else {
            let types = narrow.types().names();
            let wide_has_some = wide.all("anyOf").chain(wide.all("oneOf")).next().is_some();
            if types.len() < 2 || types.len() == 7 || !wide_has_some {
                return None;
            }
            let of_type = |name: &str| {
                let mut one = narrow.clone();
                one.members.extend(TYPES.get(name).and_then(Value::as_object));
                one
            };
            types.into_iter().map(of_type).collect()
        };
        let mut gaps = Vec::new();
        for narrow in chosen.iter().filter(|narrow| !narrow.types().is_empty()) {
            gaps.extend(match values::few_values(narrow) {
                Some(few) => self.few(&few, narrow, wide, path),
                None => {
                    let direct = self.keywords(narrow, wide, names, path);
                    match direct.is_empty() {
                        true => direct,
                        false => self.alternatives(narrow, wide, names, path).unwrap_or(direct),
                    }
                }
            });
            if self.steps > STEPS_MAX {
                break;
            }
        }
        Some(gaps)
    }

    /// A schema that only few values fit: they are tried.
    pub(super) fn few(
        &self,
        few: &[Value],
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        path: &str,
    ) -> Vec<Gap> {
        let fitting = few
            .iter()
            .filter(|value| values::fits(value, narrow, self.narrow_root) != Some(false));
        let missing: Vec<Value> = fitting
            .filter(|value| values::fits(value, wide, self.wide_root) != Some(true))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let (narrow_types, wide_types) = (narrow.types(), wide.types());
        if !narrow_types.within(wide_types) && missing.len() == few.len() {
            return vec![type_gap(narrow, wide, path)];
        }
        let decisive = ["enum", "const", "anyOf", "oneOf"];
        let decisive = decisive
            .into_iter()
            .find_map(|key| Some((format!("{path}/{key}"), wide.all(key).next()?)));
        let (path, allowed) = match decisive {
            Some((path, allowed)) => (path, Some(allowed.clone())),
            None => (path.to_owned(), None),
        };
        vec![gap(ChangeKind::Narrowed, &path, Some(Value::from(few)), allowed)]
    }

    /// Which alternative follows, or what is missing from that which comes closest.
    pub(super) fn any_of(
        &mut self,
        narrow: &Conjunct<'a>,
        list: &'a Value,
        names: &Names,
        path: &str,
    ) -> (Option<usize>, Vec<Gap>) {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut closest: Vec<Vec<Gap>> = Vec::new();
        for (index, alternative) in list.iter().enumerate() {
            let alternative = Conjunct::of(alternative, self.wide_root);
            let gaps = self.schema(narrow, &alternative, names, &format!("{path}/{index}"));
            if gaps.is_empty() {
                return (Some(index), gaps);
            }
            if alternative.types().meets(narrow.types()) {
                closest.push(gaps);
            }
        }
        let gaps = match closest.pop() {
            // There is but one that could be meant.
            Some(gaps) if closest.is_empty() => gaps,
            _ => {
                let own = narrow.all("anyOf").chain(narrow.all("oneOf")).next().cloned();
                vec![gap(ChangeKind::Narrowed, path, own, Some(Value::from(list)))]
            }
        };
        (None, gaps)
    }

    /// One alternative follows, and the narrow schema has nothing in common with the others.
    pub(super) fn one_of(
        &mut self,
        narrow: &Conjunct<'a>,
        list: &'a Value,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        let (follows, gaps) = self.any_of(narrow, list, names, path);
        let Some(index) = follows else {
            return gaps;
        };
        let mut others = list.as_array().into_iter().flatten().enumerate();
        if others.all(|(other, alternative)| other == index || self.is_disjoint(narrow, alternative)) {
            return Vec::new();
        }
        vec![gap(ChangeKind::Unproven, path, None, Some(list.clone()))]
    }

    /// `if` is the same, or both outcomes follow anyway.
    pub(super) fn condition(
        &mut self,
        narrow: &Conjunct<'a>,
        member: &'a JsonObject,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        let gaps = self.unproven(narrow, member, &["if", "then", "else"], &format!("{path}/if"));
        let both_follow = ["then", "else"].into_iter().all(|key| {
            let outcome = member.get(key);
            outcome.is_none_or(|outcome| {
                let outcome = Conjunct::of(outcome, self.wide_root);
                self.schema(narrow, &outcome, names, path).is_empty()
            })
        });
        if both_follow { Vec::new() } else { gaps }
    }

    /// Whether no value fits both. `other` is a part of the wide schema.
    pub(super) fn is_disjoint(&self, narrow: &Conjunct<'a>, other: &'a Value) -> bool {
        let other = Conjunct::of(other, self.wide_root);
        if other.never || !narrow.types().meets(other.types()) {
            return true;
        }
        let none_fits = |few: Option<Vec<Value>>, conjunct: &Conjunct<'a>, root: &Value| {
            few.is_some_and(|few| {
                few.iter()
                    .all(|value| values::fits(value, conjunct, root) == Some(false))
            })
        };
        if none_fits(values::few_values(narrow), &other, self.wide_root)
            || none_fits(values::few_values(&other), narrow, self.narrow_root)
        {
            return true;
        }
        // A property that is always there, and tells the one from the other.
        let only_objects = narrow.types() == Types::OBJECT;
        only_objects
            && narrow
                .declared()
                .into_iter()
                .filter(|name| narrow.requires(name))
                .any(|name| {
                    let own = self.property(narrow, name, self.narrow_root, false);
                    let others = self.property(&other, name, self.wide_root, false);
                    none_fits(values::few_values(&own), &others, self.wide_root)
                })
    }
}
