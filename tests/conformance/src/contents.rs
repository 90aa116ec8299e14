//! Tools that return every kind of content, fail, report progress, and have a schema of their own.

use std::time::Duration;

use holdall::Components;
use holdall::prelude::*;
use holdall::protocol::JsonObject;
use serde_json::json;

/// A PNG of one pixel.
pub(crate) const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63,
    0xfc, 0xff, 0x9f, 0xa1, 0x1e, 0, 7, 0x82, 2, 0x7f, 0x3d, 0xc8, 0x48, 0xef, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A WAV file without a sample.
const SILENCE: &[u8] =
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0data\0\0\0\0";

pub(crate) fn toolset() -> Components {
    Components::new()
        .add(tools![
            test_simple_text,
            test_image_content,
            test_audio_content,
            test_embedded_resource,
            test_multiple_content_types,
            test_error_handling,
            test_tool_with_progress,
            test_reconnection,
            test_custom_header,
        ])
        .add(json_schema_2020_12_tool())
}

/// Returns a text.
#[tool]
fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Returns an image.
#[tool]
fn test_image_content() -> Image {
    Image::png(PIXEL)
}

/// Returns a sound.
#[tool]
fn test_audio_content() -> Audio {
    Audio::wav(SILENCE)
}

/// Returns the contents of a resource.
#[tool]
fn test_embedded_resource() -> Embedded {
    Embedded::text(
        "test://embedded-resource",
        "This is an embedded resource content.",
    )
}

/// Returns a text, an image and the contents of a resource.
#[tool]
fn test_multiple_content_types() -> (&'static str, Image, Embedded) {
    let data = json!({"test": "data", "value": 123}).to_string();
    (
        "Multiple content types test:",
        Image::png(PIXEL),
        Embedded::text("test://mixed-content-resource", data).mime_type("application/json"),
    )
}

/// Returns what also travels in a header.
#[tool]
fn test_custom_header(
    /// Anything.
    #[arg(header = "Value")]
    value: String,
) -> String {
    value
}

/// Fails.
#[tool]
fn test_error_handling() -> Result<String, String> {
    Err("This tool intentionally returns an error for testing".into())
}

/// Reports progress while it works.
#[tool]
async fn test_tool_with_progress(ctx: Context) -> &'static str {
    for done in [0, 50, 100] {
        ctx.progress(done, 100, format!("{done} %")).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    "done"
}

/// Takes a moment, in which a client may lose its connection.
#[tool]
async fn test_reconnection() -> &'static str {
    tokio::time::sleep(Duration::from_millis(100)).await;
    "still here"
}

/// A tool whose schema uses what JSON Schema 2020-12 brought.
fn json_schema_2020_12_tool() -> Tool {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            },
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    });
    let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
    Tool::new("json_schema_2020_12_tool")
        .description("Has a schema that is listed as its author wrote it.")
        .input_schema(schema)
        .handler(async |call: Call| Ok(Json(call.arguments().clone())))
}
