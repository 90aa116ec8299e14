//! What a listing of concrete resources consists of.

use serde::{Deserialize, Serialize};

/// A part of a listing: entries, and where to go on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page {
    /// The entries, in a stable order.
    pub entries: Vec<Entry>,
    /// Handed back to the lister as `cursor` to get the next page; `None` on the last.
    pub next: Option<String>,
}

impl Page {
    /// A page.
    pub fn new(entries: Vec<Entry>, next: Option<String>) -> Self {
        Self { entries, next }
    }
}

/// One concrete resource of a template, as listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// Its URI.
    pub uri: String,
    /// Its name.
    pub name: String,
    /// The name people see.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its MIME type; that of the template if `None`.
    pub mime_type: Option<String>,
    /// When it last changed, in ISO 8601.
    pub last_modified: Option<String>,
}

impl Entry {
    /// An entry of a listing.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            title: None,
            description: None,
            size: None,
            mime_type: None,
            last_modified: None,
        }
    }

    /// The name people see.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What it is.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The MIME type. Default: that of the template.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// When it last changed, in ISO 8601: `2026-01-31T12:30:00Z`.
    pub fn last_modified(mut self, time: impl Into<String>) -> Self {
        self.last_modified = Some(time.into());
        self
    }

    /// The size in bytes.
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }
}
