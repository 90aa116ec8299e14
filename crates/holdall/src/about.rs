//! What a component says about itself beside its name: to people, to the model, and to extensions of the protocol.

use rmcp::model::MetaObject;
use serde::Serialize;
use serde_json::{Value, json};

use crate::icon::Icon;
use crate::protocol::{self, JsonObject};

/// What tools, resources and prompts have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    icons: Vec<Icon>,
    version: Option<String>,
    meta: JsonObject,
}

impl About {
    pub(crate) fn add_icon(&mut self, icon: Icon) {
        self.icons.push(icon);
    }

    pub(crate) fn set_version(&mut self, version: String) {
        self.version = Some(version);
    }

    pub(crate) fn add_meta(&mut self, key: String, value: impl Serialize) {
        // A value that JSON cannot express is kept as null, as elsewhere in schemas.
        self.meta
            .insert(key, serde_json::to_value(value).unwrap_or(Value::Null));
    }

    /// What is wrong with it.
    pub(crate) fn problems(&self) -> Vec<String> {
        let icons = self.icons.iter().flat_map(Icon::problems);
        let keys = self.meta.keys().filter_map(|key| wrong_key(key));
        icons.chain(keys).collect()
    }

    /// The icons, for listing.
    pub(crate) fn icons(&self) -> Option<Vec<protocol::Icon>> {
        let icons = self.icons.iter().cloned().map(Into::into);
        (!self.icons.is_empty()).then(|| icons.collect())
    }

    /// `_meta` with the version and what the author added.
    pub(crate) fn complete_meta(&self, meta: &mut Option<MetaObject>) {
        if self.version.is_none() && self.meta.is_empty() {
            return;
        }
        let meta = meta.get_or_insert_default();
        if let Some(version) = &self.version {
            meta.insert("holdall/version".into(), json!(version));
        }
        for (key, value) in &self.meta {
            meta.insert(key.clone(), value.clone());
        }
    }
}

/// Keys of `_meta` have a prefix, labels separated by dots and a slash, and a name.
fn wrong_key(key: &str) -> Option<String> {
    let is_label = |label: &str| {
        label.starts_with(|c: char| c.is_ascii_alphabetic())
            && label.ends_with(|c: char| c.is_ascii_alphanumeric())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.ends_with(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    match key.split_once('/') {
        Some(("holdall", _)) => Some(format!(
            "the key `{key}` of `_meta` is Holdall's; use a prefix of your own"
        )),
        Some((prefix, name)) if prefix.split('.').all(is_label) && is_name(name) => None,
        _ => Some(format!(
            "`{key}` is not a key for `_meta`: write it as `com.example/name`, after a domain of yours"
        )),
    }
}

/// The methods all builders of components have: about the component, who sees it, how long it may take.
macro_rules! common_methods {
    () => {
        /// The name people see. Default: none, and clients show the name.
        pub fn title(mut self, title: impl Into<String>) -> Self {
            self.about.title = Some(title.into());
            self
        }

        /// Adds an icon: an [`Icon`](crate::Icon), or its URL.
        pub fn icon(mut self, icon: impl Into<crate::icon::Icon>) -> Self {
            self.about.add_icon(icon.into());
            self
        }

        /// The version, listed in `_meta` as `holdall/version`. Default: none.
        pub fn version(mut self, version: impl Into<String>) -> Self {
            self.about.set_version(version.into());
            self
        }

        /// Adds an entry of `_meta`, where extensions of the protocol look; the key has a prefix, as in
        /// `com.example/owner`.
        pub fn meta(mut self, key: impl Into<String>, value: impl serde::Serialize) -> Self {
            self.about.add_meta(key.into(), value);
            self
        }

        /// Adds a tag, listed in `_meta`.
        pub fn tag(mut self, tag: impl Into<String>) -> Self {
            self.labels.tags.push(tag.into());
            self
        }

        /// Adds scopes: only callers that have all of them see it and may use it.
        pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.labels.add_scopes(scopes);
            self
        }

        /// How long a call may take. Default: 30 seconds.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.timeout = timeout;
            self
        }

        /// Requires a state: a server without it does not start.
        pub fn requires<T: Send + Sync + 'static>(mut self) -> Self {
            self.states.push(crate::state::RequiredState::of::<T>());
            self
        }
    };
}

pub(crate) use common_methods;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_meta_have_a_prefix_of_their_own() {
        for key in [
            "com.example/a",
            "io.modelcontextprotocol/ui",
            "x/a-b_c.d",
            "a-b.c1/2",
        ] {
            assert_eq!(wrong_key(key), None, "{key}");
        }
        for key in [
            "",
            "a",
            "/a",
            "a/",
            "a b/c",
            "1a/b",
            "a-/b",
            "a..b/c",
            "a/b/c",
            "a/-b",
            "holdall/tags",
        ] {
            assert!(wrong_key(key).is_some(), "{key}");
        }
    }
}
