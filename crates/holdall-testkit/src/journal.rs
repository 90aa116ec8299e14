//! What went over the connection: the answers as they came, notifications, questions, and the last messages for
//! whoever reads a failure.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use crate::notification::Notification;

/// Messages kept for failures.
const FRAMES_MAX: usize = 12;
/// Characters of a message that a failure shows.
pub(crate) const SHOWN_CHARS: usize = 500;

/// Entries of `_meta` that most messages carry.
const COMMON_META: [&str; 4] = [
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "progressToken",
];

/// The record of one connection.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    changed: Notify,
}

#[derive(Default)]
struct Entries {
    frames: VecDeque<String>,
    responses: HashMap<String, Value>,
    notifications: Vec<Notification>,
    /// How many notifications of a method the test has waited for.
    awaited: HashMap<String, usize>,
    ended: bool,
}

impl Journal {
    pub(crate) fn sent(&self, message: &Value) {
        self.frame("→", &for_people(message));
    }

    /// Takes note of bytes that may be no message.
    pub(crate) fn sent_bytes(&self, beginning: &str, bytes: usize) {
        let beginning = beginning.trim_end();
        self.frame("→", &format!("{beginning} ({bytes} bytes)"));
    }

    /// Takes note of a message as it came.
    pub(crate) fn received(&self, message: &Value) {
        self.frame("←", &for_people(message));
        let mut entries = self.entries();
        if message.get("method").is_none() {
            if let Some(id) = message.get("id") {
                entries.responses.insert(id.to_string(), message.clone());
            }
        } else if message.get("id").is_none() {
            entries.notifications.push(Notification::of(message));
        }
        drop(entries);
        self.changed.notify_waiters();
    }

    /// Takes note of something that is not a message, or that went wrong.
    pub(crate) fn remark(&self, text: &str) {
        self.frame("!", text);
    }

    pub(crate) fn end(&self) {
        self.entries().ended = true;
        self.changed.notify_waiters();
    }

    /// The response to a request, as it came.
    pub(crate) fn take_response(&self, id: &Value) -> Option<Value> {
        self.entries().responses.remove(&id.to_string())
    }

    pub(crate) fn notifications(&self) -> Vec<Notification> {
        self.entries().notifications.clone()
    }

    /// The next notification of this method that nobody has waited for yet; `None` when no more can come.
    pub(crate) async fn next_notification(&self, method: &str) -> Option<Notification> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            {
                let mut entries = self.entries();
                let seen = entries.awaited.get(method).copied().unwrap_or_default();
                let next = entries
                    .notifications
                    .iter()
                    .filter(|notification| notification.method == method)
                    .nth(seen)
                    .cloned();
                if next.is_some() {
                    *entries.awaited.entry(method.to_owned()).or_default() += 1;
                }
                if next.is_some() || entries.ended {
                    return next;
                }
            }
            changed.await;
        }
    }

    /// The last messages, one a line.
    pub(crate) fn tail(&self) -> String {
        let entries = self.entries();
        entries
            .frames
            .iter()
            .map(|frame| format!("    {frame}\n"))
            .collect()
    }

    fn frame(&self, mark: &str, text: &str) {
        let mut entries = self.entries();
        if entries.frames.len() == FRAMES_MAX {
            entries.frames.pop_front();
        }
        entries
            .frames
            .push_back(format!("{mark} {}", shortened(text, SHOWN_CHARS)));
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message without what every message carries.
fn for_people(message: &Value) -> String {
    let mut message = message.clone();
    let Some(fields) = message.as_object_mut() else {
        return message.to_string();
    };
    fields.shift_remove("jsonrpc");
    if let Some(Value::Object(params)) = fields.get_mut("params")
        && let Some(Value::Object(mut meta)) = params.shift_remove("_meta")
    {
        meta.retain(|name, _| !COMMON_META.contains(&name.as_str()));
        if !meta.is_empty() {
            params.insert("_meta".into(), meta.into());
        }
    }
    message.to_string()
}

/// The first `chars_max` characters of a text, and how many were left out.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some((end, _)) => format!(
            "{}… ({} characters more)",
            &text[..end],
            text[end..].chars().count()
        ),
    }
}
