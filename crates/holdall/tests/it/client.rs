//! A client of the official SDK, connected in-process.

use holdall::Server;
use holdall::protocol::{CallToolResult, JsonObject, ServiceExt};
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceError};
use serde_json::Value;

/// A connected client; the server lives as long.
pub(crate) struct Client(pub(crate) RunningService<RoleClient, ()>);

/// Connects to `server`.
pub(crate) async fn connect(server: Server) -> Client {
    let service = server.build().expect("the server is put together rightly");
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let running = service.serve(far).await.expect("the handshake succeeds");
        running.waiting().await.expect("the server ends with its client");
    });
    Client(().serve(near).await.expect("the handshake succeeds"))
}

impl Client {
    /// Calls a tool.
    pub(crate) async fn try_call(
        &self,
        name: &str,
        arguments: Value,
    ) -> Result<CallToolResult, ServiceError> {
        let arguments: JsonObject = arguments.as_object().cloned().expect("arguments are an object");
        self.0
            .call_tool(CallToolRequestParams::new(name.to_owned()).with_arguments(arguments))
            .await
    }

    /// Calls a tool: its text if it succeeded, `Err` with its text if it failed.
    pub(crate) async fn call(&self, name: &str, arguments: Value) -> Result<String, String> {
        let result = self.try_call(name, arguments).await.expect("the tool exists");
        let texts = result.content.iter().filter_map(|content| content.as_text());
        let text = texts
            .map(|text| text.text.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        if result.is_error == Some(true) {
            Err(text)
        } else {
            Ok(text)
        }
    }
}
