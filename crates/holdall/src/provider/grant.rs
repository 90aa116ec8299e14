//! [`Grant`]: a scope the operator of a server asks for beside those its authors ask for.

use regex::Regex;

use super::labels::Labels;

/// A scope, and the patterns of what asks for it.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) scope: String,
    pub(crate) patterns: Vec<Pattern>,
}

/// Matches names, URIs and URI templates: `*` stands for anything but `/`, `**` for anything at all.
#[derive(Clone)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    regex: Regex,
}

/// The longest pattern, in bytes. With it a pattern costs a few kilobytes.
const PATTERN_BYTES_MAX: usize = 1024;

impl Grant {
    /// # Errors
    /// All mistakes at once.
    pub(crate) fn parse(
        scope: String,
        patterns: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, Vec<String>> {
        let mut labels = Labels::default();
        labels.add_scopes([scope.as_str()]);
        let mut problems: Vec<String> = labels.problems().collect();
        let mut parsed = Vec::new();
        for pattern in patterns {
            match Pattern::parse(pattern.as_ref()) {
                Ok(pattern) => parsed.push(pattern),
                Err(problem) => problems.push(format!("the scope `{scope}`: {problem}")),
            }
        }
        if parsed.is_empty() && problems.is_empty() {
            problems.push(format!(
                "the scope `{scope}` is asked for nothing: give it a pattern, or leave it out"
            ));
        }
        if problems.is_empty() {
            Ok(Self {
                scope,
                patterns: parsed,
            })
        } else {
            Err(problems)
        }
    }

    pub(crate) fn covers(&self, key: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(key))
    }
}

impl Pattern {
    /// # Errors
    /// If it could match nothing, or is too long.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > PATTERN_BYTES_MAX {
            return Err(format!(
                "`{text}` is not a pattern: write a name or a URI of 1 to {PATTERN_BYTES_MAX} bytes, with `*` or `**`"
            ));
        }
        let pieces = text.split("**").map(|piece| {
            let pieces = piece.split('*').map(regex::escape);
            pieces.collect::<Vec<_>>().join("[^/]*")
        });
        let pieces = pieces.collect::<Vec<_>>().join(".*");
        let regex = Regex::new(&format!("(?s)^{pieces}$"));
        Ok(Self {
            text: text.to_owned(),
            regex: regex.map_err(|error| format!("`{text}` is not a pattern: {error}"))?,
        })
    }

    pub(crate) fn matches(&self, key: &str) -> bool {
        self.regex.is_match(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_parts_and_everything_else_for_itself() {
        for (pattern, fits, fits_not) in [
            (
                "search_notes",
                &["search_notes"][..],
                &["search_note", "my_search_notes", "search_notes2"][..],
            ),
            (
                "notes_*",
                &["notes_", "notes_search"],
                &["Notes_search", "x_notes_a", "notes_a/b"],
            ),
            (
                "note://**",
                &["note://{+path}", "note://a/b"],
                &["note:/", "notes+note://a", "xnote://a"],
            ),
            ("note://*", &["note://{+path}"], &["note://a/b"]),
            ("a.b", &["a.b"], &["axb"]),
            ("*", &["a", ""], &["a/b"]),
            ("**", &["a", "a/b", "a\nb"], &[]),
            ("a***b", &["ab", "a/b"], &["a"]),
            ("a{b}[c]", &["a{b}[c]"], &["ab", "a{b}c"]),
        ] {
            let pattern = Pattern::parse(pattern).expect("it is one");
            for key in fits {
                assert!(pattern.matches(key), "{} {key}", pattern.text);
            }
            for key in fits_not {
                assert!(!pattern.matches(key), "{} {key}", pattern.text);
            }
        }
        assert!(Pattern::parse("").is_err());
        assert!(Pattern::parse(&"a".repeat(PATTERN_BYTES_MAX + 1)).is_err());
    }
}
