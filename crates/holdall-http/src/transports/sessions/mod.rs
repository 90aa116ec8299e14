//! The sessions of Streamable HTTP, which clients of protocol 2025-11-25 and older open: whose they are, how many there
//! may be, and when they end.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | which sessions there are; when one that is not used ends |
//! | `manager` | may this request use this session? every way of `rmcp` to a session leads through it |
//! | `store` | how a session goes on at another replica |
//! | `redis` | where replicas keep them (feature `redis`) |
//!
//! Not here: what happens within a session, which is `rmcp`'s and the service's business.

pub(crate) mod manager;
#[cfg(feature = "redis")]
pub(crate) mod redis;
pub(crate) mod store;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holdall::Principal;
use holdall::protocol::ProtocolVersion;
use holdall::protocol::model::RequestId;
use holdall::schemars::{self, JsonSchema};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::SessionManager;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use self::store::SessionStore;
use super::caller;
use super::connection::Life;
use super::places::{Place, Places};
use crate::front::refusal::Refusal;

/// How a request names its session.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// How long a store that has not answered is left alone.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// How many sessions there may be, and how long.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Sessions open at once. Default: 10,000.
    pub max: usize,
    /// Sessions one principal may have open at once, or one address where nobody is asked who they are. Default: 1,000.
    pub per_principal_max: usize,
    /// How long a session lives that nobody uses, and on which no stream is open. Default: 30 minutes.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub idle: Duration,
    /// Where replicas keep their sessions, so that a client may go on with any of them. Default: nowhere.
    #[serde(skip)]
    pub store: Option<Arc<dyn SessionStore>>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            max: 10_000,
            per_principal_max: 1_000,
            idle: Duration::from_secs(30 * 60),
            store: None,
        }
    }
}

/// The sessions there are at this replica.
pub(crate) struct Sessions {
    local: LocalSessionManager,
    entries: Mutex<HashMap<SessionId, Arc<Entry>>>,
    places: Places,
    idle: Duration,
    store: Option<Arc<dyn SessionStore>>,
    /// Until when the store is not asked about sessions that are here, because it does not answer.
    store_away_until: Mutex<Option<Instant>>,
}

/// One session.
struct Entry {
    principal: Principal,
    /// What was agreed upon.
    version: Mutex<Option<ProtocolVersion>>,
    /// Whether it is in the store, so that it has ended when it is there no longer.
    is_stored: AtomicBool,
    usage: Arc<Usage>,
    _place: Place,
}

/// How a session is used.
struct Usage {
    streams: AtomicUsize,
    /// Requests that are to be answered.
    requests: Mutex<HashSet<RequestId>>,
    last: Mutex<Instant>,
    /// When others were last told that it is used.
    renewed: Mutex<Instant>,
}

/// Holds a session while one of its streams is open.
struct Using(Arc<Usage>);

/// Holds the id of a request until it is answered, or nobody waits for that any more.
struct UnderWay {
    usage: Arc<Usage>,
    id: RequestId,
}

impl Sessions {
    pub(crate) fn new(config: &SessionConfig) -> Self {
        let mut local = LocalSessionManager::default();
        // Streams do not open with an event without data: clients from before 2025-11-25 take it for a broken message.
        local.session_config.sse_retry = None;
        // A session ends when it is idle, which is more than that nothing is said for a while.
        local.session_config.keep_alive = None;
        Self {
            local,
            entries: Mutex::default(),
            places: Places::new("sessions", config.max, config.per_principal_max),
            idle: config.idle,
            store: config.store.clone(),
            store_away_until: Mutex::default(),
        }
    }

    /// Ends sessions nobody uses, and those that were ended at another replica, until the server stops.
    pub(crate) fn expire(self: &Arc<Self>, life: &Life) {
        let (sessions, ended) = (Arc::clone(self), life.ended.clone());
        let period = (self.idle / 4).clamp(Duration::from_millis(10), Duration::from_secs(30));
        life.spawn(async move {
            while tokio::time::timeout(period, ended.cancelled()).await.is_err() {
                for id in sessions.expired(Instant::now()) {
                    sessions.end(id);
                }
                sessions.follow().await;
            }
        });
    }

    fn end(self: &Arc<Self>, id: SessionId) {
        let sessions = Arc::clone(self);
        // One that is busy with a client that does not read must not hold up others.
        tokio::spawn(async move {
            // It may have ended by itself.
            let _ = sessions.close_session(&id).await;
        });
    }

