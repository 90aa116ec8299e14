//! Names: those that are known, those that must be there, and all others.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::conjunct::{Conjunct, Types, reference, resolve};
use super::prove::{Names, Prover, gap};
use super::{Direction, Gap, Narrow};
use crate::protocol::JsonObject;
use crate::schema::walk::escaped;
use crate::schema_lock::change::ChangeKind;

/// Schemas within schemas looked through for names.
const DEPTH_MAX: usize = 32;

/// What further names may stand for.
enum Further<'a> {
    /// There are none.
    None,
    /// Nothing is said about them.
    Unsaid,
    /// Each fits this.
    Said(Conjunct<'a>),
}

impl<'a> Prover<'a> {
    pub(super) fn names(&self, narrow: &Conjunct<'a>, wide: &Conjunct<'a>) -> Names {
        let gathered = |conjunct: &Conjunct<'a>, root: &Value| {
            let mut names = BTreeSet::new();
            for member in &conjunct.members {
                gather_of_object(member, root, &mut names, 0);
            }
            names
        };
        Names {
            narrow: gathered(narrow, self.narrow_root),
            wide: gathered(wide, self.wide_root),
        }
    }

    /// Names that came or went: each is told once, whatever the schemas say about names in general.
    pub(super) fn known_names(
        &self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        if !narrow.types().meets(Types::OBJECT) || !wide.types().meets(Types::OBJECT) {
            return Vec::new();
        }
        let (only_narrow, only_wide) = match (self.direction, self.narrow_is) {
            // Whoever sends it finds nobody to take it.
            (Direction::Input, Narrow::Old) => (Some(ChangeKind::Removed), None),
            (Direction::Input, Narrow::New) => (Some(ChangeKind::Added), None),
            // Whoever reads it finds nothing.
            (Direction::Output, Narrow::New) => (None, Some(ChangeKind::Removed)),
            (Direction::Output, Narrow::Old) => (None, Some(ChangeKind::Added)),
        };
        let told =
            |kind: Option<ChangeKind>, names: &BTreeSet<String>, others: &BTreeSet<String>| -> Vec<Gap> {
                let Some(kind) = kind else {
                    return Vec::new();
                };
                let gone = names.difference(others);
                gone.map(|name| gap(kind, &property_path(path, name), None, None))
                    .collect()
            };
        let mut gaps = told(only_narrow, &names.narrow, &names.wide);
        gaps.extend(told(only_wide, &names.wide, &names.narrow));
        gaps
    }

    /// What the wide schema says about names: declared ones, those that match a pattern, and all others.
    pub(super) fn objects(
        &mut self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        let (declared, wide_declared) = (narrow.declared(), wide.declared());
        let results_may_grow = (self.direction, self.narrow_is) == (Direction::Output, Narrow::New);
        let mut gaps = Vec::new();
        for name in declared.union(&wide_declared) {
            let wide_property = self.property(wide, name, self.wide_root, true);
            let is_told = !names.wide.contains(*name);
            // A name that came or went is told already. A new field of a result is no harm where names were counted,
            // but where all others had to be of one kind.
            if wide_property.says_nothing() || is_told && (!results_may_grow || wide_property.never) {
                continue;
            }
            let own = if declared.contains(name) {
                self.property(narrow, name, self.narrow_root, false)
            } else {
                match self.further(narrow, name, self.narrow_root) {
                    Further::None => continue,
                    // It is told that the name came or went; nobody has sent it with another meaning.
                    Further::Unsaid if !names.narrow.contains(*name) => continue,
                    Further::Unsaid => Conjunct::default(),
                    Further::Said(own) => own,
                }
            };
            let path = match wide_declared.contains(name) {
                true => property_path(path, name),
                false => format!("{path}/additionalProperties"),
            };
            gaps.extend(self.location(&own, &wide_property, &path));
        }
        gaps.extend(self.patterns(narrow, wide, path));
        gaps.extend(self.further_names(narrow, wide, results_may_grow, path));
        gaps
    }

    /// Names that must be there.
    pub(super) fn required(
        &self,
        narrow: &Conjunct<'a>,
        wide: &Value,
        names: &Names,
        path: &str,
    ) -> Vec<Gap> {
        let required = wide.as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing = required.filter(|name| !narrow.requires(name));
        let told = |name: &str| {
            let known = names.narrow.contains(name);
            let (optional, required) = (Some(Value::from("optional")), Some(Value::from("required")));
            let (kind, narrow, wide) = match (self.direction, self.narrow_is) {
                (_, Narrow::Old) if known => (ChangeKind::Required, optional, required),
                (Direction::Input, Narrow::Old) => (ChangeKind::Required, None, required),
                (_, Narrow::New) if known => (ChangeKind::Optional, optional, required),
                // Something that was never declared, but promised.
                (Direction::Output, Narrow::New) if !names.wide.contains(name) => {
                    (ChangeKind::Optional, None, required)
                }
                // That the name came or went is told already.
                _ => return None,
            };
            Some(gap(kind, &property_path(path, name), narrow, wide))
        };
        missing.filter_map(told).collect()
    }

    /// Names that nobody declares and that match a pattern.
    fn patterns(&mut self, narrow: &Conjunct<'a>, wide: &Conjunct<'a>, path: &str) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (pattern, schema) in wide.members.iter().flat_map(|member| patterns_of(member)) {
            let mut own = Conjunct::default();
            let own_patterns = narrow.members.iter().flat_map(|member| patterns_of(member));
            let (same, others): (Vec<_>, Vec<_>) = own_patterns.partition(|(own, _)| *own == pattern);
            same.iter()
                .for_each(|(_, schema)| own.add(schema, self.narrow_root));
            if same.is_empty() && others.is_empty() {
                match self.further(narrow, "", self.narrow_root) {
                    Further::None => continue,
                    Further::Said(further) => own = further,
                    Further::Unsaid => {}
                }
            }
            let path = format!("{path}/patternProperties/{}", escaped(pattern));
            gaps.extend(self.location(&own, &Conjunct::of(schema, self.wide_root), &path));
        }
        gaps
    }

    /// Names that nobody declares and that match no pattern of the wide schema.
    fn further_names(
        &mut self,
        narrow: &Conjunct<'a>,
        wide: &Conjunct<'a>,
        results_may_grow: bool,
        path: &str,
    ) -> Vec<Gap> {
        let wide_further = match self.further(wide, "", self.wide_root) {
            Further::Unsaid => return Vec::new(),
            Further::None if results_may_grow => return Vec::new(),
            Further::None => Conjunct {
                never: true,
                ..Conjunct::default()
            },
            Further::Said(further) => further,
        };
        let path = format!("{path}/additionalProperties");
        let mut gaps = Vec::new();
        let wide_patterns = wide.members.iter().flat_map(|member| patterns_of(member));
        let wide_patterns: BTreeSet<&String> = wide_patterns.map(|(pattern, _)| pattern).collect();
        for (pattern, schema) in narrow.members.iter().flat_map(|member| patterns_of(member)) {
            if !wide_patterns.contains(pattern) {
                let own = Conjunct::of(schema, self.narrow_root);
                gaps.extend(self.location(&own, &wide_further, &path));
            }
        }
        match self.further(narrow, "", self.narrow_root) {
            Further::None => {}
            Further::Unsaid => gaps.extend(self.location(&Conjunct::default(), &wide_further, &path)),
            Further::Said(own) => gaps.extend(self.location(&own, &wide_further, &path)),
        }
        gaps
    }

    /// What the property `name` must fit. Where it cannot be told whether a pattern matches, everything that might be
    /// demanded is, if `in_doubt`, and nothing otherwise.
    pub(super) fn property(
        &self,
        conjunct: &Conjunct<'a>,
        name: &str,
        root: &'a Value,
        in_doubt: bool,
    ) -> Conjunct<'a> {
        let mut schema = Conjunct::default();
        for member in &conjunct.members {
            let properties = member.get("properties");
            let declared = properties.and_then(|properties| properties.get(name));
            declared
                .into_iter()
                .for_each(|declared| schema.add(declared, root));
            let mut is_covered = Some(declared.is_some());
            for (pattern, own) in patterns_of(member) {
                let matched = matches(pattern, name);
                if matched.unwrap_or(in_doubt) {
                    schema.add(own, root);
                }
                is_covered = match (is_covered, matched) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (covered, Some(false)) => covered,
                    (_, None) => None,
                };
            }
            if !is_covered.unwrap_or(!in_doubt)
                && let Some(further) = member.get("additionalProperties")
            {
                schema.add(further, root);
            }
        }
        schema
    }

    /// What a name that a conjunct does not declare may stand for; the empty one means any that matches no pattern.
    fn further(&self, conjunct: &Conjunct<'a>, name: &str, root: &'a Value) -> Further<'a> {
        let mut said = None;
        for member in &conjunct.members {
            if let Some(further) = member.get("additionalProperties")
                && !patterns_of(member)
                    .any(|(pattern, _)| !name.is_empty() && matches(pattern, name) != Some(false))
            {
                said.get_or_insert_with(Conjunct::default).add(further, root);
            }
            for (pattern, own) in patterns_of(member) {
                if !name.is_empty() && matches(pattern, name) == Some(true) {
                    said.get_or_insert_with(Conjunct::default).add(own, root);
                }
            }
        }
        match said {
            None => Further::Unsaid,
            Some(said) if said.never => Further::None,
            Some(said) => Further::Said(said),
        }
    }
}

