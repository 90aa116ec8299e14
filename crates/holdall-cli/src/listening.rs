//! Where and how `holdall serve` listens over HTTP, and what it tells whoever supervises it.

use std::sync::Arc;

use anyhow::{Context, Result};
use holdall_http::{
    Address, HttpConfig, HttpServer, Lifecycle, Listen, RedisSessions, SharedLimits, inherited_sockets,
    tell_supervisor, watchdog_interval,
};
use tokio::task::AbortHandle;

use crate::config::Config;

/// Only this user may connect.
#[cfg(unix)]
const SOCKET_MODE: u32 = 0o600;

/// Where to listen; nowhere if the protocol is to be spoken over standard input and output. Sockets that systemd opened
/// take the place of the addresses.
pub(crate) fn places(config: &Config) -> Result<Vec<Listen>> {
    let mut places = inherited_sockets()?;
    if places.is_empty() {
        places.extend(config.serve.listen.iter().map(|address| Listen::Tcp(*address)));
    }
    #[cfg(unix)]
    if let Some(path) = &config.serve.unix_socket {
        let (path, mode) = (path.clone(), SOCKET_MODE);
        places.push(Listen::Unix { path, mode });
    }
    Ok(places)
}

/// What the front goes by, its files read; connected to what replicas share.
pub(crate) async fn front(config: &Config) -> Result<HttpConfig> {
    let mut front = reloadable(config)?;
    front.auth = config.auth.open()?;
    if let Some((url, authorities)) = config.redis.open()? {
        let sessions = match &authorities {
            Some(authorities) => RedisSessions::connect_trusting(&url, authorities).await,
            None => RedisSessions::connect(&url).await,
        };
        let sessions = sessions.context("the Redis server of [redis] does not answer")?;
        front.sessions.store = Some(Arc::new(sessions.prefix(&config.redis.prefix.0)));
    }
    Ok(front)
}

/// The part of it that can be exchanged while the server runs.
pub(crate) fn reloadable(config: &Config) -> Result<HttpConfig> {
    let mut front = config.http.clone();
    if let Some((url, authorities)) = config.redis.open()? {
        let limits = match &authorities {
            Some(authorities) => SharedLimits::redis_trusting(&url, authorities),
            None => SharedLimits::redis(&url),
        };
        let limits = limits.context("the `url` of [redis] cannot be used")?;
        front.limits.shared = Some(limits.prefix(&config.redis.prefix.0));
    }
    Ok(front)
}

/// What clients on this machine connect to.
pub(crate) fn urls(server: &HttpServer, encrypted: bool) -> Vec<String> {
    let scheme = if encrypted { "https" } else { "http" };
    let addresses = server.addresses().into_iter();
    addresses
        .map(|address| match address {
            Address::Unix(path) => format!("the Unix socket {}", path.display()),
            address => format!("{scheme}://{address}/mcp"),
        })
        .collect()
}

/// What goes on until this is dropped.
pub(crate) struct Background(Option<AbortHandle>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Calls `reload` whenever the process is asked to look at its files again (`SIGHUP`).
#[cfg(unix)]
pub(crate) fn heed_reloads(reload: impl Fn() -> Result<()> + Send + 'static) -> Result<Background> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::hangup()).context("signals cannot be heeded")?;
    let task = tokio::spawn(async move {
        while asked.recv().await.is_some() {
            match reload() {
                Ok(()) => tracing::info!("the configuration was read again"),
                Err(error) => tracing::error!("what could not be read again stays as it was: {error:#}"),
            }
        }
    });
    Ok(Background(Some(task.abort_handle())))
}

/// Nothing asks a process to reload here.
#[cfg(not(unix))]
pub(crate) fn heed_reloads(_: impl Fn() -> Result<()> + Send + 'static) -> Result<Background> {
    Ok(Background(None))
}

/// Says that the process is alive as often as its supervisor wants to hear it.
pub(crate) fn stay_alive() -> Background {
    let task = watchdog_interval().map(|interval| {
        let task = tokio::spawn(async move {
            let mut times = tokio::time::interval(interval);
            loop {
                times.tick().await;
                tell_supervisor(Lifecycle::Alive);
            }
        });
        task.abort_handle()
    });
    Background(task)
}
