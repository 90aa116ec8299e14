//! What a tool may return.

use std::borrow::Cow;

use rmcp::model::{CallToolResult, ContentBlock, Resource, ResourceContents};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::content::{Audio, Content, Embedded, Image, IntoContent, Link};
use super::failure::IntoCallError;
use crate::error::CallResult;
use crate::protocol::JsonObject;
use crate::schema::derive;

/// A structured result: sent as `structuredContent`, described by an `outputSchema` derived from `T`, and as
/// JSON text for clients that read only text.
///
/// ```
/// use holdall::prelude::*;
/// use serde::Serialize;
///
/// #[derive(Serialize, JsonSchema)]
/// struct Weather {
///     /// Degrees Celsius.
///     temperature: f64,
/// }
///
/// /// The weather in a city.
/// #[tool(read_only)]
/// fn weather(city: String) -> Json<Weather> {
///     Json(Weather { temperature: city.len() as f64 })
/// }
/// ```
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

/// A type whose values can be structured results: `Serialize` and `JsonSchema`, which write it and describe it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a structured result",
    label = "not data that can be sent",
    note = "derive `Serialize` and `JsonSchema` on the type and on the types inside it"
)]
pub trait ResultType: Serialize + JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> ResultType for T {}

/// What a tool may return.
///
/// | type | what is sent |
/// | --- | --- |
/// | `String`, `&'static str`, `Cow<'static, str>` | text |
/// | numbers, `bool`, `char` | text |
/// | `()` | the text `done` |
/// | [`Json<T>`], [`JsonWithText<T>`] | structured content, with its schema, and text |
/// | [`Image`], [`Audio`], [`Embedded`], [`Link`], [`Content`] | one content |
/// | tuples of two to eight of them, `Vec`, arrays | several contents |
/// | `Option<T>` | `T`, or the text `nothing`; of `Json<T>` also `null` |
/// | `CallToolResult` | as it is |
/// | `Result<T, E>` | `T`, or an error the model can read, see [`IntoCallError`] |
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not a tool result",
    note = "return `Json<{Self}>` for data, with `Serialize` and `JsonSchema` derived on the type",
    note = "or return text (`String`), a number, `bool`, `()`, `Image`, `Audio`, `Embedded`, `Link`, several of these as a tuple or `Vec`, or a `Result` or `Option` of one of these",
    note = "a function that returns a future is written `async fn`"
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

macro_rules! one_content {
    ($($type:ty),* $(,)?) => {$(
        impl IntoToolResult for $type {
            fn into_tool_result(self) -> CallResult<CallToolResult> {
                Ok(CallToolResult::success(vec![self.into_content().into_block()]))
            }
        }
    )*};
}

one_content!(
    String,
    &'static str,
    Cow<'static, str>,
    Box<str>,
    Content,
    Image,
    Audio,
    Embedded,
    Link,
    ContentBlock,
    ResourceContents,
    Resource,
);

impl<T: IntoContent> IntoToolResult for Vec<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        let contents = self
            .into_iter()
            .map(|content| content.into_content().into_block());
        Ok(CallToolResult::success(contents.collect()))
    }
}

impl<T: IntoContent, const N: usize> IntoToolResult for [T; N] {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        Vec::from(self).into_tool_result()
    }
}

macro_rules! several_contents {
    ($($type:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($type: IntoContent),*> IntoToolResult for ($($type,)*) {
            #[allow(non_snake_case, reason = "the values are called as their types")]
            fn into_tool_result(self) -> CallResult<CallToolResult> {
                let ($($type,)*) = self;
                Ok(CallToolResult::success(vec![$($type.into_content().into_block()),*]))
            }
        }
    };
}

several_contents!(A B);
several_contents!(A B C);
several_contents!(A B C D);
several_contents!(A B C D E);
several_contents!(A B C D E F);
several_contents!(A B C D E F G);
several_contents!(A B C D E F G H);

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

impl<T: ResultType> IntoToolResult for Json<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        Ok(CallToolResult::structured(serde_json::to_value(self.0)?))
    }

    fn output_schema() -> Option<JsonObject> {
        Some(derive::of_output::<T>())
    }
}

impl<T: ResultType> IntoToolResult for JsonWithText<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        let mut result = CallToolResult::success(vec![ContentBlock::text(self.text)]);
        result.structured_content = Some(serde_json::to_value(self.value)?);
        Ok(result)
    }

    fn output_schema() -> Option<JsonObject> {
        Some(derive::of_output::<T>())
    }
}

impl<T: IntoToolResult> IntoToolResult for Option<T> {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        if let Some(value) = self {
            return value.into_tool_result();
        }
        let mut result = "nothing".into_tool_result()?;
        if T::output_schema().is_some() {
            result.structured_content = Some(Value::Null);
        }
        Ok(result)
    }

    fn output_schema() -> Option<JsonObject> {
        T::output_schema().map(derive::or_null)
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
