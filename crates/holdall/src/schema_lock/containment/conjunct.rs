//! [`Conjunct`]: a schema as the list of everything that must hold at once.

use std::collections::BTreeSet;

use serde_json::Value;

use super::same::is_annotation;
use crate::protocol::JsonObject;

/// References followed one after the other before a schema is taken for endless.
const REFERENCES_MAX: usize = 64;

/// What a value must fit, all of it. Members are objects of one root, or those alternatives were chosen by; their
/// `$ref` and `allOf` are members of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conjunct<'a> {
    pub(super) members: Vec<&'a JsonObject>,
    /// Nothing fits.
    pub(super) never: bool,
    /// Lists of alternatives of which one has been chosen.
    pub(super) chosen: Vec<&'a [Value]>,
}

impl<'a> Conjunct<'a> {
    /// Everything that `schema`, a part of `root`, demands.
    pub(super) fn of(schema: &'a Value, root: &'a Value) -> Self {
        let mut conjunct = Self::default();
        conjunct.add(schema, root);
        conjunct
    }

    /// Demands `schema` as well.
    pub(super) fn add(&mut self, schema: &'a Value, root: &'a Value) {
        self.gather(schema, root, 0);
    }

    fn gather(&mut self, schema: &'a Value, root: &'a Value, references: usize) {
        match schema {
            Value::Bool(false) => self.never = true,
            Value::Object(object) => {
                if references > REFERENCES_MAX {
                    return;
                }
                let target = reference(object).and_then(|pointer| resolve(pointer, root));
                if let Some(target) = target {
                    self.gather(target, root, references + 1);
                }
                for part in object
                    .get("allOf")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    self.gather(part, root, references + 1);
                }
                // What only refers to others says nothing itself.
                let says_something = object
                    .keys()
                    .any(|key| !is_annotation(key) && key != "allOf" && (key != "$ref" || target.is_none()));
                if says_something && !self.members.iter().any(|known| std::ptr::eq(*known, object)) {
                    self.members.push(object);
                }
            }
            _ => {}
        }
    }

    /// The values of a keyword, one for each member that has it.
    pub(super) fn all(&self, keyword: &str) -> impl Iterator<Item = &'a Value> {
        self.members.iter().filter_map(move |member| member.get(keyword))
    }

    /// Whether anything fits.
    pub(super) fn says_nothing(&self) -> bool {
        self.members.is_empty() && !self.never
    }

    /// A list of alternatives of which none has been chosen yet.
    pub(super) fn alternatives(&self) -> Option<&'a [Value]> {
        let lists = self
            .all("anyOf")
            .chain(self.all("oneOf"))
            .filter_map(Value::as_array);
        let mut lists = lists.map(Vec::as_slice);
        lists.find(|list| !self.chosen.iter().any(|chosen| std::ptr::eq(*chosen, *list)))
    }

    /// The same with one of the alternatives chosen.
    pub(super) fn choosing(&self, list: &'a [Value], alternative: &'a Value, root: &'a Value) -> Self {
        let mut chosen = self.clone();
        chosen.chosen.push(list);
        chosen.add(alternative, root);
        chosen
    }

    /// The names any member declares.
    pub(super) fn declared(&self) -> BTreeSet<&'a str> {
        let properties = self.all("properties").filter_map(Value::as_object);
        properties
            .flat_map(|properties| properties.keys().map(String::as_str))
            .collect()
    }

    /// Whether a member requires `name`.
    pub(super) fn requires(&self, name: &str) -> bool {
        let mut required = self.all("required").filter_map(Value::as_array);
        required.any(|names| names.iter().any(|required| required == name))
    }

    /// The types a value can have.
    pub(super) fn types(&self) -> Types {
        if self.never {
            return Types::NONE;
        }
        self.all("type")
            .fold(Types::ANY, |types, keyword| types.and(Types::named(keyword)))
    }
}

/// A set of types. Integers and other numbers are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ANY: Self = Self(0b111_1111);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const OBJECT: Self = Self(4);
    pub(super) const ARRAY: Self = Self(8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const INTEGER: Self = Self(32);
    pub(super) const FRACTION: Self = Self(64);
    pub(super) const NUMBER: Self = Self(32 | 64);
    /// Of which boolean and null have no values but a few.
    pub(super) const FEW: Self = Self(1 | 2);

    const NAMES: [(&'static str, Self); 7] = [
        ("null", Self::NULL),
        ("boolean", Self::BOOLEAN),
        ("object", Self::OBJECT),
        ("array", Self::ARRAY),
        ("string", Self::STRING),
        ("integer", Self::INTEGER),
        ("number", Self::NUMBER),
    ];

    /// Those the keyword `type` names.
    pub(super) fn named(keyword: &Value) -> Self {
        let one = |name: &Value| {
            let found = Self::NAMES.iter().find(|(known, _)| name == known);
            found.map_or(Self::NONE, |(_, types)| *types)
        };
        match keyword {
            Value::Array(names) => names.iter().map(one).fold(Self::NONE, Self::or),
            name => one(name),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(super) fn within(self, other: Self) -> bool {
        self.and(other) == self
    }

    /// Whether there is any in both.
    pub(super) fn meets(self, other: Self) -> bool {
        !self.and(other).is_empty()
    }

    /// Each type alone, as the name of the keyword has it.
    pub(super) fn names(self) -> Vec<&'static str> {
        // `number` where fractions are meant: it allows more, which proves less, but nothing wrong.
        let mut names: Vec<_> = Self::NAMES[..6]
            .iter()
            .filter(|(_, types)| self.meets(*types))
            .collect();
        if self.meets(Self::FRACTION) {
            names.retain(|(name, _)| *name != "integer");
            names.push(&Self::NAMES[6]);
        }
        names.into_iter().map(|(name, _)| *name).collect()
    }
}

/// Where a schema refers to.
pub(super) fn reference(object: &JsonObject) -> Option<&str> {
    object.get("$ref").and_then(Value::as_str)
}

/// What a reference within `root` means. References to elsewhere mean nothing here.
pub(in crate::schema_lock) fn resolve<'a>(reference: &str, root: &'a Value) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    let pointer = percent_encoding::percent_decode_str(pointer).decode_utf8().ok()?;
    root.pointer(&pointer)
}
