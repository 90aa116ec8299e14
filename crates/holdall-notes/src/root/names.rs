//! Which texts may be the path of a note. Nothing here looks at the disk.

use std::borrow::Cow;

use holdall_files::{broken_rule, broken_rule_for_new, shortened};

use crate::error::NotesError;

/// What the files of notes end with, without the dot.
pub const NOTE_EXTENSIONS: [&str; 3] = ["md", "markdown", "mdx"];

/// Whether a file of this name is a note: by its extension, and not hidden.
pub fn is_note_name(name: &str) -> bool {
    !name.starts_with('.')
        && name.rsplit_once('.').is_some_and(|(stem, extension)| {
            !stem.is_empty()
                && NOTE_EXTENSIONS
                    .iter()
                    .any(|known| extension.eq_ignore_ascii_case(known))
        })
}

/// Rules for every path: those of any file, and visible.
pub(super) fn check_existing(text: &str) -> Result<(), NotesError> {
    match broken_rule(text) {
        Some(rule) => Err(invalid(text, rule)),
        None if text.split('/').any(|part| part.starts_with('.')) => Err(invalid(
            text,
            "names that begin with a dot are hidden from the knowledge base",
        )),
        None => Ok(()),
    }
}

/// Further rules for what is created: names every system can hold.
pub(super) fn check_new(text: &str) -> Result<(), NotesError> {
    check_existing(text)?;
    broken_rule_for_new(text).map_or(Ok(()), |rule| Err(invalid(text, rule)))
}

/// `.md` is added to a name without extension; other extensions are refused.
pub(super) fn with_extension(text: &str) -> Result<Cow<'_, str>, NotesError> {
    let name = text.rsplit_once('/').map_or(text, |(_, name)| name);
    if is_note_name(name) {
        return Ok(Cow::Borrowed(text));
    }
    if name.ends_with([' ', '.']) {
        return Err(invalid(text, "names may not end with a space or dot"));
    }
    match name.rsplit_once('.') {
        // `v1.2 plan` and `2026.05.03` have a dot, not an extension.
        Some((_, extension))
            if (1..=10).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && extension.bytes().any(|byte| byte.is_ascii_alphabetic()) =>
        {
            Err(invalid(
                text,
                &format!("notes end in .md, .markdown or .mdx, not in .{extension}"),
            ))
        }
        _ if name.is_empty() => Err(invalid(text, "it names no file")),
        _ => Ok(Cow::Owned(format!("{text}.md"))),
    }
}

pub(super) fn invalid(text: &str, rule: &str) -> NotesError {
    NotesError::InvalidPath {
        path: shortened(text),
        reason: rule.to_owned(),
    }
}
