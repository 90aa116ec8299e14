//! Where and how `holdall serve` listens over HTTP, and what it tells whoever supervises it.

use anyhow::Result;
use holdall_http::{
    Address, HttpConfig, HttpServer, Lifecycle, Listen, Reloader, TlsConfig, inherited_sockets,
    tell_supervisor, watchdog_interval,
};
use tokio::task::AbortHandle;

use crate::arguments::ServeArguments;

/// Only this user may connect.
#[cfg(unix)]
const SOCKET_MODE: u32 = 0o600;

/// Where to listen; nowhere if the protocol is to be spoken over standard input and output. Sockets that systemd opened
/// take the place of the address.
pub(crate) fn places(arguments: &ServeArguments) -> Result<Vec<Listen>> {
    let mut places = Vec::new();
    if let Some(address) = arguments.http {
        places = inherited_sockets()?;
        if places.is_empty() {
            places.push(Listen::Tcp(address));
        }
    }
    #[cfg(unix)]
    if let Some(path) = &arguments.unix_socket {
        let (path, mode) = (path.clone(), SOCKET_MODE);
        places.push(Listen::Unix { path, mode });
    }
    Ok(places)
}

pub(crate) fn configuration(arguments: &ServeArguments) -> HttpConfig {
    let mut config = HttpConfig::default();
    config.public_url.clone_from(&arguments.public_url);
    config.allowed_hosts.clone_from(&arguments.allow_host);
    config.allowed_origins.clone_from(&arguments.allow_origin);
    config.insecure = arguments.insecure;
    let files = arguments.tls_cert.as_ref().zip(arguments.tls_key.as_ref());
    config.tls = files.map(|(certificates, key)| TlsConfig::new(certificates, key));
    config
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

/// Reads certificates again whenever the process is asked to (`SIGHUP`).
#[cfg(unix)]
pub(crate) fn heed_reloads(reloader: Reloader) -> Result<Background> {
    use anyhow::Context;
    use tokio::signal::unix::{SignalKind, signal};
    let mut asked = signal(SignalKind::hangup()).context("signals cannot be heeded")?;
    let task = tokio::spawn(async move {
        while asked.recv().await.is_some() {
            if let Err(error) = reloader.reload_certificates() {
                tracing::error!(%error, "the old certificate is kept");
            }
        }
    });
    Ok(Background(Some(task.abort_handle())))
}

/// Nothing asks a process to reload here.
#[cfg(not(unix))]
pub(crate) fn heed_reloads(_: Reloader) -> Result<Background> {
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
