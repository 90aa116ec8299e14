//! Resources, fixed and by template.

use holdall::Components;
use holdall::prelude::*;
use serde_json::{Value, json};

use crate::contents::PIXEL;

pub(crate) fn toolset() -> Components {
    Components::new().add(resources![static_text, static_binary, template, watched])
}

/// A text.
#[resource("test://static-text", mime_type = "text/plain")]
fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// An image.
#[resource("test://static-binary", mime_type = "image/png")]
fn static_binary() -> Vec<u8> {
    PIXEL.to_vec()
}

/// Data that an id leads to.
#[resource("test://template/{id}/data", mime_type = "application/json")]
fn template(id: String) -> Json<Value> {
    let data = format!("Data for ID: {id}");
    Json(json!({"id": id, "templateTest": true, "data": data}))
}

/// A resource to subscribe to.
#[resource("test://watched-resource", mime_type = "text/plain")]
fn watched() -> &'static str {
    "This is the content of the watched resource."
}
