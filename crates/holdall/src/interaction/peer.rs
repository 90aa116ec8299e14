//! The way of a request to the client, which protocol versions before 2026-07-28 have.

use rmcp::model::{ErrorCode, GetExtensions, InputRequest, ServerRequest};
use rmcp::service::{OriginatingRequestId, PeerRequestOptions, RequestHandle, ServiceError};
use serde_json::Value;

use crate::context::Context;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::protocol::RoleServer;

/// Sends the request and waits for its result, for as long as the server allows.
pub(crate) async fn ask(context: &Context, request: InputRequest) -> CallResult<Value> {
    let mut request = match request {
        InputRequest::CreateMessage(request) => ServerRequest::CreateMessageRequest(request),
        InputRequest::Elicitation(request) => ServerRequest::ElicitRequest(request),
        InputRequest::ListRoots(request) => ServerRequest::ListRootsRequest(request),
        _ => {
            return Err(CallError::internal(
                "a request that clients before 2026-07-28 do not know",
            ));
        }
    };
    // Over HTTP this sends the request on the stream of the call it belongs to. `rmcp` knows which that is only on
    // the task that serves the call, and blocking functions run elsewhere.
    let origin = OriginatingRequestId(context.request().id.clone());
    request.extensions_mut().insert(origin);
    let peer = &context.request().peer;
    let handle = peer
        .send_cancellable_request(request, PeerRequestOptions::no_options())
        .await
        .map_err(failed)?;
    let mut open = Open(Some(handle));
    let limit = context.asking().settings.answer_within;
    let answer = match tokio::time::timeout(limit, open.answer()).await {
        Ok(answer) => answer.map_err(failed)?,
        Err(_) => {
            let message = format!("the client did not answer within {limit:?}");
            return Err(CallError::new(ErrorKind::TimedOut, message).hint("try again when somebody is there"));
        }
    };
    Ok(serde_json::to_value(answer)?)
}

/// A request that has not been answered. Dropped, it is taken back.
struct Open(Option<RequestHandle<RoleServer>>);

impl Open {
    async fn answer(&mut self) -> Result<rmcp::model::ClientResult, ServiceError> {
        let Some(handle) = &mut self.0 else {
            return Err(ServiceError::TransportClosed);
        };
        let answer = (&mut handle.rx).await;
        self.0 = None;
        answer.unwrap_or(Err(ServiceError::TransportClosed))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let (Some(handle), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            // The only error is a closed connection, and then the question is gone anyway.
            runtime.spawn(handle.cancel(Some("the answer is no longer needed".into())));
        }
    }
}

fn failed(error: ServiceError) -> CallError {
    match error {
        ServiceError::McpError(error) if error.code == ErrorCode::METHOD_NOT_FOUND => CallError::new(
            ErrorKind::UnsupportedByClient,
            "the client does not know this kind of question",
        ),
        ServiceError::McpError(error) => CallError::new(
            ErrorKind::Declined,
            format!("the client refused to answer: {}", error.message),
        ),
        ServiceError::Cancelled { .. } => {
            CallError::new(ErrorKind::Cancelled, "the client cancelled the question")
        }
        other => CallError::new(ErrorKind::Unavailable, "the client cannot be reached").caused_by(other),
    }
}
