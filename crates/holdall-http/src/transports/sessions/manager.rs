//! `rmcp`'s sessions, for those whose they are.
//!
//! Every way of `rmcp` to a session leads through here, so here it is asked whose the session is. Who asks is known by the
//! task that answers the request: `rmcp` itself has no place for it.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{Stream, StreamExt};
use holdall::Principal;
use holdall::protocol::model::{
    ClientJsonRpcMessage, JsonRpcMessage, RequestId, ServerJsonRpcMessage, ServerResult,
};
use http::request::Parts;
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManagerError, SessionTransport};
use rmcp::transport::streamable_http_server::session::{
    EventStore, RestoreOutcome, ServerSseMessage, SessionManager,
};

use super::{Sessions, UnderWay, Using};
use crate::front::refusal::Refusal;
use crate::transports::caller;
use crate::transports::places::Place;

tokio::task_local! {
    static CALLER: Caller;
}

/// Why a request is not answered by `rmcp`.
pub(crate) enum Unanswered {
    Refused(Refusal),
    /// Another request of this id is under way in its session.
    Twice(RequestId),
}

/// Who asks, and why they were refused, which `rmcp` has no words for.
#[derive(Clone)]
pub(crate) struct Caller {
    principal: Principal,
    holder: String,
    unanswered: Arc<Mutex<Option<Unanswered>>>,
}

impl Caller {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            principal: caller::principal(parts),
            holder: caller::holder(parts),
            unanswered: Arc::default(),
        }
    }

    /// Answers the caller's request; or says why it was refused.
    pub(crate) async fn answer<T>(self, answer: impl Future<Output = T>) -> Result<T, Unanswered> {
        let unanswered = Arc::clone(&self.unanswered);
        let answered = CALLER.scope(self, answer).await;
        let unanswered = unanswered.lock().unwrap_or_else(PoisonError::into_inner).take();
        unanswered.map_or(Ok(answered), Err)
    }

    /// Who asks for what is done by this task; nobody, where it is not done for a request.
    pub(super) fn current() -> Option<Self> {
        CALLER.try_with(Self::clone).ok()
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    fn is(&self, principal: &Principal) -> bool {
        caller::is_same(&self.principal, principal)
    }

    fn leave_unanswered(&self, why: Unanswered) {
        *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }
}

/// Why a session is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// It has ended, or is somebody else's.
    #[error("there is no such session")]
    Unknown,
    /// There are as many as there may be.
    #[error("there are too many sessions")]
    Full,
    /// A request of the same id is to be answered first.
    #[error("another request of this id is under way")]
    Twice,
    /// What `rmcp` says.
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

impl Sessions {
    /// Takes note that the caller uses a session of their own.
    fn using(&self, id: &SessionId) -> Result<Using, Refused> {
        let entry = self.entry(id).ok_or(Refused::Unknown)?;
        match Caller::current() {
            Some(caller) if caller.is(&entry.principal) => {
                entry.usage.touch();
                Ok(Using::new(&entry.usage))
            }
            _ => Err(Refused::Unknown),
        }
    }

    fn place(&self) -> Result<(Caller, Place), Refused> {
        let caller = Caller::current().ok_or(Refused::Unknown)?;
        match self.places.take(&caller.holder) {
            Ok(place) => Ok((caller, place)),
            Err(refusal) => {
                caller.leave_unanswered(Unanswered::Refused(refusal));
                Err(Refused::Full)
            }
        }
    }

    /// Others learn that a session is used, so that they keep it.
    pub(super) fn renew(&self, id: &SessionId) {
        let (Some(store), Some(entry)) = (&self.store, self.entry(id)) else {
            return;
        };
        if !entry.usage.is_to_be_renewed(self.idle / 4) {
            return;
        }
        let (store, id, keep) = (Arc::clone(store), Arc::clone(id), self.idle);
        tokio::spawn(async move {
            if let Err(error) = store.renew(&id, keep).await {
                tracing::warn!(%error, "a session could not be renewed in its store");
            }
        });
    }
}

impl SessionManager for Sessions {
    type Error = Refused;
    type Transport = SessionTransport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (caller, place) = self.place()?;
        let (id, transport) = self.local.create_session().await?;
        self.add(Arc::clone(&id), caller.principal, place);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let _using = self.using(id)?;
        let reply = self.local.initialize_session(id, message).await?;
        if let JsonRpcMessage::Response(response) = &reply
            && let ServerResult::InitializeResult(result) = &response.result
            && let Some(entry) = self.entry(id)
        {
            let version = Some(result.protocol_version.clone());
            *entry.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        }
        Ok(reply)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        if self.using(id).is_err() {
            return Ok(false);
        }
        self.renew(id);
        Ok(self.local.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        // Without a caller it has ended by itself.
        let entry = self.entry(id);
        if let (Some(caller), Some(entry)) = (Caller::current(), entry)
            && !caller.is(&entry.principal)
        {
            return Err(Refused::Unknown);
        }
        self.entries().remove(id);
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id)?;
        let mut under_way = match &message {
            JsonRpcMessage::Request(request) => Some(using.request(&request.id)?),
            _ => None,
        };
        let stream = self.local.create_stream(id, message).await?;
        // The id is free when the reply is about to go out: whoever has read it may use the id again.
        let stream = stream.inspect(move |event| {
            let message = event.message.as_deref();
            under_way.take_if(|request| message.is_some_and(|message| is_reply_to(message, &request.id)));
        });
        Ok(held(stream, using))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        let _using = self.using(id)?;
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id)?;
        let stream = self.local.create_standalone_stream(id).await?;
        Ok(held(stream, using))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id)?;
        let stream = self.local.resume(id, last_event_id).await?;
        Ok(held(stream, using))
    }

    async fn restore_session(&self, id: SessionId) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        let (caller, place) = self.place()?;
        let outcome = self.local.restore_session(Arc::clone(&id)).await?;
        if let RestoreOutcome::Restored(_) = &outcome {
            self.add(Arc::clone(&id), caller.principal, place);
            self.is_in_store(&id);
        }
        Ok(outcome)
    }

    fn event_store(&self) -> Option<Arc<dyn EventStore>> {
        self.local.event_store()
    }
}

impl Using {
    /// Takes the id of a request.
    fn request(&self, id: &RequestId) -> Result<UnderWay, Refused> {
        UnderWay::new(&self.0, id).ok_or_else(|| {
            if let Some(caller) = Caller::current() {
                caller.leave_unanswered(Unanswered::Twice(id.clone()));
            }
            Refused::Twice
        })
    }
}

fn is_reply_to(message: &ServerJsonRpcMessage, request: &RequestId) -> bool {
    match message {
        JsonRpcMessage::Response(response) => response.id == *request,
        JsonRpcMessage::Error(error) => error.id.as_ref() == Some(request),
        _ => false,
    }
}

/// A stream that keeps its session from being idle.
fn held(
    stream: impl Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    using: Using,
) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static {
    stream.map(move |message| {
        let _ = &using;
        message
    })
}
