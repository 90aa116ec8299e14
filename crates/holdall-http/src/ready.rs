//! `/ready`: whether the server can do its work, as named checks see it.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Map, json};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::front::refusal::json_response;

/// How long a check may take unless it says otherwise: orchestrators ask every few seconds, and give up after one or two.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How long a verdict counts. Anybody may ask, and the checks must not become a way to keep the server busy.
const FRESH: Duration = Duration::from_secs(1);

/// Something the server needs in order to do its work, and a way to see whether it is there.
///
/// ```
/// use holdall_http::{HttpConfig, ReadyCheck};
///
/// # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
/// let mut config = HttpConfig::default();
/// config.ready_checks.push(ReadyCheck::new("database", || async { ping().await }));
/// ```
#[derive(Clone)]
pub struct ReadyCheck {
    name: &'static str,
    timeout: Duration,
    check: Arc<dyn Fn() -> Checking + Send + Sync>,
}

type Checking = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl ReadyCheck {
    /// A check of this name, which everybody may read. What it fails with goes to the log only. It may take a second.
    pub fn new<F, E>(name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        Self {
            name,
            timeout: TIMEOUT,
            check: Arc::new(move || {
                let checking = check();
                Box::pin(async move { checking.await.map_err(|error| error.to_string()) })
            }),
        }
    }

    /// How long it may take; longer, and it has failed. Default: one second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// `ok`, `failed` or `timed_out`.
    async fn verdict(&self) -> &'static str {
        // A check that panics before it has made its future has failed, too.
        let check = AssertUnwindSafe(async { (self.check)().await }).catch_unwind();
        let (verdict, why) = match tokio::time::timeout(self.timeout, check).await {
            Ok(Ok(Ok(()))) => return "ok",
            Ok(Ok(Err(error))) => ("failed", error),
            Ok(Err(_)) => ("failed", "it panicked".to_owned()),
            Err(_) => ("timed_out", format!("it took longer than {:?}", self.timeout)),
        };
        tracing::warn!(check = self.name, "the server is not ready: {why}");
        verdict
    }
}

impl fmt::Debug for ReadyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyCheck")
            .field("name", &self.name)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What the checks said, and when.
type Verdicts = (Instant, Vec<&'static str>);

/// What answers at `/ready`.
#[derive(Clone)]
pub(crate) struct Readiness {
    checks: Arc<[ReadyCheck]>,
    ended: CancellationToken,
    /// The last verdicts; whoever asks meanwhile waits for the one who checks.
    last: Arc<Mutex<Option<Verdicts>>>,
}

impl Readiness {
    pub(crate) fn new(checks: &[ReadyCheck], ended: &CancellationToken) -> Self {
        Self {
            checks: checks.into(),
            ended: ended.clone(),
            last: Arc::default(),
        }
    }

    pub(crate) async fn answer(&self) -> Response {
        if self.ended.is_cancelled() {
            return json_response(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "stopping" }));
        }
        let verdicts = self.verdicts().await;
        let (status, word) = match verdicts.iter().all(|verdict| *verdict == "ok") {
            true => (StatusCode::OK, "ready"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "unready"),
        };
        let names = self.checks.iter().map(|check| check.name.to_owned());
        let checks: Map<_, _> = names.zip(verdicts.into_iter().map(Into::into)).collect();
        json_response(status, &json!({ "status": word, "checks": checks }))
    }

    async fn verdicts(&self) -> Vec<&'static str> {
        let mut last = self.last.lock().await;
        if let Some((at, verdicts)) = &*last
            && at.elapsed() < FRESH
        {
            return verdicts.clone();
        }
        let verdicts = join_all(self.checks.iter().map(ReadyCheck::verdict)).await;
        *last = Some((Instant::now(), verdicts.clone()));
        verdicts
    }
}
