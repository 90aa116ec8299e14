//! How many bytes a reply takes on the wire, near enough for a limit.

use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::Value;

use crate::protocol::JsonObject;

/// The bytes of a tool's result.
pub(crate) fn result_bytes(result: &CallToolResult) -> usize {
    let content: usize = result.content.iter().map(content_bytes).sum();
    let structured = result.structured_content.as_ref().map_or(0, value_bytes);
    content + structured
}

/// The bytes of one content.
pub(crate) fn content_bytes(content: &ContentBlock) -> usize {
    match content {
        ContentBlock::Text(text) => text.text.len(),
        ContentBlock::Image(image) => image.data.len(),
        ContentBlock::Audio(audio) => audio.data.len(),
        ContentBlock::Resource(embedded) => contents_bytes(&embedded.resource),
        _ => 256,
    }
}

/// The bytes of the contents of a resource.
pub(crate) fn contents_bytes(contents: &ResourceContents) -> usize {
    match contents {
        ResourceContents::TextResourceContents { text, .. } => text.len(),
        ResourceContents::BlobResourceContents { blob, .. } => blob.len(),
        _ => 0,
    }
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(value_bytes).sum::<usize>() + 2,
        Value::Object(fields) => object_bytes(fields),
        _ => 8,
    }
}

/// The bytes of an object.
pub(crate) fn object_bytes(fields: &JsonObject) -> usize {
    let fields = fields.iter();
    fields
        .map(|(name, value)| name.len() + 4 + value_bytes(value))
        .sum::<usize>()
        + 2
}
