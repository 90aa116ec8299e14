//! What the server says unasked: [`Notification`], and readings of the usual ones.

use serde::Deserialize;
use serde_json::Value;

/// A notification as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Such as `notifications/progress`.
    pub method: String,
    /// `null` if there were none.
    pub params: Value,
}

/// A `notifications/progress`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Progress {
    /// The request this is about, by the token it carried.
    pub progress_token: Value,
    /// How much is done.
    pub progress: f64,
    /// How much there is to do, if that is known.
    pub total: Option<f64>,
    /// What is being done.
    pub message: Option<String>,
}

/// A `notifications/message`: a line of the server's log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Log {
    /// `debug`, `info`, `notice`, `warning`, `error`, `critical`, `alert` or `emergency`.
    pub level: String,
    /// Which part of the server speaks.
    pub logger: Option<String>,
    /// What it says.
    pub data: Value,
}

impl Notification {
    pub(crate) fn of(message: &Value) -> Self {
        Self {
            method: message["method"].as_str().unwrap_or_default().to_owned(),
            params: message.get("params").cloned().unwrap_or_default(),
        }
    }

    /// Reads the notification as progress, if it is that.
    pub fn progress(&self) -> Option<Progress> {
        self.read("notifications/progress")
    }

    /// Reads the notification as a line of the log, if it is that.
    pub fn log(&self) -> Option<Log> {
        self.read("notifications/message")
    }

    fn read<'de, T: Deserialize<'de>>(&'de self, method: &str) -> Option<T> {
        if self.method != method {
            return None;
        }
        T::deserialize(&self.params).ok()
    }
}
