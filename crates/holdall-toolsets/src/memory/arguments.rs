//! What callers hand over, named as the reference server names it.

use holdall::prelude::*;
use serde::{Deserialize, Serialize};

/// Entities, relations, names and the like of one call.
pub(super) const ITEMS_MAX: u64 = 1000;
/// Characters of a name or a type.
pub(super) const NAME_CHARS_MAX: u64 = 1000;
/// Characters of an observation: some eight pages. More is a note.
pub(super) const OBSERVATION_CHARS_MAX: u64 = 20_000;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Entity {
    #[schemars(length(min = 1, max = NAME_CHARS_MAX))]
    pub(super) name: String,
    /// What it is: "person", "project".
    #[schemars(length(max = NAME_CHARS_MAX))]
    pub(super) entity_type: String,
    /// What is known of it, a fact each.
    #[schemars(length(max = ITEMS_MAX), inner(length(max = OBSERVATION_CHARS_MAX)))]
    pub(super) observations: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Relation {
    /// Name of the entity it starts at.
    #[schemars(length(min = 1, max = NAME_CHARS_MAX))]
    pub(super) from: String,
    /// Name of the entity it leads to.
    #[schemars(length(min = 1, max = NAME_CHARS_MAX))]
    pub(super) to: String,
    #[schemars(length(max = NAME_CHARS_MAX))]
    pub(super) relation_type: String,
}

/// Observations to add.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Remark {
    pub(super) entity_name: String,
    #[schemars(length(max = ITEMS_MAX), inner(length(max = OBSERVATION_CHARS_MAX)))]
    pub(super) contents: Vec<String>,
}

/// Observations to forget.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub(super) struct Deletion {
    pub(super) entity_name: String,
    #[schemars(length(max = ITEMS_MAX))]
    pub(super) observations: Vec<String>,
}
