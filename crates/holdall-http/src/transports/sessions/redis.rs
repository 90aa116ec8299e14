//! [`RedisSessions`]: sessions kept in Redis.

use std::fmt;
use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use sha2::{Digest, Sha256};

use super::store::{SessionFuture, SessionRecord, SessionStore, SessionStoreError};
use crate::redis_client;

/// How long Redis may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Keeps sessions in Redis. Ids are hashed: who can read Redis cannot use them.
#[derive(Clone)]
pub struct RedisSessions {
    connection: ConnectionManager,
    prefix: String,
}

impl RedisSessions {
    /// Connects to `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS, or `redis+unix:///path`. A
    /// connection that is lost is made again.
    ///
    /// # Errors
    /// If the address is none, or nobody answers there who can be trusted.
    pub async fn connect(url: &str) -> Result<Self, SessionStoreError> {
        Self::at(url, None).await
    }

    /// The same over TLS with these authorities, certificates in PEM, in place of those of the system.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and if there is no certificate.
    pub async fn connect_trusting(url: &str, authorities: &[u8]) -> Result<Self, SessionStoreError> {
        Self::at(url, Some(authorities)).await
    }

    async fn at(url: &str, authorities: Option<&[u8]>) -> Result<Self, SessionStoreError> {
        let client = redis_client::client(url, authorities).map_err(failed)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ANSWER_MAX))
            .set_response_timeout(Some(ANSWER_MAX))
            .set_number_of_retries(2);
        let connection = ConnectionManager::new_with_config(client, config)
            .await
            .map_err(failed)?;
        Ok(Self {
            connection,
            prefix: "holdall:session:".into(),
        })
    }

    /// What names begin with in Redis, for several servers that share one. Default: `holdall:session:`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    fn key(&self, id: &str) -> String {
        let hash = Sha256::digest(id.as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}{hash}", self.prefix)
    }
}

/// The address may hold a password.
impl fmt::Debug for RedisSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSessions")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl SessionStore for RedisSessions {
    fn load<'a>(&'a self, id: &'a str) -> SessionFuture<'a, Option<SessionRecord>> {
        let mut connection = self.connection.clone();
        Box::pin(async move {
            let found: Option<Vec<u8>> = connection.get(self.key(id)).await.map_err(failed)?;
            found
                .map(|record| serde_json::from_slice(&record).map_err(failed))
                .transpose()
        })
    }

    fn save<'a>(&'a self, id: &'a str, record: &'a SessionRecord, keep: Duration) -> SessionFuture<'a, ()> {
        let mut connection = self.connection.clone();
        Box::pin(async move {
            let record = serde_json::to_vec(record).map_err(failed)?;
            connection
                .pset_ex(self.key(id), record, milliseconds(keep))
                .await
                .map_err(failed)
        })
    }

    fn renew<'a>(&'a self, id: &'a str, keep: Duration) -> SessionFuture<'a, ()> {
        let mut connection = self.connection.clone();
        let keep = i64::try_from(milliseconds(keep)).unwrap_or(i64::MAX);
        Box::pin(async move { connection.pexpire(self.key(id), keep).await.map_err(failed) })
    }

    fn remove<'a>(&'a self, id: &'a str) -> SessionFuture<'a, ()> {
        let mut connection = self.connection.clone();
        Box::pin(async move { connection.del(self.key(id)).await.map_err(failed) })
    }
}

fn milliseconds(keep: Duration) -> u64 {
    u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> SessionStoreError {
    SessionStoreError(Box::new(error))
}
