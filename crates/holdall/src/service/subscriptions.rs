//! Who listens, as the protocol has it.
//!
//! Up to 2025-11-25 a session hears of changed lists without asking, and of resources it asked about with
//! `resources/subscribe`. From 2026-07-28 on nothing is said unasked: a client opens a `subscriptions/listen` stream
//! and says what it wants to hear. Either way `live/hub` knows who listens to what; here a task for each listener
//! writes to it, at the speed its client reads.

use std::sync::{Mutex, PoisonError};

use rmcp::model::{
    PromptListChangedNotification, ResourceListChangedNotification, ResourceUpdatedNotification,
    ResourceUpdatedNotificationParam, ServerNotification, SubscriptionFilter, ToolListChangedNotification,
};
use rmcp::service::{Peer, SubscriptionContext, SubscriptionSendError};
use tokio::task::AbortHandle;

use super::Service;
use super::calls::protocol_error;
use crate::error::{CallError, CallResult, ErrorKind};
use crate::live::hub::{Listening, News};
use crate::observe::Open;
use crate::principal::Principal;
use crate::protocol::{ErrorData, RoleServer};
use crate::provider::Kind;

/// What belongs to the one connection a value of [`Service`] serves. A clone serves another, and starts empty.
#[derive(Default)]
pub(super) struct Connection {
    session: Mutex<Option<Session>>,
    prepared: Mutex<Vec<Prepared>>,
}

impl Clone for Connection {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// A session of an older client, from `initialize` until the connection's value of [`Service`] is dropped.
struct Session {
    listening: Listening,
    writer: AbortHandle,
    _open: Open,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

/// A stream that has been judged but not acknowledged. It listens from before the acknowledgment, so that nothing that
/// happens from then on is missed. Streams of one connection that ask for the same are interchangeable.
pub(super) struct Prepared {
    requested: SubscriptionFilter,
    pub(super) accepted: SubscriptionFilter,
    principal: Principal,
    pub(super) listening: CallResult<Listening>,
    /// Why what was left out was left out.
    pub(super) refused: Vec<String>,
}

impl Prepared {
    /// The answer to a stream of which nothing is left.
    pub(super) fn refusal(&self) -> ErrorData {
        let message = format!("there is nothing to listen to:\n- {}", self.refused.join("\n- "));
        protocol_error(&CallError::invalid_arguments(message), None)
    }
}

impl Service {
    /// Makes the connection a session that hears of changed lists.
    pub(super) fn open_session(&self, principal: Principal, peer: Peer<RoleServer>) {
        let lists = KINDS.into_iter().filter(|kind| self.declares(*kind));
        let listening = self.inner.tree.hub().add_session(principal, lists);
        let listener = std::sync::Arc::clone(listening.listener());
        let writer = tokio::spawn(async move {
            loop {
                let news = listener.next().await;
                // The only error is a closed connection.
                if peer.send_notification(notification(news)).await.is_err() {
                    return;
                }
            }
        });
        let session = Session {
            listening,
            writer: writer.abort_handle(),
            _open: self.observers.session(),
        };
        *locked(&self.connection.session) = Some(session);
    }

    /// `resources/subscribe`.
    pub(super) fn watch(&self, uri: &str, principal: &Principal) -> CallResult<()> {
        let identity = self.catalogue().identity(uri, principal)?;
        let session = locked(&self.connection.session);
        let Some(Session { listening, .. }) = session.as_ref() else {
            let error = CallError::failed("there is no session in which a resource could be subscribed to");
            return Err(error.hint("open one with `initialize`, or use `subscriptions/listen`"));
        };
        if !listening.listener().is_of(principal) {
            let message = "this session belongs to somebody else";
            return Err(CallError::new(ErrorKind::PermissionDenied, message).hint("open one of your own"));
        }
        listening.listener().renew(principal);
        listening.watch(uri, identity)
    }

    /// `resources/unsubscribe`. What was not subscribed to needs no more than that.
    pub(super) fn unwatch(&self, uri: &str) {
        if let Some(session) = locked(&self.connection.session).as_ref() {
            session.listening.unwatch(uri);
        }
    }

    /// What a stream that asks for `requested` may hear; `None` if there is nothing to listen to at all.
    pub(super) fn prepare_stream(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        if !KINDS.into_iter().any(|kind| self.declares(kind)) {
            return None;
        }
        let principal = self.opener.clone().unwrap_or_else(|| self.unattached());
        let prepared = self.prepare(requested, principal);
        let accepted = prepared.accepted.clone();
        locked(&self.connection.prepared).push(prepared);
        Some(accepted)
    }

