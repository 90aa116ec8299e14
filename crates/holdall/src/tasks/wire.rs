//! What a task looks like to a client.

use rmcp::model::{DetailedTask, ErrorCode, InputRequests, Task, TaskPayload, TaskStatus};
use serde_json::Value;

use super::clock::{millis, written};
use super::options::TaskOptions;
use super::store::{TaskOutcome, TaskRecord};
use crate::protocol::{ErrorData, JsonObject};

/// What is known of a task while it runs.
pub(super) struct Present {
    pub(super) updated_at_ms: u64,
    pub(super) message: Option<String>,
    pub(super) asks: InputRequests,
}

/// A task that runs.
pub(super) fn running(record: &TaskRecord, present: Present, options: &TaskOptions) -> DetailedTask {
    let Present {
        updated_at_ms,
        message,
        asks,
    } = present;
    let payload = match asks.is_empty() {
        true => TaskPayload::Working,
        false => TaskPayload::InputRequired { input_requests: asks },
    };
    DetailedTask::new(task(record, updated_at_ms, message, options), payload)
}

/// A task as it is stored.
pub(super) fn stored(record: TaskRecord, options: &TaskOptions) -> DetailedTask {
    match record.end.clone() {
        None => {
            let updated_at_ms = record.created_at_ms;
            DetailedTask::new(task(&record, updated_at_ms, None, options), TaskPayload::Working)
        }
        Some(end) => {
            let payload = match end.outcome {
                TaskOutcome::Completed(result) => TaskPayload::Completed { result },
                TaskOutcome::Failed(error) => TaskPayload::Failed { error },
                TaskOutcome::Cancelled => TaskPayload::Cancelled,
            };
            DetailedTask::new(task(&record, end.at_ms, end.message, options), payload)
        }
    }
}

fn task(record: &TaskRecord, updated_at_ms: u64, message: Option<String>, options: &TaskOptions) -> Task {
    let created_at_ms = record.created_at_ms;
    let mut task = Task::new(
        record.id.clone(),
        TaskStatus::Working,
        written(created_at_ms),
        written(updated_at_ms),
    )
    .with_ttl_ms(record.expires_at_ms.saturating_sub(created_at_ms).max(1))
    .with_poll_interval_ms(millis(options.poll_interval).max(1));
    task.status_message = message;
    task
}

/// A result or an error the way it is kept.
pub(super) fn object(value: impl serde::Serialize) -> JsonObject {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => unreachable!("results and errors are JSON objects"),
    }
}

/// The error of a task that has none of its own.
pub(super) fn failure(message: String) -> TaskOutcome {
    TaskOutcome::Failed(object(ErrorData::new(ErrorCode::INTERNAL_ERROR, message, None)))
}
