//! What the server says unasked: notifications, and what must be said to get them.

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Asked, Client};
use crate::notification::{Log, Notification, Progress};
use crate::reply::Reply;

/// An open `subscriptions/listen`. Dropping it does not end it; [`stop`](Self::stop) and the end of the connection do.
pub struct Listening(Asked<Reply>);

impl Client {
    /// All notifications that have come so far.
    pub fn notifications(&self) -> Vec<Notification> {
        self.shared.journal.notifications()
    }

    /// All progress that has been reported so far.
    pub fn progress(&self) -> Vec<Progress> {
        self.notifications()
            .iter()
            .filter_map(Notification::progress)
            .collect()
    }

    /// All lines of the server's log that have come so far.
    pub fn logs(&self) -> Vec<Log> {
        self.notifications()
            .iter()
            .filter_map(Notification::log)
            .collect()
    }

    /// The next notification of this method, such as `notifications/resources/updated`: the first call gives the
    /// first one that ever came, the second call the second. Waits for it if need be.
    ///
    /// # Panics
    /// If none comes in time, or none can come any more.
    pub async fn next_notification(&self, method: &str) -> Notification {
        let why = match timeout(self.patience, self.shared.journal.next_notification(method)).await {
            Ok(Some(notification)) => return notification,
            Ok(None) => "came before the connection was closed".to_owned(),
            Err(_) => format!("came within {:?}", self.patience),
        };
        panic!("no `{method}` {why}\n{}", self.shared.circumstances());
    }

    /// Subscribes to a resource, as the protocol of this connection does it. Changes come as
    /// `notifications/resources/updated`.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn subscribe(&self, uri: &str) {
        if self.protocol().has_initialize() {
            self.request("resources/subscribe", json!({ "uri": uri }))
                .await
                .result();
        } else {
            // Nobody ends it but the end of the connection.
            drop(self.listen(json!({ "resourceSubscriptions": [uri] })).await);
        }
    }

    /// Opens a `subscriptions/listen` (protocol 2026-07-28) for what `filter` names, such as
    /// `{"toolsListChanged": true}`, and waits until the server has acknowledged it.
    ///
    /// # Panics
    /// If the server refuses.
    pub async fn listen(&self, filter: Value) -> Listening {
        let mut asked: Asked<Reply> = self
            .request("subscriptions/listen", json!({ "notifications": filter }))
            .start()
            .await;
        let id = asked.id();
        let acknowledged = async {
            loop {
                let notification = self
                    .next_notification("notifications/subscriptions/acknowledged")
                    .await;
                if notification.params["_meta"]["io.modelcontextprotocol/subscriptionId"] == id {
                    return;
                }
            }
        };
        tokio::select! {
            () = acknowledged => Listening(asked),
            () = asked.ended() => {
                let reply = asked.reply().await;
                panic!("the server does not let the client listen: {reply:?}\n{}", self.shared.circumstances());
            }
        }
    }
}

impl Listening {
    /// The id of the subscription, which its notifications carry.
    pub fn id(&self) -> Value {
        self.0.id()
    }

    /// Ends the subscription, by saying so: what the server says before it has heard of it still comes, and nothing shows
    /// when it has. [`ServerHandle::listeners`](holdall::ServerHandle::listeners) of a server in this process does.
    pub async fn stop(self) {
        self.0.cancel("no longer interested").await;
    }
}
