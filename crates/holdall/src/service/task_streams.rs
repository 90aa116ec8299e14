//! Who hears of tasks: `subscriptions/listen` with `taskIds`, as the extension `io.modelcontextprotocol/tasks` has it.
//!
//! `rmcp` has `notifications/tasks`, but its type of what a stream asks for has no task ids, and its sink refuses the
//! notification. So a transport hands such a request over in a form that `rmcp` takes for none of its own
//! ([`keep_task_ids`]), and all of the stream is served here: acknowledgment, what else it listens to, and tasks.

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, SelectAll};
use rmcp::model::{
    ClientCapabilities, ConstString, CustomNotification, CustomRequest, CustomResult, DetailedTask, GetMeta,
    ServerNotification, SubscriptionFilter, SubscriptionsListenRequestMethod, SubscriptionsListenResult,
    TaskStatusNotification, TaskStatusNotificationParams,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Service;
use super::calls::protocol_error;
use super::subscriptions::{REFUSALS_SHOWN_MAX, notification};
use crate::protocol::{ErrorData, RequestContext, RoleServer, ServerHandler};

/// The most tasks one stream follows: more than a client has running by default.
const TASKS_PER_STREAM_MAX: usize = 64;

const LISTEN: &str = SubscriptionsListenRequestMethod::VALUE;

/// Rewrites a `subscriptions/listen` request that names tasks so that `rmcp` does not lose their ids on its way to a
/// [`Service`](crate::Service); every other message stays as it is.
///
/// Holdall's own transports do this. Another one that hands its messages to `rmcp` does it with each before it becomes
/// one of `rmcp`'s types; without it, streams are told of everything but tasks.
///
/// ```
/// use holdall::protocol::{RoleServer, RxJsonRpcMessage, keep_task_ids};
///
/// let received = serde_json::json!({
///     "jsonrpc": "2.0",
///     "id": 1,
///     "method": "subscriptions/listen",
///     "params": {"notifications": {"taskIds": ["t1"]}},
/// });
/// let message: RxJsonRpcMessage<RoleServer> = serde_json::from_value(keep_task_ids(received))?;
/// assert!(serde_json::to_string(&message)?.contains("t1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn keep_task_ids(mut message: Value) -> Value {
    if message["method"] == LISTEN
        && let Some(notifications) = message.pointer_mut("/params/notifications")
    {
        // In a list they do not fit what `rmcp` expects. A list that came in becomes one in a list, and fits nothing.
        if notifications.get("taskIds").is_some() || notifications.is_array() {
            *notifications = json!([notifications.take()]);
        }
    }
    message
}

/// What a stream asks for that [`keep_task_ids`] has rewritten; `None` for any other request.
pub(crate) fn notifications(request: &CustomRequest) -> Option<Value> {
    let wrapped = request.params.as_ref()?.get("notifications")?.as_array()?;
    match wrapped.as_slice() {
        [notifications @ Value::Object(_)] if request.method == LISTEN => Some(notifications.clone()),
        _ => None,
    }
}

/// What a stream asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    task_ids: Vec<String>,
    #[serde(flatten)]
    others: SubscriptionFilter,
}

