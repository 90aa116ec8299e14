//! How a text is cleaned, and found by its words.

/// Words of a query that are looked for; more are left out.
const WORDS_MAX: usize = 32;

/// How many of the words must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    All,
    Any,
}

/// A text of one line: white space is single spaces, and what cannot be seen is gone.
pub(crate) fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let before = line.len();
        if before > 0 {
            line.push(' ');
        }
        let seen = line.len();
        line.extend(word.chars().filter(|c| !is_hidden(*c)));
        if line.len() == seen {
            line.truncate(before);
        }
    }
    line
}

/// A text without what cannot be seen. Lines and tabs stay.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !is_hidden(*c))
        .collect()
}

/// Control characters, and those that turn the direction of what stands around them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text as it is compared with others. SQLite's own `lower` knows ASCII only; this is the function `fold` there.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// The words of a query.
pub(crate) fn words(query: &str) -> Vec<&str> {
    query
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .collect()
}

/// What FTS5 is asked for `words`, or the beginnings of words. They are quoted, so that none of them is syntax.
pub(crate) fn matching(words: &[&str], how: Match) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"")))
        .collect();
    match how {
        Match::All => quoted.join(" "),
        Match::Any => quoted.join(" OR "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_nothing_that_cannot_be_seen() {
        assert_eq!(line("  buy\r\n\tmilk  "), "buy milk");
        assert_eq!(line("a\0b \u{202e}c\u{2066} \u{1b}[31mred"), "ab c [31mred");
        assert_eq!(line("a \u{202e} b"), "a b");
        assert_eq!(line(" \0 \u{feff}"), "");
        assert_eq!(clean("a\r\n\tb\0\u{202e}c\n"), "a\n\tbc\n");
    }

    #[test]
    fn whatever_is_asked_are_words() {
        assert_eq!(
            words("Müller's \"NEAR(a b)\" -x*"),
            ["Müller", "s", "NEAR", "a", "b", "x"]
        );
        assert_eq!(words("🦒 … \u{0}"), [""; 0]);
        assert_eq!(matching(&["a", "OR"], Match::All), "\"a\"* \"OR\"*");
        assert_eq!(matching(&["a", "b\"c"], Match::Any), "\"a\"* OR \"b\"\"c\"*");
        assert_eq!(words(&"w ".repeat(100)).len(), WORDS_MAX);
        assert_eq!(fold("ÄÖ Σ"), "äö σ");
    }
}
