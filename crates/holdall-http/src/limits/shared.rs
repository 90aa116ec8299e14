//! [`SharedLimits`]: how several replicas of the server count together, over Redis.
//!
//! Every check is one script on the Redis server, so nobody comes in between, by Redis' clock, so replicas need not
//! agree on the time. All checks share one connection and are sent one after the other without waiting for replies.
//!
//! If Redis does not answer in time, the replica counts for itself and asks again a moment later. Letting everything
//! through would make Redis the way around the limits; refusing everything would make it the end of the service. At worst
//! a party gets its rate once from every replica.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{IntoConnectionInfo, Script};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::Party;
use super::rate::Rate;
use crate::error::HttpError;

/// The generic cell rate algorithm of `rate`, in microseconds. Returns how long to wait; 0 lets it happen.
const SCRIPT: &str = r"
local interval, tolerance, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = due - tolerance - now
if wait > 0 then return wait end
if cost > 0 then
  due = due + interval * cost
  redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
end
return 0
";
/// How long a replica counts for itself after Redis has failed.
const PAUSE: Duration = Duration::from_secs(1);
/// More than this many checks at once, and the connection is what is slow.
const CHECKS_MAX: usize = 4096;

/// Where several replicas of the server count together: a Redis server, or one that speaks its protocol.
///
/// Rates and failed logins are shared; places for calls and streams are each replica's own, as what they protect is.
#[derive(Clone)]
pub struct SharedLimits {
    client: redis::Client,
    /// What tells two settings apart; holds the password.
    url: Arc<str>,
    prefix: Arc<str>,
    patience: Duration,
}

impl SharedLimits {
    /// On the Redis server at `url`: `redis://:password@host:6379/0`, `redis+unix:///run/redis.sock`. The password is
    /// shown nowhere.
    ///
    /// # Errors
    /// [`HttpError::Redis`] if that is no such URL.
    pub fn redis(url: &str) -> Result<Self, HttpError> {
        let wrong = |error: &redis::RedisError| HttpError::Redis(error.category().to_owned());
        let info = url.into_connection_info().map_err(|error| wrong(&error))?;
        Ok(Self {
            client: redis::Client::open(info).map_err(|error| wrong(&error))?,
            url: url.into(),
            prefix: "holdall".into(),
            patience: Duration::from_millis(100),
        })
    }

    /// What its keys begin with, so that several servers can use the same Redis. Default: `holdall`.
    pub fn prefix(self, prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
            ..self
        }
    }

    /// How long Redis may take to answer before a replica counts for itself. Default: 100 milliseconds.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl PartialEq for SharedLimits {
    fn eq(&self, other: &Self) -> bool {
        (&self.url, &self.prefix, self.patience) == (&other.url, &other.prefix, other.patience)
    }
}

impl Eq for SharedLimits {}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SharedLimits")
            .field("prefix", &self.prefix)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// The connection to Redis.
pub(super) struct Shared {
    settings: SharedLimits,
    connection: ConnectionManager,
    script: Script,
    started: Instant,
    /// Until when this replica counts for itself, in milliseconds since `started`.
    alone_until: AtomicU64,
}

/// What Redis says.
pub(super) struct Verdict(Option<Duration>);

impl Verdict {
    /// How long to wait; `None` if not at all.
    pub(super) fn wait(self) -> Option<Duration> {
        self.0
    }
}

impl Shared {
    /// The connection for new settings; the old one where nothing has changed.
    pub(super) fn changed(old: Option<&Arc<Self>>, settings: Option<&SharedLimits>) -> Option<Arc<Self>> {
        let settings = settings?;
        if let Some(old) = old.filter(|old| old.settings == *settings) {
            return Some(Arc::clone(old));
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(settings.patience))
            .set_response_timeout(Some(settings.patience))
            .set_number_of_retries(1)
            .set_max_delay(settings.patience)
            .set_concurrency_limit(CHECKS_MAX);
        let connection = ConnectionManager::new_lazy_with_config(settings.client.clone(), config);
        match connection {
            Ok(connection) => Some(Arc::new(Self {
                settings: settings.clone(),
                connection,
                script: Script::new(SCRIPT),
                started: Instant::now(),
                alone_until: AtomicU64::new(0),
            })),
            Err(error) => {
                tracing::error!(
                    problem = error.category(),
                    "limits are not shared: Redis cannot be used"
                );
                None
            }
        }
    }

    /// Asks Redis whether something may happen at this rate; it is counted if `cost` is not 0. `None` if Redis does
    /// not answer.
    pub(super) async fn judge(&self, what: &str, party: Party<'_>, rate: Rate, cost: u32) -> Option<Verdict> {
        let now = self.millis();
        if now < self.alone_until.load(Ordering::Relaxed) {
            return None;
        }
        let mut invocation = self.script.key(self.key(what, party));
        invocation
            .arg((rate.interval() / 1000).max(1))
            .arg(rate.tolerance() / 1000)
            .arg(cost);
        let mut connection = self.connection.clone();
        let asked = invocation.invoke_async::<u64>(&mut connection);
        let problem = match tokio::time::timeout(self.settings.patience, asked).await {
            Ok(Ok(0)) => return Some(Verdict(None)),
            Ok(Ok(wait)) => return Some(Verdict(Some(Duration::from_micros(wait)))),
            Ok(Err(error)) => error.category().to_owned(),
            Err(_) => format!("no answer in {:?}", self.settings.patience),
        };
        let until = self.millis() + u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        if self.alone_until.fetch_max(until, Ordering::Relaxed) < now {
            tracing::warn!(
                problem,
                "Redis does not answer; this replica counts for itself meanwhile"
            );
        }
        None
    }

    /// Of a fixed length, and nobody's name or address can be read in it.
    fn key(&self, what: &str, party: Party<'_>) -> String {
        let mut hash = Sha256::new();
        match party {
            Party::Address(IpAddr::V4(address)) => hash.update(address.octets()),
            Party::Address(IpAddr::V6(address)) => hash.update(address.octets()),
            Party::Principal(name) => {
                hash.update(b"principal:");
                hash.update(name.as_bytes());
            }
        }
        let digest = hash.finalize();
        let mut key = format!("{}:{what}:", self.settings.prefix);
        for byte in &digest[..16] {
            key.push_str(&format!("{byte:02x}"));
        }
        key
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
