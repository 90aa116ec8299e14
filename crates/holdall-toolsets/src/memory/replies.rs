//! What the tools reply. The structure is that of the reference server with fields added, and the text is the JSON it
//! sends, so that programs that read it go on working.

use holdall::prelude::*;
use serde::Serialize;

use super::arguments::{Entity, Relation};
use super::errors::named;
use super::graph::Doomed;
use crate::counted::counted;

/// What was not there is named up to this number.
const MISSING_MAX: usize = 50;

/// Entities, and relations between them.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct GraphReply {
    pub(super) entities: Vec<Entity>,
    pub(super) relations: Vec<Relation>,
    /// `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// What limits this answer, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

impl GraphReply {
    pub(super) fn has_no_entities(&self) -> bool {
        self.entities.is_empty()
    }

    pub(super) fn said(self) -> JsonWithText<Self> {
        let text = json(&self);
        Json(self).with_text(text)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct CreatedEntities {
    /// Those that are new.
    entities: Vec<Entity>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl CreatedEntities {
    pub(super) fn new(entities: Vec<Entity>, existing: &[String]) -> Self {
        let note = (!existing.is_empty()).then(|| {
            format!(
                "known already and left as they were: {}; add to them with add_observations",
                named(existing)
            )
        });
        Self { entities, note }
    }

    pub(super) fn said(self) -> JsonWithText<Self> {
        let text = with_note(json(&self.entities), self.note.as_deref());
        Json(self).with_text(text)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct CreatedRelations {
    /// Those that are new.
    relations: Vec<Relation>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl CreatedRelations {
    pub(super) fn new(relations: Vec<Relation>, missing: &[String]) -> Self {
        let note = (!missing.is_empty()).then(|| format!("no entity is called {} yet", named(missing)));
        Self { relations, note }
    }

    pub(super) fn said(self) -> JsonWithText<Self> {
        let text = with_note(json(&self.relations), self.note.as_deref());
        Json(self).with_text(text)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct AddedReply {
    pub(super) results: Vec<Added>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Added {
    pub(super) entity_name: String,
    /// Those that are new.
    pub(super) added_observations: Vec<String>,
}

impl AddedReply {
    pub(super) fn said(self) -> JsonWithText<Self> {
        let text = json(&self.results);
        Json(self).with_text(text)
    }
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeletedReply {
    /// `false` if the user said no.
    success: bool,
    message: String,
    /// What was not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_found: Vec<String>,
}

impl DeletedReply {
    pub(super) fn declined() -> Self {
        Self {
            success: false,
            message: "the user said no, nothing was deleted".to_owned(),
            not_found: Vec::new(),
        }
    }

    pub(super) fn entities(deleted: &Doomed) -> Self {
        let (entities, observations, relations) =
            (deleted.entities.len(), deleted.observations, deleted.relations);
        Self::new(
            format!(
                "Deleted {}, {} and {}",
                counted(entities, "entity", "entities"),
                counted(observations, "observation", "observations"),
                counted(relations, "relation", "relations")
            ),
            deleted.missing.clone(),
        )
    }

    /// `what` is one of those that were deleted.
    pub(super) fn of(deleted: usize, what: &str, missing: Vec<String>) -> Self {
        Self::new(
            format!("Deleted {}", counted(deleted, what, &format!("{what}s"))),
            missing,
        )
    }

    fn new(mut message: String, mut missing: Vec<String>) -> Self {
        if !missing.is_empty() {
            message.push_str(&format!("; {} not found", missing.len()));
        }
        missing.truncate(MISSING_MAX);
        Self {
            success: true,
            message,
            not_found: missing,
        }
    }

    pub(super) fn said(self) -> JsonWithText<Self> {
        let mut text = self.message.clone();
        if !self.not_found.is_empty() {
            text.push_str(&format!(": {}", named(&self.not_found)));
        }
        Json(self).with_text(text)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and lists of them are always JSON")
}

fn with_note(mut text: String, note: Option<&str>) -> String {
    if let Some(note) = note {
        text.push_str(&format!("\n({note})"));
    }
    text
}