    /// `subscriptions/listen`, acknowledged: serves the stream until the client has had enough.
    ///
    /// The acknowledgment names what the stream will hear of, as the specification has it; what is unknown, forbidden or
    /// too much is left out. If nothing is left of what was asked for, the stream ends with an error that says why.
    pub(super) async fn serve_stream(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let principal = (self.identify)(&context.request_context().extensions);
        let prepared = self.take_prepared(context.requested());
        let prepared = match prepared {
            Some(prepared) if prepared.principal == principal => prepared,
            // The transport did not say beforehand who would ask. What was acknowledged is all there can be.
            _ => self.prepare(context.accepted(), principal),
        };
        let nothing_left = prepared.accepted == SubscriptionFilter::default() && !prepared.refused.is_empty();
        let refusal = nothing_left.then(|| prepared.refusal());
        let listening = prepared.listening.map_err(|error| protocol_error(&error, None))?;
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let _open = self.observers.stream();
        let (listener, sink) = (listening.listener(), context.sink());
        let write = async {
            loop {
                let news = listener.next().await;
                match sink.send(notification(news)).await {
                    // What is not accepted by now was when it was marked: the server has stopped to offer that kind.
                    Ok(()) | Err(SubscriptionSendError::NotificationNotAccepted(_)) => {}
                    Err(_) => return,
                }
            }
        };
        tokio::select! {
            () = context.cancelled() => {}
            () = write => {}
        }
        Ok(())
    }

    fn take_prepared(&self, requested: &SubscriptionFilter) -> Option<Prepared> {
        let mut prepared = locked(&self.connection.prepared);
        let index = prepared
            .iter()
            .position(|prepared| prepared.requested == *requested)?;
        Some(prepared.swap_remove(index))
    }

    pub(super) fn prepare(&self, requested: &SubscriptionFilter, principal: Principal) -> Prepared {
        let mut accepted = SubscriptionFilter::default();
        let mut refused = Vec::new();
        let mut lists = Vec::new();
        for (kind, wanted, accepted) in [
            (
                Kind::Tool,
                requested.tools_list_changed,
                &mut accepted.tools_list_changed,
            ),
            (
                Kind::Prompt,
                requested.prompts_list_changed,
                &mut accepted.prompts_list_changed,
            ),
            (
                Kind::Resource,
                requested.resources_list_changed,
                &mut accepted.resources_list_changed,
            ),
        ] {
            if wanted == Some(true) && self.declares(kind) {
                lists.push(kind);
                *accepted = Some(true);
            } else if wanted == Some(true) {
                refused.push(format!("this server has no {kind}s"));
            }
        }
        let listening = self.inner.tree.hub().add_stream(principal.clone(), lists);
        let mut watched = Vec::new();
        for uri in requested.resource_subscriptions.iter().flatten() {
            let watching = self.catalogue().identity(uri, &principal).and_then(|identity| {
                listening
                    .as_ref()
                    .map_or(Ok(()), |listening| listening.watch(uri, identity))
            });
            match watching {
                Ok(()) => watched.push(uri.clone()),
                Err(error) if refused.len() < REFUSALS_SHOWN_MAX => refused.push(error.to_string()),
                Err(_) => {}
            }
        }
        accepted.resource_subscriptions = (!watched.is_empty()).then_some(watched);
        if listening.is_err() {
            accepted = SubscriptionFilter::default();
        }
        Prepared {
            requested: requested.clone(),
            accepted,
            principal,
            listening,
            refused,
        }
    }
}

/// How many refusals one error lists.
pub(super) const REFUSALS_SHOWN_MAX: usize = 20;

const KINDS: [Kind; 3] = [Kind::Tool, Kind::Resource, Kind::Prompt];

pub(super) fn notification(news: News) -> ServerNotification {
    match news {
        News::ListChanged(Kind::Tool) => {
            ServerNotification::ToolListChangedNotification(ToolListChangedNotification::default())
        }
        News::ListChanged(Kind::Resource) => {
            ServerNotification::ResourceListChangedNotification(ResourceListChangedNotification::default())
        }
        News::ListChanged(Kind::Prompt) => {
            ServerNotification::PromptListChangedNotification(PromptListChangedNotification::default())
        }
        News::Updated(uri) => ServerNotification::ResourceUpdatedNotification(
            ResourceUpdatedNotification::new(ResourceUpdatedNotificationParam::new(&*uri)),
        ),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
