//! Which texts may be the path of a note. Nothing here looks at the disk.

use std::borrow::Cow;

use super::shortened;
use crate::error::NotesError;

/// What the files of notes end with, without the dot.
pub const NOTE_EXTENSIONS: [&str; 3] = ["md", "markdown", "mdx"];
const PATH_BYTES_MAX: usize = 4096;
/// The longest file name common file systems take.
const NAME_BYTES_MAX: usize = 255;
/// Names that mean devices on Windows, whatever their extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

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

/// Rules for every path: relative, inside, visible, of a sane size.
pub(super) fn check_existing(text: &str) -> Result<(), NotesError> {
    let rule = if text.is_empty() {
        "it is empty"
    } else if text.len() > PATH_BYTES_MAX {
        "it is longer than 4096 bytes"
    } else if text.chars().any(char::is_control) {
        "it holds control characters"
    } else if text.starts_with('/') || is_drive(text) {
        "it is absolute; paths are relative to the notes folder"
    } else if cfg!(windows) && text.contains(['\\', ':']) {
        "folders are separated by `/`, and `\\` and `:` are not allowed"
    } else if text.split('/').any(str::is_empty) {
        "it has an empty part"
    } else if text.split('/').any(|part| part == "." || part == "..") {
        "`.` and `..` are not allowed"
    } else if text.split('/').any(|part| part.starts_with('.')) {
        "names that begin with a dot are hidden from the knowledge base"
    } else if text.split('/').any(|part| part.len() > NAME_BYTES_MAX) {
        "a name in it is longer than 255 bytes"
    } else {
        return Ok(());
    };
    Err(invalid(text, rule))
}

/// Further rules for what is created: names every system can hold.
pub(super) fn check_new(text: &str) -> Result<(), NotesError> {
    check_existing(text)?;
    for part in text.split('/') {
        let stem = part
            .split('.')
            .next()
            .unwrap_or(part)
            .trim_end()
            .to_ascii_lowercase();
        let numbered = stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
        let rule = if part.contains('\\') {
            "`\\` is not allowed, folders are separated by `/`"
        } else if RESERVED.contains(&stem.as_str())
            || (numbered && stem.ends_with(|c: char| c.is_ascii_digit()))
        {
            "the name is reserved on Windows"
        } else if part.ends_with(['.', ' ']) || part.starts_with(' ') {
            "names may not begin with a space or end with a space or dot"
        } else if part.contains([
            '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{feff}',
        ]) || part.contains([
            '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{200e}', '\u{200f}',
        ]) {
            "it holds invisible characters that change the reading direction"
        } else {
            continue;
        };
        return Err(invalid(text, rule));
    }
    Ok(())
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

/// `C:\x`, `C:x`, `\\server`.
fn is_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.starts_with("\\\\")
        || (bytes.len() > 2
            && bytes[0].is_ascii_alphabetic()
            && bytes[1] == b':'
            && matches!(bytes[2], b'\\' | b'/'))
}
