//! What functions may return, and how it becomes a reply: one trait per kind of function.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `content` | what one piece of a reply may be: text, image, audio, a resource or a link to one |
//! | `tool` | what a tool may return |
//! | `resource` | what a resource may return |
//! | `prompt` | what a prompt may return |
//! | `failure` | what the error of a returned `Result` may be, and who gets to see it |
//! | `size` | how large a reply is |
//!
//! `M` in these traits is a marker that lets one return type have several readings (a `Result` of a
//! [`CallError`](crate::CallError), of a `String`, of any error); it is always inferred.

mod content;
mod failure;
mod prompt;
mod resource;
mod size;
mod tool;

pub use content::{Audio, Content, Embedded, Image, IntoContent, Link};
pub use failure::IntoCallError;
pub use prompt::{Conversation, IntoPromptResult, assistant, user};
pub use resource::{IntoResourceBody, ResourceBody};
pub(crate) use size::{content_bytes, contents_bytes, object_bytes, result_bytes};
pub use tool::{IntoToolResult, Json, JsonWithText, ResultType};
