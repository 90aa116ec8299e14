//! Where replicas keep sessions, so that a client may go on with any of them: [`SessionStore`].

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStoreError as Failure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sessions;
use super::manager::Caller;

/// What a store answers with.
pub type SessionFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// Keeps sessions for several replicas. What a session has said is not part of it: a replica that takes one over greets
/// the client anew on its own.
///
/// Ids are secrets of the client's and should be kept as such.
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// The session of this id, if there is one.
    fn load<'a>(&'a self, id: &'a str) -> SessionFuture<'a, Option<SessionRecord>>;

    /// Keeps a session for as long as `keep`, or until it is renewed.
    fn save<'a>(&'a self, id: &'a str, record: &'a SessionRecord, keep: Duration) -> SessionFuture<'a, ()>;

    /// Keeps a session for as long as `keep` from now on. One that is not there stays away.
    fn renew<'a>(&'a self, id: &'a str, keep: Duration) -> SessionFuture<'a, ()>;

    /// Forgets a session.
    fn remove<'a>(&'a self, id: &'a str) -> SessionFuture<'a, ()>;
}

/// What replicas know of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionRecord {
    /// The name of the principal that opened it. Nobody else may use it.
    pub principal: String,
    /// How the client introduced itself: the parameters of its `initialize`.
    pub initialize: Value,
}

/// Why a store does not answer. Its text is for the operator, and never holds secrets.
#[derive(Debug, thiserror::Error)]
#[error("the store of sessions does not answer: {0}")]
pub struct SessionStoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A store as `rmcp` has it, which knows nothing of principals: they are added here.
pub(crate) struct OfPrincipals {
    sessions: Arc<Sessions>,
    store: Arc<dyn SessionStore>,
    keep: Duration,
}

impl OfPrincipals {
    pub(crate) fn new(sessions: &Arc<Sessions>, store: Arc<dyn SessionStore>, keep: Duration) -> Self {
        let sessions = Arc::clone(sessions);
        Self {
            sessions,
            store,
            keep,
        }
    }

    /// A session, if it is the caller's.
    async fn own(&self, id: &str) -> Result<Option<SessionRecord>, Failure> {
        let Some(caller) = Caller::current() else {
            return Ok(None);
        };
        let record = self.store.load(id).await?;
        Ok(record.filter(|record| record.principal == caller.principal().name()))
    }
}

#[async_trait]
impl rmcp::transport::streamable_http_server::session::SessionStore for OfPrincipals {
    async fn load(&self, id: &str) -> Result<Option<SessionState>, Failure> {
        match self.own(id).await? {
            Some(record) => Ok(Some(SessionState::new(serde_json::from_value(
                record.initialize,
            )?))),
            None => Ok(None),
        }
    }

    async fn store(&self, id: &str, state: &SessionState) -> Result<(), Failure> {
        let caller = Caller::current().ok_or("a session is kept for nobody")?;
        let record = SessionRecord {
            principal: caller.principal().name().to_owned(),
            initialize: serde_json::to_value(&state.initialize_params)?,
        };
        self.store.save(id, &record, self.keep).await?;
        self.sessions.is_in_store(id);
        Ok(())
    }

    async fn delete(&self, id: &str) -> Result<(), Failure> {
        if self.own(id).await?.is_some() {
            self.store.remove(id).await?;
        }
        Ok(())
    }
}