    /// Ends sessions that were ended at another replica, and keeps those in the store of which only a stream is open.
    async fn follow(self: &Arc<Self>) {
        if self.store.is_none() {
            return;
        }
        let entries: Vec<_> = {
            let entries = self.entries();
            let entries = entries.iter();
            entries
                .map(|(id, entry)| (Arc::clone(id), Arc::clone(entry)))
                .collect()
        };
        for (id, entry) in entries {
            if self.is_ended_elsewhere(&id, &entry).await {
                self.end(id);
            } else if entry.usage.streams.load(Ordering::Acquire) > 0 {
                self.renew(&id);
            }
        }
    }

    /// Whether another replica has taken a session out of the store. While that does not answer, nobody has.
    async fn is_ended_elsewhere(&self, id: &str, entry: &Entry) -> bool {
        let Some(store) = self
            .store
            .as_ref()
            .filter(|_| entry.is_stored.load(Ordering::Acquire))
        else {
            return false;
        };
        if self.store_is_away() {
            return false;
        }
        match store.load(id).await {
            Ok(record) => record.is_none(),
            Err(error) => {
                tracing::warn!(%error, "whether sessions were ended at other replicas is not known");
                *self.away_until() = Some(Instant::now() + STORE_PAUSE);
                false
            }
        }
    }

    fn store_is_away(&self) -> bool {
        self.away_until().is_some_and(|until| Instant::now() < until)
    }

    fn away_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.store_away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that a session is in the store.
    fn is_in_store(&self, id: &str) {
        if let Some(entry) = self.entry(id) {
            entry.is_stored.store(true, Ordering::Release);
        }
    }

    /// Whether the session a request names is the sender's own, here or at another replica.
    pub(crate) async fn admit(self: &Arc<Self>, parts: &Parts) -> Result<(), Refusal> {
        let id = parts.headers.get(SESSION_ID);
        let Some(id) = id.and_then(|id| id.to_str().ok()) else {
            // It names none, which is for others to judge.
            return Ok(());
        };
        let principal = caller::principal(parts);
        if let Some(entry) = self.entry(id) {
            if !caller::is_same(&entry.principal, &principal) {
                return Err(no_session());
            }
            if self.is_ended_elsewhere(id, &entry).await {
                self.end(id.into());
                return Err(no_session());
            }
            return Ok(());
        }
        let Some(store) = &self.store else {
            return Err(no_session());
        };
        match store.load(id).await {
            Ok(Some(record)) if record.principal == principal.name() => Ok(()),
            Ok(_) => Err(no_session()),
            Err(error) => {
                tracing::error!(%error, "the store of sessions cannot be read");
                Err(unreadable_store())
            }
        }
    }

    /// The protocol version agreed upon in a session.
    pub(crate) fn version(&self, id: &str) -> Option<ProtocolVersion> {
        self.entry(id)?
            .version
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn entry(&self, id: &str) -> Option<Arc<Entry>> {
        self.entries().get(id).map(Arc::clone)
    }

    fn add(&self, id: SessionId, principal: Principal, place: Place) {
        let now = Instant::now();
        let entry = Entry {
            principal,
            version: Mutex::default(),
            is_stored: AtomicBool::new(false),
            usage: Arc::new(Usage {
                streams: AtomicUsize::new(0),
                requests: Mutex::default(),
                last: Mutex::new(now),
                renewed: Mutex::new(now),
            }),
            _place: place,
        };
        self.entries().insert(id, Arc::new(entry));
    }

    fn expired(&self, now: Instant) -> Vec<SessionId> {
        let entries = self.entries();
        let expired = entries
            .iter()
            .filter(|(_, entry)| entry.usage.is_idle(now, self.idle));
        expired.map(|(id, _)| Arc::clone(id)).collect()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Usage {
    fn requests(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.streams.load(Ordering::Acquire) == 0 && now.saturating_duration_since(last) >= idle
    }

    /// Whether it is time to tell others that the session is used.
    fn is_to_be_renewed(&self, every: Duration) -> bool {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now.saturating_duration_since(*renewed) < every {
            return false;
        }
        *renewed = now;
        true
    }
}

impl Using {
    fn new(usage: &Arc<Usage>) -> Self {
        usage.streams.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(usage))
    }
}

impl UnderWay {
    /// Nothing, if a request of this id is under way already.
    fn new(usage: &Arc<Usage>, id: &RequestId) -> Option<Self> {
        let mut requests = usage.requests();
        requests.insert(id.clone()).then(|| Self {
            usage: Arc::clone(usage),
            id: id.clone(),
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.usage.requests().remove(&self.id);
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        self.0.touch();
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Another's session is as little there as one that has ended.
pub(crate) fn no_session() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "unknown_session",
        "there is no such session",
        "it has ended, or never was: open another with `initialize`, without `Mcp-Session-Id`",
    )
}

fn unreadable_store() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "this server cannot look up sessions at the moment",
        "try again later",
    )
}
