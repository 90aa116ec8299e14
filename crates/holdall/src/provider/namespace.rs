//! [`Namespace`]: what the components of a mounted server are called from outside.

use super::Kind;

/// Schemes of URIs that mean the same whoever serves them: addresses of the web and of the file system, and the ones
/// the protocol and its extensions gave a meaning (`ui` for the pages of apps, `skill`). A host looks at them.
const COMMON_SCHEMES: [&str; 6] = ["https", "http", "file", "git", "ui", "skill"];

/// The longest prefix, in bytes: half of the longest name.
const PREFIX_BYTES_MAX: usize = 64;

/// A prefix for names, and its form for URIs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Namespace {
    /// As in `notes_`; empty if nothing is renamed.
    names: String,
    /// As in `notes+`.
    schemes: String,
}

impl Namespace {
    /// Reads the prefix a server is mounted with; an empty one renames nothing.
    pub(crate) fn parse(prefix: &str) -> Result<Self, String> {
        if prefix.is_empty() {
            return Ok(Self::default());
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let right = prefix.len() <= PREFIX_BYTES_MAX
            && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix.chars().all(fits);
        if !right {
            return Err(format!(
                "a server cannot be mounted as `{prefix}`: use 1 to {PREFIX_BYTES_MAX} letters, digits, `_`, `-` and `.`, a letter first"
            ));
        }
        // Schemes have no `_`, and programs that read URIs write schemes in lower case.
        let scheme = prefix.to_ascii_lowercase().replace('_', "-");
        Ok(Self {
            names: format!("{prefix}_"),
            schemes: format!("{scheme}+"),
        })
    }

    /// This namespace within another.
    pub(crate) fn within(&self, outer: &Self) -> Self {
        Self {
            names: format!("{}{}", outer.names, self.names),
            schemes: format!("{}{}", outer.schemes, self.schemes),
        }
    }

    pub(crate) fn renames_nothing(&self) -> bool {
        self.names.is_empty()
    }

    /// The prefix a server was mounted with.
    pub(crate) fn mount_name(&self) -> &str {
        self.names.strip_suffix('_').unwrap_or_default()
    }

    /// The key of a component as seen from outside.
    pub(crate) fn key(&self, kind: Kind, key: &str) -> String {
        match kind {
            Kind::Tool | Kind::Prompt => format!("{}{key}", self.names),
            Kind::Resource => self.uri(key),
        }
    }

    /// A URI, or a URI template, as seen from outside: `note://{+path}` becomes `notes+note://{+path}`. Everything
    /// behind the scheme stays what it was: host, path, query and variables.
    pub(crate) fn uri(&self, uri: &str) -> String {
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        if COMMON_SCHEMES
            .iter()
            .any(|common| common.eq_ignore_ascii_case(scheme))
        {
            return uri.to_owned();
        }
        format!("{}{uri}", self.schemes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_a_prefix_and_uris_a_scheme() {
        let inner = Namespace::parse("Deep_er").expect("it is valid");
        let namespace = inner.within(&Namespace::parse("notes").expect("it is valid"));
        assert_eq!(namespace.key(Kind::Tool, "search"), "notes_Deep_er_search");
        for (uri, expected) in [
            ("note://{+path}", "notes+deep-er+note://{+path}"),
            ("a://host:1/p?q={q}#f", "notes+deep-er+a://host:1/p?q={q}#f"),
            ("urn:x:y", "notes+deep-er+urn:x:y"),
            ("https://example.com/{id}", "https://example.com/{id}"),
            ("FILE:///etc", "FILE:///etc"),
            ("ui://widget", "ui://widget"),
        ] {
            assert_eq!(namespace.key(Kind::Resource, uri), expected);
        }
        let none = Namespace::parse("").expect("it is valid");
        assert!(none.renames_nothing());
        assert_eq!(none.uri("note://a"), "note://a");
    }

    #[test]
    fn prefixes_that_would_not_fit_are_refused() {
        let long = "x".repeat(PREFIX_BYTES_MAX + 1);
        for prefix in ["1a", "_a", "a b", "a/b", "é", "a+b", long.as_str()] {
            assert!(Namespace::parse(prefix).is_err(), "{prefix}");
        }
    }
}
