//! What a check says when a rule is broken.

use std::fmt;

/// One broken rule, with everything a reader needs to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// File and line, or the crate: where to look.
    pub(crate) place: String,
    /// What is there, with its name or size.
    pub(crate) problem: String,
    /// The rule, and why it exists.
    pub(crate) rule: &'static str,
    /// What to do.
    pub(crate) remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            problem,
            rule,
            remedy,
        } = self;
        write!(formatter, "{place}: {problem}\n  rule: {rule}\n  do:   {remedy}")
    }
}
