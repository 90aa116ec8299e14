//! What systemd, or whoever else supervises the program, hands over and is told: sockets it opened, and how it goes.
//!
//! Nothing here happens by itself: these are functions for programs to call.

use std::io;
use std::time::Duration;

use super::address::Listen;
use crate::error::HttpError;

/// A socket somebody else opened, taken from [`inherited_sockets`].
#[derive(Debug)]
pub struct InheritedSocket(pub(super) Inherited);

#[derive(Debug)]
pub(super) enum Inherited {
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// The sockets that systemd opened for this process (socket activation: `LISTEN_FDS`, `LISTEN_PID`), in order. None if
/// there are none. Call it once, before there are threads: the sockets are taken, and the variables removed.
///
/// # Errors
/// [`HttpError::Inherited`] if one is no stream socket that listens.
pub fn inherited_sockets() -> Result<Vec<Listen>, HttpError> {
    let mut given = listenfd::ListenFd::from_env();
    (0..given.len())
        .map(|number| take(&mut given, number).map_err(HttpError::Inherited))
        .collect()
}

fn take(given: &mut listenfd::ListenFd, number: usize) -> io::Result<Listen> {
    #[cfg(unix)]
    if let Ok(Some(listener)) = given.take_unix_listener(number) {
        return Ok(Listen::Inherited(InheritedSocket(Inherited::Unix(listener))));
    }
    match given.take_tcp_listener(number)? {
        Some(listener) => Ok(Listen::Inherited(InheritedSocket(Inherited::Tcp(listener)))),
        None => Err(io::Error::other("it has been taken already")),
    }
}

/// What a supervisor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifecycle {
    /// The server answers.
    Ready,
    /// The server finishes what is under way.
    Stopping,
    /// The server is alive; to be said at least as often as [`watchdog_interval`] asks.
    Alive,
}

/// Tells systemd how it goes (`NOTIFY_SOCKET`); nothing happens if nobody wants to know.
pub fn tell_supervisor(state: Lifecycle) {
    #[cfg(target_os = "linux")]
    {
        let state = match state {
            Lifecycle::Ready => sd_notify::NotifyState::Ready,
            Lifecycle::Stopping => sd_notify::NotifyState::Stopping,
            Lifecycle::Alive => sd_notify::NotifyState::Watchdog,
        };
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::warn!(%error, "systemd could not be told how it goes");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = state;
}

/// How often systemd wants to hear that the server is alive (`WATCHDOG_USEC`): half of the time after which it takes it
/// for dead. `None` if it does not ask.
pub fn watchdog_interval() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    return sd_notify::watchdog_enabled().map(|limit| limit / 2);
    #[cfg(not(target_os = "linux"))]
    None
}
