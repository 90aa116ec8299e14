//! Which texts may be a path. Nothing here looks at the disk.

/// Longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 4096;
/// The longest file name common file systems take, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// Names that mean devices on Windows, whatever their extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The rule every path keeps that this one breaks: relative, inside, of a sane size.
pub fn broken_rule(text: &str) -> Option<&'static str> {
    Some(if text.is_empty() {
        "it is empty"
    } else if text.len() > PATH_BYTES_MAX {
        "it is longer than 4096 bytes"
    } else if text.chars().any(char::is_control) {
        "it holds control characters"
    } else if text.starts_with('/') || is_drive(text) {
        "it is absolute; paths are relative"
    } else if cfg!(windows) && text.contains(['\\', ':']) {
        "folders are separated by `/`, and `\\` and `:` are not allowed"
    } else if text.split('/').any(str::is_empty) {
        "it has an empty part"
    } else if text.split('/').any(|part| part == "." || part == "..") {
        "`.` and `..` are not allowed"
    } else if text.split('/').any(|part| part.len() > NAME_BYTES_MAX) {
        "a name in it is longer than 255 bytes"
    } else {
        return None;
    })
}

/// The further rule that names of new files and folders keep and this one breaks: every system can hold them.
pub fn broken_rule_for_new(text: &str) -> Option<&'static str> {
    broken_rule(text).or_else(|| text.split('/').find_map(unfit_for_new))
}

fn unfit_for_new(part: &str) -> Option<&'static str> {
    let stem = part
        .split('.')
        .next()
        .unwrap_or(part)
        .trim_end()
        .to_ascii_lowercase();
    let numbered = stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt"));
    Some(if part.contains('\\') {
        "`\\` is not allowed, folders are separated by `/`"
    } else if part.contains([':', '?', '*', '<', '>', '|', '"']) {
        "names of new files may not hold any of `: ? * < > | \"`, which Windows cannot store"
    } else if part.contains(char::is_control) {
        "it holds control characters"
    } else if RESERVED.contains(&stem.as_str()) || (numbered && stem.ends_with(|c: char| c.is_ascii_digit()))
    {
        "the name is reserved on Windows"
    } else if part.ends_with(['.', ' ']) || part.starts_with(' ') {
        "names may not begin with a space or end with a space or dot"
    } else if turns_text(part) || part.contains(['\u{feff}', '\u{200e}', '\u{200f}']) {
        "it holds invisible characters that change the reading direction"
    } else {
        return None;
    })
}

/// Whether a text holds characters that make the text around it read in another order.
pub(crate) fn turns_text(text: &str) -> bool {
    text.contains(['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}'])
        || text.contains(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'])
}

/// Text of unknown origin, fit for a message.
pub fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    let clean: String = text
        .chars()
        .take(CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        format!("{clean}…")
    } else {
        clean
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_not_every_system_can_hold_is_no_new_name() {
        for name in [
            "a:b", "a?", "*", "<a", "a>", "a|b", "\"a\"", "a\tb", "con", "a.", " a",
        ] {
            let path = format!("folder/{name}/file.txt");
            assert!(broken_rule_for_new(&path).is_some(), "{path}");
        }
        assert_eq!(broken_rule_for_new("folder/a (1) – b's_#%&+,;=!.txt"), None);
        // What is there already is read and changed under the name it has.
        #[cfg(unix)]
        assert_eq!(broken_rule("a:b?.txt"), None);
    }
}
