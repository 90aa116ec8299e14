//! Text from notes on a terminal.

/// A line of text without what a terminal would obey, or what would reorder it: notes may hold anything.
pub(crate) fn printable(line: &str) -> String {
    let is_obeyed = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    line.chars()
        .map(|c| if is_obeyed(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminals_are_not_commanded() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\td\u{9b}31m"),
            "a\u{fffd}[2Jb\u{fffd}c\td\u{fffd}31m"
        );
        assert_eq!(printable("ภาษาไทย 中文 ñ"), "ภาษาไทย 中文 ñ");
    }
}
