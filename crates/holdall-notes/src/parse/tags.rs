//! Which words are tags.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest tag, in characters: longer ones are data that happens to follow a `#`.
const TAG_CHARS_MAX: usize = 100;

/// Tags of frontmatter and text as a note keeps them: lower case, NFC, without `#`, sorted, each once.
pub(super) fn collected(fields: &[String], inline: &[String]) -> Vec<String> {
    let mut tags: Vec<String> = fields
        .iter()
        .chain(inline)
        .filter_map(|tag| normalised(tag))
        .collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// Appends the `#tags` of a run of text; `before` is the character in front of it.
pub(super) fn find_in(text: &str, before: Option<char>, found: &mut Vec<String>) {
    let mut rest = 0;
    // Whether the word that holds the current `#` is an address.
    let mut in_address = false;
    while let Some(hash) = text[rest..].find('#').map(|at| rest + at) {
        let passed = &text[rest..hash];
        match passed.rfind(char::is_whitespace) {
            Some(space) => in_address = passed[space..].contains("://"),
            None => in_address |= passed.contains("://"),
        }
        let name_start = hash + 1;
        let name = tag_at(&text[name_start..]);
        let previous = text[..hash].chars().next_back().or(before);
        if may_precede(previous) && is_tag(name) && !in_address {
            found.push(name.to_owned());
        }
        rest = name_start + name.len();
    }
}

fn normalised(tag: &str) -> Option<String> {
    let tag = tag.trim_start_matches(|c: char| matches!(c, '#' | '/') || c.is_whitespace());
    let tag: String = tag.nfc().collect::<String>().to_lowercase();
    let words: Vec<&str> = tag.split_whitespace().collect();
    let parts = words.join(" ");
    let parts: Vec<&str> = parts
        .split('/')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let tag = parts.join("/");
    (!tag.is_empty() && tag.chars().count() <= TAG_CHARS_MAX).then_some(tag)
}

/// The longest prefix made of characters a tag may have.
fn tag_at(text: &str) -> &str {
    let end = text.find(|c: char| !in_tag(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['/', '-'])
}

fn in_tag(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '-' | '/' | '\u{200c}' | '\u{200d}' | '\u{fe0f}')
        || ('\u{1f300}'..='\u{1faff}').contains(&c)
        || is_combining_mark(c)
}

/// A word, not the number of an issue and not the code of a colour.
fn is_tag(name: &str) -> bool {
    let Some(first) = name.chars().next() else {
        return false;
    };
    let letters = name
        .chars()
        .any(|c| !c.is_ascii_digit() && !matches!(c, '_' | '-' | '/'));
    let hex = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let colour = match name.len() {
        3 => hex && name.chars().all(|c| c == first),
        6 | 8 => hex && (name.bytes().any(|byte| byte.is_ascii_digit()) || name.chars().all(|c| c == first)),
        _ => false,
    };
    letters && !colour && first != '/' && first != '-' && name.chars().count() <= TAG_CHARS_MAX
}

fn may_precede(previous: Option<char>) -> bool {
    match previous {
        None => true,
        Some('/' | '\\' | '#' | '&' | '=' | '?' | '@' | '%' | '_') => false,
        Some(c) => c.is_whitespace() || !(c.is_alphanumeric() || is_combining_mark(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find_in(text, None, &mut found);
        found
    }

    #[test]
    fn words_after_a_hash_are_tags() {
        assert_eq!(
            tags("#rust and (#work/deep), #日本語 #über-cool #ภาษาไทย, #b2b."),
            ["rust", "work/deep", "日本語", "über-cool", "ภาษาไทย", "b2b"]
        );
        assert_eq!(tags("ends #here/ #there-"), ["here", "there"]);
    }

    #[test]
    fn numbers_colours_anchors_and_urls_are_not() {
        let text = "x://a(#b(#c #1 #12/3 #ff00aa #1A2B3C4D #fff c#sharp https://x.y/(#frag) a/#b ##x # y &#xa0; \\#no #-";
        assert_eq!(tags(text), Vec::<String>::new());
    }

    #[test]
    fn tags_are_kept_in_one_spelling() {
        let fields = vec![
            "#Rust".into(),
            "/# rust".into(),
            " Machine  Learning ".into(),
            "a//b/".into(),
            "".into(),
            "e\u{301}".into(),
        ];
        assert_eq!(
            collected(&fields, &["rust".into()]),
            ["a/b", "machine learning", "rust", "é"]
        );
    }
}