fn patterns_of(member: &JsonObject) -> impl Iterator<Item = (&String, &Value)> {
    member
        .get("patternProperties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Whether a name matches a pattern; `None` if that cannot be told, because the pattern is none of this dialect.
fn matches(pattern: &str, name: &str) -> Option<bool> {
    Regex::new(pattern).ok().map(|pattern| pattern.is_match(name))
}

fn property_path(path: &str, name: &str) -> String {
    format!("{path}/properties/{}", escaped(name))
}

/// All names a schema knows, in whatever alternative.
fn gather(schema: &Value, root: &Value, names: &mut BTreeSet<String>, depth: usize) {
    if let Value::Object(object) = schema {
        gather_of_object(object, root, names, depth);
    }
}

fn gather_of_object(object: &JsonObject, root: &Value, names: &mut BTreeSet<String>, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Some(target) = reference(object).and_then(|target| resolve(target, root)) {
        gather(target, root, names, depth + 1);
    }
    if let Some(Value::Object(properties)) = object.get("properties") {
        names.extend(properties.keys().cloned());
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for part in object.get(key).and_then(Value::as_array).into_iter().flatten() {
            gather(part, root, names, depth + 1);
        }
    }
    for key in ["if", "then", "else"] {
        if let Some(part) = object.get(key) {
            gather(part, root, names, depth + 1);
        }
    }
    if let Some(Value::Object(parts)) = object.get("dependentSchemas") {
        parts
            .values()
            .for_each(|part| gather(part, root, names, depth + 1));
    }
}
