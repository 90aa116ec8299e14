//! What a resource may return.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::ResourceContents;
use serde::Serialize;

use super::content::{Audio, Embedded, Image};
use super::failure::IntoCallError;
use super::tool::Json;
use crate::error::{CallError, CallResult};

/// The contents of a resource before they carry its URI.
#[derive(Clone, Debug)]
pub struct ResourceBody(Body);

#[derive(Clone, Debug)]
enum Body {
    /// Text, with the MIME type it has unless the resource declares one.
    Text(String, &'static str),
    /// Bytes, with the MIME type they have if it is known.
    Blob(Vec<u8>, Option<String>),
    /// Contents that say everything themselves.
    Contents(Vec<ResourceContents>),
}

impl ResourceBody {
    /// Text; `text/plain` unless the resource declares another MIME type.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Body::Text(text.into(), "text/plain"))
    }

    /// Bytes; `application/octet-stream` unless the resource declares another MIME type.
    pub fn blob(data: impl Into<Vec<u8>>) -> Self {
        Self(Body::Blob(data.into(), None))
    }

    pub(crate) fn into_contents(self, uri: &str, declared: Option<&str>) -> Vec<ResourceContents> {
        match self.0 {
            Body::Text(text, usual) => {
                vec![ResourceContents::text(text, uri).with_mime_type(declared.unwrap_or(usual))]
            }
            Body::Blob(bytes, own) => {
                let mime_type = own.as_deref().or(declared).unwrap_or("application/octet-stream");
                vec![ResourceContents::blob(STANDARD.encode(bytes), uri).with_mime_type(mime_type)]
            }
            Body::Contents(contents) => contents,
        }
    }
}

/// What a resource may return.
///
/// | type | what is sent |
/// | --- | --- |
/// | `String`, `&'static str` | text; `text/plain` unless the resource declares another MIME type |
/// | [`Json<T>`] | text; `application/json` unless declared otherwise |
/// | `Vec<u8>`, `&'static [u8]`, `&'static [u8; N]` | bytes; `application/octet-stream` unless declared otherwise |
/// | [`Image`], [`Audio`] | bytes with their own MIME type |
/// | [`Embedded`], `Vec<Embedded>` | contents at URIs of their own |
/// | `Vec<ResourceContents>` | as they are |
/// | `Option<T>` | `T`, or the protocol's error for a resource that does not exist |
/// | `Result<T, E>` | `T`, or an error, see [`IntoCallError`]; [`CallError::not_found`] says that there is no such resource |
#[diagnostic::on_unimplemented(
    message = "a resource cannot return `{Self}`",
    label = "not the contents of a resource",
    note = "return text (`String`), bytes (`Vec<u8>`), `Json<T>` with `T: Serialize`, `Image`, `Audio`, `Vec<Embedded>`, or a `Result` or `Option` of one of these"
)]
pub trait IntoResourceBody<M = ()> {
    /// The contents.
    fn into_resource_body(self) -> CallResult<ResourceBody>;
}

macro_rules! body {
    ($($type:ty: $value:ident => $body:expr),* $(,)?) => {$(
        impl IntoResourceBody for $type {
            fn into_resource_body(self) -> CallResult<ResourceBody> {
                let $value = self;
                Ok(ResourceBody($body))
            }
        }
    )*};
}

body! {
    ResourceBody: body => body.0,
    String: text => Body::Text(text, "text/plain"),
    &'static str: text => Body::Text(text.to_owned(), "text/plain"),
    Vec<u8>: bytes => Body::Blob(bytes, None),
    &'static [u8]: bytes => Body::Blob(bytes.to_owned(), None),
    Image: image => Body::Blob(image.data, Some(image.mime_type)),
    Audio: audio => Body::Blob(audio.data, Some(audio.mime_type)),
    Embedded: embedded => Body::Contents(vec![embedded.into_contents()]),
    Vec<Embedded>: several => Body::Contents(several.into_iter().map(Embedded::into_contents).collect()),
    Vec<ResourceContents>: contents => Body::Contents(contents),
}

impl<const N: usize> IntoResourceBody for &'static [u8; N] {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        self.as_slice().into_resource_body()
    }
}

impl<T: Serialize> IntoResourceBody for Json<T> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        let text = serde_json::to_string_pretty(&self.0)?;
        Ok(ResourceBody(Body::Text(text, "application/json")))
    }
}

impl<T: IntoResourceBody> IntoResourceBody for Option<T> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        self.ok_or_else(|| CallError::not_found("there is nothing at this URI"))?
            .into_resource_body()
    }
}

impl<T: IntoResourceBody<A>, E: IntoCallError<B>, A, B> IntoResourceBody<(A, B)> for Result<T, E> {
    fn into_resource_body(self) -> CallResult<ResourceBody> {
        self.map_err(IntoCallError::into_call_error)?.into_resource_body()
    }
}
