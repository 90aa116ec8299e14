//! What functions may return, and how it becomes a reply: one trait per kind of function.
//!
//! `M` in these traits is a marker that lets one return type have several readings (a `Result` of a
//! [`CallError`], of a `String`, of any error); it is always inferred.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{
    AudioContent, CallToolResult, ContentBlock, GetPromptResult, ImageContent, PromptMessage, Resource,
    ResourceContents, Role,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::argument::schema_of;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::protocol::JsonObject;

/// A structured result: sent as `structuredContent`, described by an `outputSchema` derived from `T`, and as
/// JSON text for clients that read only text.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// A structured result with a text of its own, for models that read text better than JSON: [`Json::with_text`].
#[derive(Clone, Debug)]
pub struct JsonWithText<T> {
    value: T,
    text: String,
}

impl<T> Json<T> {
    /// Replaces the JSON text beside the structured result by a text made for reading. It should say the same.
    pub fn with_text(self, text: impl Into<String>) -> JsonWithText<T> {
        JsonWithText {
            value: self.0,
            text: text.into(),
        }
    }
}

impl<T> JsonWithText<T> {
    /// The structured result.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// An image result.
#[derive(Clone, Debug)]
pub struct Image {
    /// The bytes of the image file.
    pub data: Vec<u8>,
    /// Its MIME type, such as `image/png`.
    pub mime_type: String,
}

impl Image {
    /// A PNG image.
    pub fn png(data: impl Into<Vec<u8>>) -> Self {
        Self {
            data: data.into(),
            mime_type: "image/png".into(),
        }
    }

    /// A JPEG image.
    pub fn jpeg(data: impl Into<Vec<u8>>) -> Self {
        Self {
            data: data.into(),
            mime_type: "image/jpeg".into(),
        }
    }
}

/// An audio result.
#[derive(Clone, Debug)]
pub struct Audio {
    /// The bytes of the audio file.
    pub data: Vec<u8>,
    /// Its MIME type, such as `audio/wav`.
    pub mime_type: String,
}

/// What a tool may return.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not a tool result",
    note = "return text (`String`), a number, `bool`, `()`, `Json<T>` with `T: Serialize + JsonSchema`, `Image`, `Audio`, a `Vec<ContentBlock>`, or a `Result` of one of these"
)]
pub trait IntoToolResult<M = ()> {
    /// The reply.
    fn into_tool_result(self) -> CallResult<CallToolResult>;

    /// The JSON Schema of the structured result, if there is one.
    fn output_schema() -> Option<JsonObject> {
        None
    }
}

impl IntoToolResult for CallToolResult {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        Ok(self)
    }
}

impl IntoToolResult for Vec<ContentBlock> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        Ok(CallToolResult::success(self))
    }
}

macro_rules! one_content {
    ($($type:ty: $value:ident => $content:expr),* $(,)?) => {$(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> CallResult<CallToolResult> {
                let $value = self;
                Ok(CallToolResult::success(vec![$content]))
            }
        }
    )*};
}

one_content! {
    String: text => ContentBlock::text(text),
    &'static str: text => ContentBlock::text(text),
    ContentBlock: content => content,
    Image: image => ContentBlock::Image(ImageContent::new(STANDARD.encode(image.data), image.mime_type)),
    Audio: audio => ContentBlock::Audio(AudioContent::new(STANDARD.encode(audio.data), audio.mime_type)),
    ResourceContents: contents => ContentBlock::resource(contents),
    Resource: link => ContentBlock::resource_link(link),
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> CallResult<CallToolResult> {
                self.to_string().into_tool_result()
            }
        }
    )*};
}

as_text!(
    bool, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64, char
);

impl IntoToolResult for () {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        "done".into_tool_result()
    }
}

impl<T: Serialize + JsonSchema> IntoToolResult for Json<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        Ok(CallToolResult::structured(serde_json::to_value(self.0)?))
    }

    fn output_schema() -> Option<JsonObject> {
        Some(schema_of::<T>())
    }
}

impl<T: Serialize + JsonSchema> IntoToolResult for JsonWithText<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        let mut result = CallToolResult::success(vec![ContentBlock::text(self.text)]);
        result.structured_content = Some(serde_json::to_value(self.value)?);
        Ok(result)
    }

    fn output_schema() -> Option<JsonObject> {
        Some(schema_of::<T>())
    }
}

impl<T: IntoToolResult> IntoToolResult for Option<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        match self {
            Some(value) => value.into_tool_result(),
            None => "nothing".into_tool_result(),
        }
    }
}

/// Marker: the error type converts into a [`CallError`].
#[doc(hidden)]
pub struct ByConversion;
/// Marker: the error is text written for the model.
#[doc(hidden)]
pub struct ByText;

/// Turns the error of a returned `Result` into a [`CallError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool, resource or prompt",
    note = "use `CallError`, a `String`, or a type that implements `std::error::Error + Send + Sync`"
)]
pub trait IntoCallError<M> {
    /// The error for the caller.
    fn into_call_error(self) -> CallError;
}

impl<E: Into<CallError>> IntoCallError<ByConversion> for E {
    fn into_call_error(self) -> CallError {
        self.into()
    }
}

impl IntoCallError<ByText> for String {
    fn into_call_error(self) -> CallError {
        CallError::new(ErrorKind::Failed, self)
    }
}

