//! Writing into the client's log: [`Context::log`]. Deprecated by protocol 2026-07-28, which sends only what a request
//! asks for; before it, a session has a level.
#![expect(
    deprecated,
    reason = "the protocol's types for it are marked as the protocol is"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam};
use serde::Serialize;

use crate::context::Context;
use crate::error::{CallError, CallResult, Signal};

/// How grave a message is, from the least on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LogLevel {
    /// For whoever looks for a mistake.
    Debug,
    /// What is going on.
    Info,
    /// Normal, but worth a look.
    Notice,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
    /// A part of the server is out of order.
    Critical,
    /// Somebody has to act at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl LogLevel {
    const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    fn on_the_wire(self) -> LoggingLevel {
        match self {
            Self::Debug => LoggingLevel::Debug,
            Self::Info => LoggingLevel::Info,
            Self::Notice => LoggingLevel::Notice,
            Self::Warning => LoggingLevel::Warning,
            Self::Error => LoggingLevel::Error,
            Self::Critical => LoggingLevel::Critical,
            Self::Alert => LoggingLevel::Alert,
            Self::Emergency => LoggingLevel::Emergency,
        }
    }
}

impl From<LoggingLevel> for LogLevel {
    fn from(level: LoggingLevel) -> Self {
        match level {
            LoggingLevel::Debug => Self::Debug,
            LoggingLevel::Info => Self::Info,
            LoggingLevel::Notice => Self::Notice,
            LoggingLevel::Warning => Self::Warning,
            LoggingLevel::Error => Self::Error,
            LoggingLevel::Critical => Self::Critical,
            LoggingLevel::Alert => Self::Alert,
            LoggingLevel::Emergency => Self::Emergency,
        }
    }
}

/// The level of one session, set by `logging/setLevel`. Default: [`LogLevel::Info`].
pub(crate) struct SessionLog(Arc<AtomicU8>);

impl SessionLog {
    pub(crate) fn set(&self, level: LogLevel) {
        self.0.store(level as u8, Ordering::Relaxed);
    }

    fn level(&self) -> LogLevel {
        let level = usize::from(self.0.load(Ordering::Relaxed));
        LogLevel::ALL.get(level).copied().unwrap_or(LogLevel::Info)
    }

    /// The same session, for one of its calls.
    pub(crate) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Default for SessionLog {
    fn default() -> Self {
        Self(Arc::new(AtomicU8::new(LogLevel::Info as u8)))
    }
}

/// A clone of a service serves another session, whose level is its own.
impl Clone for SessionLog {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Context {
    /// Writes into the client's log, if the client wants messages of this level; never fails.
    ///
    /// ```
    /// use holdall::prelude::*;
    ///
    /// /// Import a folder.
    /// #[tool]
    /// async fn import(ctx: Context, path: String) -> String {
    ///     ctx.log(LogLevel::Info, format!("importing {path}")).await;
    ///     "done".into()
    /// }
    /// ```
    ///
    /// `data` is text or whatever else serialises; no secrets, nothing about people. Protocol 2026-07-28 deprecates
    /// this: what operators should know belongs into `tracing`.
    pub async fn log(&self, level: LogLevel, data: impl Serialize) {
        if !self.wants_log(level) {
            return;
        }
        // What cannot be written as JSON is no message.
        let Ok(data) = serde_json::to_value(data) else {
            return;
        };
        let message = LoggingMessageNotificationParam::new(level.on_the_wire(), data);
        // The only error is a closed connection, and then nobody listens.
        let _ = self.request().peer.notify_logging_message(message).await;
    }

    /// Whether the client wants messages of this level.
    pub fn wants_log(&self, level: LogLevel) -> bool {
        if self.is_task() {
            // Its request was answered, so there is nowhere to write to.
            false
        } else if self.is_stateless() {
            let from = self.request().meta.log_level();
            from.is_some_and(|from| level >= LogLevel::from(from))
        } else {
            level >= self.session_log().level()
        }
    }

    /// A level nobody knows is a mistake of the request.
    pub(crate) fn check_log_level(&self) -> CallResult<()> {
        let meta = &self.request().meta;
        let Some(said) = meta.get("io.modelcontextprotocol/logLevel") else {
            return Ok(());
        };
        if !self.is_stateless() || meta.log_level().is_some() {
            return Ok(());
        }
        let levels = "debug, info, notice, warning, error, critical, alert, emergency";
        let message = format!("{said} is no log level");
        Err(CallError::invalid_arguments(message)
            .hint(format!("use one of {levels}"))
            .signalling(Signal::InvalidRequest))
    }
}
