//! How requests about tasks reach them. Only clients of protocol 2026-07-28 or later have any.

use rmcp::model::{
    CancelTaskMethod, CancelTaskParams, ConstString, ExtensionCapabilities, GetTaskMethod, GetTaskParams,
    GetTaskResult, TASKS_EXTENSION_ID, UpdateTaskMethod, UpdateTaskParams,
};

use super::Service;
use super::calls::protocol_error;
use crate::context::Context;
use crate::error::CallError;
use crate::protocol::ErrorData;
use crate::tasks::Board;

/// The declaration of a server that has tasks.
pub(super) fn extension() -> ExtensionCapabilities {
    ExtensionCapabilities::from_iter([(TASKS_EXTENSION_ID.to_owned(), Default::default())])
}

impl Service {
    /// Stops all [tasks](crate::Tool::task) and waits until it is stored that they were: whoever asks for one later
    /// reads that the server stopped before it finished. From then on there are no new ones.
    ///
    /// For programs that end, after their transports. It may be called again, on any clone, which changes nothing.
    /// Without it tasks stop too, when the last clone of the service is dropped.
    pub async fn shut_down(&self) {
        if let Some(tasks) = &self.inner.settings.tasks {
            tasks.shut_down().await;
        }
    }

    pub(super) async fn task(
        &self,
        request: GetTaskParams,
        context: Context,
    ) -> Result<GetTaskResult, ErrorData> {
        let board = self.board::<GetTaskMethod>(&context)?;
        let task = board.get(context.principal().name(), &request.task_id).await;
        task.map(GetTaskResult::new).map_err(refusal)
    }

    pub(super) async fn update(&self, request: UpdateTaskParams, context: Context) -> Result<(), ErrorData> {
        let board = self.board::<UpdateTaskMethod>(&context)?;
        let principal = context.principal().name();
        let updated = board
            .update(principal, &request.task_id, request.input_responses)
            .await;
        updated.map_err(refusal)
    }

    pub(super) async fn cancel(&self, request: CancelTaskParams, context: Context) -> Result<(), ErrorData> {
        let board = self.board::<CancelTaskMethod>(&context)?;
        let cancelled = board.cancel(context.principal().name(), &request.task_id).await;
        cancelled.map_err(refusal)
    }

    fn board<M: ConstString>(&self, context: &Context) -> Result<&Board, ErrorData> {
        let board = self
            .inner
            .settings
            .tasks
            .as_ref()
            .filter(|_| context.is_stateless());
        board.ok_or_else(ErrorData::method_not_found::<M>)
    }
}

fn refusal(error: CallError) -> ErrorData {
    if let Some(source) = error.source() {
        tracing::error!(source, "{error}");
    }
    protocol_error(&error, None)
}