impl Service {
    /// `subscriptions/listen` with `taskIds`: serves the stream until the client has had enough.
    pub(super) async fn serve_task_stream(
        &self,
        notifications: Value,
        request: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let context = self.context(request.clone());
        if !context.is_stateless() {
            return Err(ErrorData::method_not_found::<SubscriptionsListenRequestMethod>());
        }
        let asked: Asked = serde_json::from_value(notifications).map_err(|error| {
            let message = format!("the parameters of `{LISTEN}` do not fit: {error}");
            ErrorData::invalid_params(message, None)
        })?;
        if !context
            .request()
            .client_capabilities()
            .is_some_and(|client| client.supports_tasks())
        {
            let capability = ClientCapabilities::builder().enable_tasks().build();
            return Err(ErrorData::missing_required_client_capability(capability));
        }
        let principal = context.principal().clone();
        let mut prepared = self.prepare(&asked.others, principal.clone());
        let (ids, refused) = self.known_tasks(asked.task_ids, principal.name()).await;
        let room = REFUSALS_SHOWN_MAX.saturating_sub(prepared.refused.len());
        prepared.refused.extend(refused.into_iter().take(room));
        if ids.is_empty()
            && prepared.accepted == SubscriptionFilter::default()
            && !prepared.refused.is_empty()
        {
            return Err(prepared.refusal());
        }
        let listening = prepared.listening.map_err(|error| protocol_error(&error, None))?;
        let mut tasks = self.followed(&ids, principal.name());
        acknowledge(&request, &prepared.accepted, ids).await?;
        let write = async {
            loop {
                let told = tokio::select! {
                    news = listening.listener().next() => notification(news),
                    Some(task) = tasks.next() => ServerNotification::TaskStatusNotification(
                        TaskStatusNotification::new(TaskStatusNotificationParams::new(task)),
                    ),
                };
                // The only error is a closed connection.
                if send(&request, told).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = request.ct.cancelled() => {}
            () = write => {}
        }
        let mut result = SubscriptionsListenResult::complete(request.id.clone());
        result.meta.set_server_info(self.get_info().server_info);
        Ok(CustomResult::new(json!(result)))
    }

    /// Those of these tasks that the caller has, and why the others are left out.
    async fn known_tasks(&self, ids: Vec<String>, principal: &str) -> (Vec<String>, Vec<String>) {
        let (mut known, mut refused) = (Vec::new(), Vec::new());
        let Some(board) = &self.inner.settings.tasks else {
            return (known, vec!["this server has no tasks".into()]);
        };
        for id in ids {
            if known.contains(&id) {
                continue;
            }
            if known.len() >= TASKS_PER_STREAM_MAX {
                refused.push(format!(
                    "{TASKS_PER_STREAM_MAX} tasks are the most one stream follows: open another for the rest"
                ));
                break;
            }
            match board.get(principal, &id).await {
                Ok(_) => known.push(id),
                Err(error) if refused.len() < REFUSALS_SHOWN_MAX => refused.push(error.to_string()),
                // Whoever guesses ids is not answered for ever.
                Err(_) => break,
            }
        }
        (known, refused)
    }

    /// What becomes of these tasks; never ends.
    fn followed<'a>(&'a self, ids: &[String], principal: &'a str) -> SelectAll<BoxStream<'a, DetailedTask>> {
        let board = self.inner.settings.tasks.iter();
        let each = board.flat_map(|board| ids.iter().map(move |id| board.follow(principal, id.clone())));
        stream::select_all(each.map(|follower| {
            stream::unfold(follower, |mut follower| async {
                let task = follower.next().await?;
                Some((task, follower))
            })
            .boxed()
        }))
    }
}

async fn acknowledge(
    request: &RequestContext<RoleServer>,
    accepted: &SubscriptionFilter,
    ids: Vec<String>,
) -> Result<(), ErrorData> {
    let mut notifications = json!(accepted);
    if !ids.is_empty() {
        notifications["taskIds"] = json!(ids);
    }
    let params = json!({ "notifications": notifications });
    let method = "notifications/subscriptions/acknowledged";
    let acknowledgment = CustomNotification::new(method, Some(params));
    send(request, ServerNotification::CustomNotification(acknowledgment))
        .await
        .map_err(|error| {
            let message = format!("the stream cannot be acknowledged: {error}");
            ErrorData::internal_error(message, None)
        })
}

/// Sends what belongs to a stream.
async fn send(
    request: &RequestContext<RoleServer>,
    mut notification: ServerNotification,
) -> Result<(), rmcp::service::ServiceError> {
    notification
        .get_meta_mut()
        .set_subscription_id(request.id.clone());
    request.peer.send_notification(notification).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, notifications: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"notifications": notifications}})
    }

    #[test]
    fn only_streams_that_name_tasks_are_rewritten() {
        let tasks = json!({"taskIds": ["a"], "toolsListChanged": true});
        let rewritten = keep_task_ids(request(LISTEN, tasks.clone()));
        assert_eq!(rewritten["params"]["notifications"], json!([tasks]));
        for other in [
            request(LISTEN, json!({"toolsListChanged": true})),
            request(LISTEN, json!("taskIds")),
            request("tools/call", tasks),
            json!({"method": LISTEN}),
            json!({"method": LISTEN, "params": 7}),
            json!([]),
            json!("subscriptions/listen"),
            Value::Null,
        ] {
            assert_eq!(keep_task_ids(other.clone()), other);
        }
    }

    #[test]
    fn what_a_client_sends_in_the_rewritten_form_is_none() {
        let custom = |message: Value| CustomRequest::new(LISTEN, Some(message["params"].clone()));
        let tasks = json!({"taskIds": ["a"]});
        let honest = keep_task_ids(request(LISTEN, tasks.clone()));
        assert_eq!(notifications(&custom(honest)), Some(tasks.clone()));
        let forged = keep_task_ids(request(LISTEN, json!([tasks])));
        assert_eq!(notifications(&custom(forged)), None);
    }
}