impl IntoCallError<ByText> for &'static str {
    fn into_call_error(self) -> CallError {
        CallError::new(ErrorKind::Failed, self)
    }
}

impl<T: IntoToolResult<A>, E: IntoCallError<B>, A, B> IntoToolResult<(A, B)> for Result<T, E> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        self.map_err(IntoCallError::into_call_error)?.into_tool_result()
    }

    fn output_schema() -> Option<JsonObject> {
        T::output_schema()
    }
}

/// The contents of a resource before they carry its URI and MIME type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResourceBody {
    /// Text, with the MIME type it has unless the resource declares one.
    Text(String, &'static str),
    /// Bytes.
    Blob(Vec<u8>),
    /// Contents that say everything themselves.
    Contents(Vec<ResourceContents>),
}

impl ResourceBody {
    pub(crate) fn into_contents(self, uri: &str, mime_type: Option<&str>) -> Vec<ResourceContents> {
        match self {
            Self::Text(text, usual) => {
                vec![ResourceContents::text(text, uri).with_mime_type(mime_type.unwrap_or(usual))]
            }
            Self::Blob(bytes) => {
                let contents = ResourceContents::blob(STANDARD.encode(bytes), uri);
                vec![contents.with_mime_type(mime_type.unwrap_or("application/octet-stream"))]
            }
            Self::Contents(contents) => contents,
        }
    }
}

/// What a resource may return.
#[diagnostic::on_unimplemented(
    message = "a resource cannot return `{Self}`",
    label = "not the contents of a resource",
    note = "return text (`String`), bytes (`Vec<u8>`), `Json<T>` with `T: Serialize`, `Vec<ResourceContents>`, or a `Result` of one of these"
)]
pub trait IntoResourceBody<M = ()> {
    /// The contents.
    fn into_resource_body(self) -> CallResult<ResourceBody>;
}

impl IntoResourceBody for ResourceBody {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        Ok(self)
    }
}

impl IntoResourceBody for Vec<ResourceContents> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        Ok(ResourceBody::Contents(self))
    }
}

impl IntoResourceBody for String {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        Ok(ResourceBody::Text(self, "text/plain"))
    }
}

impl IntoResourceBody for &'static str {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        self.to_owned().into_resource_body()
    }
}

impl IntoResourceBody for Vec<u8> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        Ok(ResourceBody::Blob(self))
    }
}

impl<T: Serialize> IntoResourceBody for Json<T> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        Ok(ResourceBody::Text(
            serde_json::to_string_pretty(&self.0)?,
            "application/json",
        ))
    }
}

impl<T: IntoResourceBody<A>, E: IntoCallError<B>, A, B> IntoResourceBody<(A, B)> for Result<T, E> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        self.map_err(IntoCallError::into_call_error)?.into_resource_body()
    }
}

/// What a prompt may return.
#[diagnostic::on_unimplemented(
    message = "a prompt cannot return `{Self}`",
    label = "not a prompt",
    note = "return text (`String`), a `PromptMessage`, a conversation (`Vec<PromptMessage>`), or a `Result` of one of these"
)]
pub trait IntoPromptResult<M = ()> {
    /// The prompt.
    fn into_prompt_result(self) -> CallResult<GetPromptResult>;
}

impl IntoPromptResult for GetPromptResult {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        Ok(self)
    }
}

impl IntoPromptResult for Vec<PromptMessage> {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        Ok(GetPromptResult::new(self))
    }
}

impl IntoPromptResult for PromptMessage {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        vec![self].into_prompt_result()
    }
}

impl IntoPromptResult for String {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        user(self).into_prompt_result()
    }
}

impl IntoPromptResult for &'static str {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        user(self).into_prompt_result()
    }
}

impl<T: IntoPromptResult<A>, E: IntoCallError<B>, A, B> IntoPromptResult<(A, B)> for Result<T, E> {
    fn into_prompt_result(self) -> CallResult<GetPromptResult> {
        self.map_err(IntoCallError::into_call_error)?.into_prompt_result()
    }
}

/// What the user says in a prompt.
pub fn user(text: impl Into<String>) -> PromptMessage {
    PromptMessage::new_text(Role::User, text.into())
}

/// What the assistant says in a prompt.
pub fn assistant(text: impl Into<String>) -> PromptMessage {
    PromptMessage::new_text(Role::Assistant, text.into())
}

/// The bytes a tool result takes on the wire, near enough for a limit.
pub(crate) fn result_bytes(result: &CallToolResult) -> usize {
    let content: usize = result.content.iter().map(content_bytes).sum();
    let structured = result.structured_content.as_ref().map_or(0, value_bytes);
    content + structured
}

fn content_bytes(content: &ContentBlock) -> usize {
    match content {
        ContentBlock::Text(text) => text.text.len(),
        ContentBlock::Image(image) => image.data.len(),
        ContentBlock::Audio(audio) => audio.data.len(),
        ContentBlock::Resource(embedded) => contents_bytes(&embedded.resource),
        _ => 256,
    }
}

/// The bytes the contents of a resource take on the wire, near enough for a limit.
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
        Value::Object(fields) => {
            fields
                .iter()
                .map(|(name, value)| name.len() + 4 + value_bytes(value))
                .sum::<usize>()
                + 2
        }
        _ => 8,
    }
}
