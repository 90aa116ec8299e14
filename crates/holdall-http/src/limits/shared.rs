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

use redis::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::Party;
use super::rate::Rate;
use crate::error::HttpError;
use crate::redis_client;

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
    authorities: Option<Arc<[u8]>>,
    prefix: Arc<str>,
    patience: Duration,
}

impl SharedLimits {
    /// On the Redis server at `url`: `redis://:password@host:6379/0`, over TLS `rediss://:password@host:6379/0`, or
    /// `redis+unix:///run/redis.sock`. The password is shown nowhere.
    ///
    /// # Errors
    /// [`HttpError::Redis`] if that is no such URL.
    pub fn redis(url: &str) -> Result<Self, HttpError> {
        Self::at(url, None)
    }

    /// The same over TLS with these authorities, certificates in PEM, in place of those of the system.
    ///
    /// # Errors
    /// As [`redis`](Self::redis), and if there is no certificate.
    pub fn redis_trusting(url: &str, authorities: &[u8]) -> Result<Self, HttpError> {
        Self::at(url, Some(authorities))
    }

    fn at(url: &str, authorities: Option<&[u8]>) -> Result<Self, HttpError> {
        let client = redis_client::client(url, authorities);
        Ok(Self {
            client: client.map_err(|error| HttpError::Redis(error.category().to_owned()))?,
            url: url.into(),
            authorities: authorities.map(Into::into),
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
        (&self.url, &self.authorities, &self.prefix, self.patience)
            == (&other.url, &other.authorities, &other.prefix, other.patience)
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
        // Once for all that were under way.
        if self.alone_until.fetch_max(until, Ordering::Relaxed) <= now {
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::Ipv4Addr;
    use std::process::{Child, Command, Stdio};

    use super::super::{Limits, LimitsConfig};
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    /// A Redis server of this test's own, on a Unix socket.
    struct Redis {
        process: Child,
        folder: tempfile::TempDir,
    }

    impl Redis {
        /// `None` where Redis is not installed.
        fn start() -> Option<Self> {
            let folder = tempfile::tempdir().expect("a folder");
            let process = run(&folder);
            if process.is_none() {
                eprintln!("skipped: needs redis-server");
            }
            Some(Self {
                process: process?,
                folder,
            })
        }

        fn stop(&mut self) {
            self.process.kill().expect("it runs");
            self.process.wait().expect("it ends");
        }

        fn url(&self) -> String {
            format!("redis+unix://{}", socket(&self.folder))
        }
    }

    impl Drop for Redis {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    fn socket(folder: &tempfile::TempDir) -> String {
        folder.path().join("redis.sock").display().to_string()
    }

    /// Returns once it takes connections.
    fn run(folder: &tempfile::TempDir) -> Option<Child> {
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket", &socket(folder)])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let output = process.stdout.as_mut().expect("it is piped");
        let mut lines = BufReader::new(output).lines();
        let ready = lines.any(|line| line.is_ok_and(|line| line.contains("eady to accept connections")));
        assert!(ready, "redis-server ended");
        Some(process)
    }

    fn replica(redis: &Redis, change: impl FnOnce(&mut LimitsConfig)) -> Limits {
        let mut config = LimitsConfig::none();
        let shared = SharedLimits::redis(&redis.url()).expect("a URL");
        // Machines that run tests may be slow; whether they are is not the question here.
        config.shared = Some(shared.patience(Duration::from_secs(20)));
        change(&mut config);
        Limits::new(&config)
    }

    #[tokio::test]
    async fn replicas_count_together() {
        let Some(redis) = Redis::start() else { return };
        let limit = |config: &mut LimitsConfig| {
            config.requests_per_address = Some(Rate::every(Duration::from_secs(86_400), 3));
            config.failed_logins_per_address = Some(Rate::every(Duration::from_secs(7200), 2));
        };
        let (first, second) = (replica(&redis, limit), replica(&redis, limit));
        assert!(first.hear(HERE).await.is_ok());
        assert!(second.hear(HERE).await.is_ok());
        assert!(first.hear(HERE).await.is_ok());
        for replica in [&first, &second] {
            let refusal = replica.hear(HERE).await.expect_err("three are enough");
            let (_, retry) = &refusal.headers[0];
            let seconds: u64 = retry.to_str().expect("digits").parse().expect("digits");
            // A third of a day, less what the test has taken.
            assert!((28_000..=28_800).contains(&seconds), "{seconds}");
        }
        // Logins are counted apart from requests, and looking is not counted.
        for _ in 0..5 {
            assert!(second.may_try_key(HERE).await.is_ok());
        }
        first.key_was_wrong(HERE).await;
        second.key_was_wrong(HERE).await;
        assert!(first.may_try_key(HERE).await.is_err());
        assert!(second.login_failed(HERE).await.is_ok(), "counted apart");
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
        assert!(first.may_try_key(other).await.is_ok() && first.hear(other).await.is_ok());
    }

    #[tokio::test]
    async fn checks_at_once_let_through_exactly_what_is_allowed() {
        let Some(redis) = Redis::start() else { return };
        let limit = |config: &mut LimitsConfig| {
            config.requests_per_address = Some(Rate::every(Duration::from_secs(86_400), 50))
        };
        let replicas = [replica(&redis, limit), replica(&redis, limit)];
        let checks = (0..200).map(|number| replicas[number % 2].hear(HERE));
        let outcomes = futures_util::future::join_all(checks).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 50);
    }

    #[tokio::test]
    async fn without_redis_each_counts_for_itself_until_it_is_back() {
        let Some(mut redis) = Redis::start() else { return };
        let limits = replica(&redis, |config| {
            config.requests_per_address = Some(Rate::every(Duration::from_secs(86_400), 1));
        });
        assert!(limits.hear(HERE).await.is_ok());
        assert!(limits.hear(HERE).await.is_err());
        redis.stop();
        assert!(
            limits.hear(HERE).await.is_ok(),
            "nobody is refused because Redis is gone"
        );
        assert!(
            limits.hear(HERE).await.is_err(),
            "and nobody gets around the limit"
        );
        redis.process = run(&redis.folder).expect("it ran before");
        // The new server knows of nobody. The pause is passed over, not waited for.
        let mut back = false;
        for _ in 0..50 {
            tokio::time::pause();
            tokio::time::advance(PAUSE * 2).await;
            tokio::time::resume();
            back = limits.hear(HERE).await.is_ok();
            if back {
                break;
            }
        }
        assert!(back, "Redis is asked again");
    }

    /// Where no server is.
    fn nowhere() -> SharedLimits {
        let shared = SharedLimits::redis("redis+unix:///nowhere/redis.sock").expect("a URL");
        shared.patience(Duration::from_secs(1))
    }

    #[tokio::test(start_paused = true)]
    async fn for_a_while_after_a_failure_nobody_is_asked_and_it_is_logged_once() {
        let log = crate::logged::Log::start();
        let shared = Shared::changed(None, Some(&nowhere())).expect("it connects later");
        let ask = async || {
            let party = Party::Address(HERE);
            shared
                .judge("address", party, Rate::per_second(1), 1)
                .await
                .is_none()
        };
        for outage in 1..=3 {
            assert_eq!((ask().await, ask().await), (true, true));
            assert_eq!(log.count("Redis does not answer"), outage);
            let pause = u64::try_from(PAUSE.as_millis()).expect("it is short");
            assert_eq!(
                shared.alone_until.load(Ordering::Relaxed),
                shared.millis() + pause
            );
            tokio::time::advance(PAUSE - Duration::from_millis(1)).await;
            assert!(ask().await);
            assert_eq!(log.count("Redis does not answer"), outage, "it is not asked yet");
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(
            futures_util::future::join_all((0..8).map(|_| ask()))
                .await
                .iter()
                .all(|alone| *alone)
        );
        assert_eq!(log.count("Redis does not answer"), 4, "once for all of them");
    }

    #[tokio::test]
    async fn the_connection_is_kept_while_its_settings_stay_the_same() {
        let first = Shared::changed(None, Some(&nowhere())).expect("it connects later");
        let same = Shared::changed(Some(&first), Some(&nowhere())).expect("it connects later");
        assert!(Arc::ptr_eq(&first, &same));
        let other = SharedLimits::redis("redis+unix:///elsewhere/redis.sock").expect("a URL");
        for settings in [
            nowhere().prefix("notes"),
            nowhere().patience(Duration::from_secs(2)),
            other.patience(Duration::from_secs(1)),
        ] {
            assert_ne!(settings, nowhere());
            let changed = Shared::changed(Some(&first), Some(&settings)).expect("it connects later");
            assert!(!Arc::ptr_eq(&first, &changed), "{settings:?}");
            assert_eq!(changed.settings, settings);
        }
        assert_eq!(nowhere(), nowhere());
        assert!(Shared::changed(Some(&first), None).is_none());
    }

    #[tokio::test]
    async fn servers_with_other_prefixes_count_apart() {
        let Some(redis) = Redis::start() else { return };
        let limits = |prefix: &str| {
            replica(&redis, |config| {
                config.requests_per_address = Some(Rate::every(Duration::from_secs(86_400), 1));
                config.shared = config.shared.take().map(|shared| shared.prefix(prefix));
            })
        };
        let (notes, files) = (limits("notes"), limits("files"));
        assert!(notes.hear(HERE).await.is_ok() && files.hear(HERE).await.is_ok());
        assert!(notes.hear(HERE).await.is_err() && files.hear(HERE).await.is_err());
    }

    #[test]
    fn passwords_and_names_are_shown_nowhere() {
        let shared = SharedLimits::redis("redis://:hunter2@localhost").expect("a URL");
        assert!(!format!("{shared:?}").contains("hunter2"));
        let error = SharedLimits::redis("ftp://:hunter2@localhost").expect_err("no such URL");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
