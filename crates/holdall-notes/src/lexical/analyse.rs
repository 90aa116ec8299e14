//! Text becomes words: the same ones for a passage and for a query.
//!
//! - Case, compatibility forms and the accents of Latin, Greek and Cyrillic letters do not matter.
//! - English words are reduced to their stems.
//! - `camelCase`, `snake_case`, `kebab-case` and `node.js` are found by their parts and as a whole; `c++` and
//!   `c#` are words.
//! - Scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) and Korean, whose words carry
//!   particles, are cut into overlapping pairs of characters.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};
use tantivy::tokenizer::{Token as IndexToken, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer runs are data, not words.
const WORD_BYTES_MAX: usize = 100;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Its place in the text, counted in words; the whole of a compound shares the place of its first part.
    pub(crate) position: usize,
    pub(crate) kind: Kind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word, or a part of a compound.
    Word,
    /// A whole compound, beside its parts.
    Whole,
    /// Two neighbouring characters of a script without spaces.
    Pair,
    /// The last character of a run of two or more: with it, every character begins some token.
    Last,
    /// A run of one character.
    Lone,
}

/// Cuts texts into tokens.
#[derive(Clone)]
pub(crate) struct Analyser {
    stemmer: Stemmer,
}

impl Analyser {
    pub(crate) fn new() -> Self {
        Self {
            stemmer: Stemmer::new(Algorithm::English),
        }
    }

    /// The tokens of `text`.
    pub(crate) fn tokens(&self, text: &str) -> Vec<Token> {
        let folded = fold(text);
        let mut run = Cutter {
            stemmer: self.stemmer,
            tokens: Vec::with_capacity(text.len() / 6),
            position: 0,
        };
        run.cut(&folded);
        run.tokens
    }
}

impl Tokenizer for Analyser {
    type TokenStream<'a> = AnalysedText;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> AnalysedText {
        AnalysedText {
            tokens: self.tokens(text).into_iter(),
            current: IndexToken::default(),
        }
    }
}

/// Tokens on their way into the index.
pub(crate) struct AnalysedText {
    tokens: std::vec::IntoIter<Token>,
    current: IndexToken,
}

impl TokenStream for AnalysedText {
    fn advance(&mut self) -> bool {
        let Some(token) = self.tokens.next() else {
            return false;
        };
        self.current = IndexToken {
            position: token.position,
            text: token.text,
            ..IndexToken::default()
        };
        true
    }

    fn token(&self) -> &IndexToken {
        &self.current
    }

    fn token_mut(&mut self) -> &mut IndexToken {
        &mut self.current
    }
}

/// Compatibility forms and accents away; case stays, it shows where camels have humps.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).nfc() {
        match character {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'ø' | 'Ø' => folded.push('o'),
            'ł' | 'Ł' => folded.push('l'),
            'đ' | 'Đ' => folded.push('d'),
            'ı' => folded.push('i'),
            '’' => folded.push('\''),
            _ => folded.push(character),
        }
    }
    Cow::Owned(folded)
}

struct Cutter {
    stemmer: Stemmer,
    tokens: Vec<Token>,
    position: usize,
}

impl Cutter {
    fn cut(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = if is_unspaced(first) {
                let length = run_length(rest, |c| is_unspaced(c) || is_combining_mark(c));
                self.pairs(&rest[..length]);
                length
            } else if is_letter(first) {
                let length = compound_length(rest);
                self.compound(&rest[..length], &rest[length..]);
                length
            } else {
                first.len_utf8()
            };
            rest = &rest[length..];
        }
    }

    /// Pairs of characters, each with the marks above and below it. A mark without a character stands for one.
    fn pairs(&mut self, run: &str) {
        let mut starts: Vec<usize> = run
            .char_indices()
            .filter(|(at, c)| *at == 0 || !is_combining_mark(*c))
            .map(|(i, _)| i)
            .collect();
        starts.push(run.len());
        if starts.len() == 2 {
            self.push(run.to_owned(), Kind::Lone);
            return;
        }
        for three in starts.windows(3) {
            self.push(run[three[0]..three[2]].to_owned(), Kind::Pair);
        }
        self.push(run[starts[starts.len() - 2]..].to_owned(), Kind::Last);
    }

    /// A word, or several joined by `_`, `-`, `.`, `'` or humps.
    fn compound(&mut self, compound: &str, after: &str) {
        let start = self.position;
        let mut parts = 0;
        for part in compound.split(['_', '-', '.', '\'']).flat_map(humps) {
            // The genitive says nothing.
            if part == "s" && parts > 0 && compound.ends_with("'s") {
                continue;
            }
            self.push(self.word(part), Kind::Word);
            parts += 1;
        }
        let suffix = language_suffix(after);
        if parts > 1 || !suffix.is_empty() {
            let whole: String = compound
                .chars()
                .filter(|c| !matches!(c, '_' | '-' | '.' | '\''))
                .collect();
            let whole = self.word(&whole) + suffix;
            if whole.len() <= WORD_BYTES_MAX {
                self.tokens.push(Token {
                    text: whole,
                    position: start,
                    kind: Kind::Whole,
                });
            }
        }
    }

    fn word(&self, word: &str) -> String {
        let lower = if word.is_ascii() {
            word.to_ascii_lowercase()
        } else {
            word.to_lowercase()
        };
        let english = lower.len() > 2 && lower.bytes().all(|byte| byte.is_ascii_lowercase());
        if english {
            self.stemmer.stem(&lower).into_owned()
        } else {
            lower
        }
    }

    fn push(&mut self, text: String, kind: Kind) {
        if text.len() <= WORD_BYTES_MAX {
            self.tokens.push(Token {
                text,
                position: self.position,
                kind,
            });
        }
        self.position += 1;
    }
}

