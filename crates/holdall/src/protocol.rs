//! The protocol's own types, as the official SDK (`rmcp`) defines them: the one place where they surface.
//!
//! Ordinary servers never need this module. It is for what goes beyond: a tool that builds its reply by hand,
//! a transport, a test that speaks the protocol.

pub use rmcp::model;
pub use rmcp::model::{
    AudioContent, CallToolResult, ContentBlock, GetPromptResult, Icon, ImageContent, PromptMessage,
    ProtocolVersion, ResourceContents, Role,
};
pub use rmcp::service::{RequestContext, RunningService, RxJsonRpcMessage, ServiceExt, TxJsonRpcMessage};
pub use rmcp::transport::{IntoTransport, Transport};
pub use rmcp::{ErrorData, RoleServer, ServerHandler, Service};

pub use crate::service::task_streams::keep_task_ids;

/// A JSON object.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