/// The length of a compound at the start of `text`: letters and digits, and single joiners between them.
fn compound_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let joins = matches!(character, '_' | '-' | '.' | '\'')
            && characters
                .peek()
                .is_some_and(|(_, next)| is_letter(*next) || (character == '_' && *next == '_'));
        let marks = is_combining_mark(character) && at > 0;
        if !(joins || marks || is_letter(character)) {
            return at;
        }
    }
    text.len()
}

/// `HTTPServer` → `HTTP`, `Server`; `camelCase` → `camel`, `Case`.
fn humps(part: &str) -> impl Iterator<Item = &str> {
    let mut rest = part;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let characters: Vec<(usize, char)> = rest.char_indices().take(WORD_BYTES_MAX).collect();
        let boundary = characters.windows(2).enumerate().find_map(|(i, pair)| {
            let (left, (at, right)) = (pair[0].1, pair[1]);
            let next_lower = characters.get(i + 2).is_some_and(|(_, next)| next.is_lowercase());
            let rises = left.is_lowercase() && right.is_uppercase();
            let falls = left.is_uppercase() && right.is_uppercase() && next_lower;
            (rises || falls).then_some(at)
        });
        let (hump, remaining) = rest.split_at(boundary.unwrap_or(rest.len()));
        rest = remaining;
        Some(hump)
    })
}

/// `++` and `#`, where they end a word: `c++`, `f#`.
fn language_suffix(after: &str) -> &'static str {
    let suffix = if after.starts_with("++") {
        "++"
    } else if after.starts_with('#') {
        "#"
    } else {
        return "";
    };
    let ends = !after[suffix.len()..].starts_with(|c: char| is_letter(c) || c == '#' || c == '+');
    if ends { suffix } else { "" }
}

fn run_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn is_letter(character: char) -> bool {
    character.is_alphanumeric() && !is_unspaced(character)
}

/// Scripts whose words are not told apart by spaces, and Hangul.
pub(super) fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' // Thai
        | '\u{e81}'..='\u{ec6}' | '\u{edc}'..='\u{edf}' // Lao
        | '\u{1000}'..='\u{103f}' // Burmese
        | '\u{1780}'..='\u{17d3}' // Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' // Hiragana
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' // Katakana
        | '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' // Hangul
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}') // Han
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let tokens = Analyser::new().tokens(text);
        let shown = tokens.iter().map(|token| match token.kind {
            Kind::Whole => format!("={}", token.text),
            _ => token.text.clone(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_folded_and_stemmed() {
        assert_eq!(words("The Quick, running FOXES!"), "the quick run fox");
        assert_eq!(
            words("Café naïve Ångström Straße Ærø"),
            "cafe naiv angstrom strass aero"
        );
        assert_eq!(words("ｆｕｌｌ ﬁle x²"), "full file x2");
        assert_eq!(words("cafe\u{301} Ёлка ΆΛΦΑ"), "cafe елка αλφα");
        assert_eq!(words("dog's don't l'eau it’s"), "dog don t =dont l eau =leau it");
    }

    #[test]
    fn compounds_are_found_by_parts_and_whole() {
        assert_eq!(
            words("camelCase HTTPServer snake_case"),
            "camel case =camelcas http server =httpserver snake case =snakecas"
        );
        assert_eq!(
            words("kebab-case node.js v1.2 --bar"),
            "kebab case =kebabcas node js =nodej v1 2 =v12 bar"
        );
        assert_eq!(
            words("C++ C# F#, a+b #tag end. Next"),
            "c =c++ c =c# f =f# a b tag end next"
        );
        assert_eq!(words("__init__ a__b"), "init a b =ab");
    }

    #[test]
    fn unspaced_scripts_become_pairs() {
        assert_eq!(words("机器学习"), "机器 器学 学习 习");
        assert_eq!(words("用Rust写"), "用 rust 写");
        assert_eq!(words("カタカナ"), "カタ タカ カナ ナ");
        assert_eq!(words("ｶﾞﾗｽ"), "ガラ ラス ス");
        assert_eq!(words("한국어"), "한국 국어 어");
        assert_eq!(words("ที่นี่"), "ที่นี่ นี่");
        assert_eq!(words("हिन्दी"), "हिन्दी");
    }

    #[test]
    fn positions_let_phrases_match() {
        let tokens = Analyser::new().tokens("use snake_case here");
        let at = |text: &str| {
            tokens
                .iter()
                .find(|token| token.text == text)
                .map(|token| token.position)
        };
        assert_eq!(
            (at("use"), at("snake"), at("case"), at("snakecas"), at("here")),
            (Some(0), Some(1), Some(2), Some(1), Some(3))
        );
    }

    #[test]
    fn hostile_texts_are_cut_too() {
        for text in [
            "",
            "\0\0",
            "....",
            "_",
            "-",
            "'",
            "a'",
            "_'_",
            "\u{301}\u{301}",
            "ＡＢ\u{0}",
            "🦀🦀",
        ] {
            words(text);
        }
        assert_eq!(words(&"x".repeat(1_000_000)), "");
        assert!(words(&"aB".repeat(100_000)).len() > 100_000);
    }
}
