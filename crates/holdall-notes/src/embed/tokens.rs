//! Text to the token ids of an uncased BERT vocabulary.
//!
//! `rten-text` splits, folds and looks up; the two steps of the reference it leaves out, cleaning and setting
//! ideographs apart, are done here first. The ids are checked against the reference in the tests.

use std::collections::HashMap;

use rten_text::models::{EncodeError, Model, WordPiece, WordPieceOptions};
use rten_text::normalizers::{self, NormalizeError, Normalizer};
use rten_text::pre_tokenizers::{self, PreTokenizeError, PreTokenizer};

/// One token per line; a token's id is the number of its line, from 0.
static VOCABULARY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/vocab.txt"));

/// The window the model was made for, in tokens, the two that mark the ends included.
const TOKENS_MAX: usize = 256;

/// 256 tokens are about 1,000 characters. Bounds the work for one text whatever its length.
const CHARACTERS_MAX: usize = 8 * 1024;

/// The ids of `[CLS]` and `[SEP]`, which mark the ends of a text.
const FIRST: u32 = 101;
const LAST: u32 = 102;

/// The id of `[UNK]`, a word that cannot be put together from the vocabulary.
const UNKNOWN: u32 = 100;

/// The tokenizer of the bundled model.
pub(super) struct Tokens {
    fold: normalizers::Bert,
    split: pre_tokenizers::Bert,
    pieces: WordPiece,
}

/// A step of the tokenizer failed. None is known to, on any text.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokensError {
    #[error(transparent)]
    Fold(#[from] NormalizeError),
    #[error(transparent)]
    Split(#[from] PreTokenizeError),
    #[error(transparent)]
    Pieces(#[from] EncodeError),
}

impl Tokens {
    pub(super) fn new() -> Self {
        let vocabulary: HashMap<_, _> = VOCABULARY.lines().map(String::from).zip(0..).collect();
        let fold = normalizers::BertOptions {
            lowercase: true,
            strip_accents: true,
        };
        Self {
            fold: normalizers::Bert::new(fold),
            split: pre_tokenizers::Bert::new(),
            pieces: WordPiece::from_vocab(vocabulary, WordPieceOptions::default()),
        }
    }

    /// The ids of the first tokens of `text`, marks included: never empty.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>, TokensError> {
        let (folded, _) = self.fold.normalize(&clean(text))?;
        let mut ids = vec![FIRST];
        for word in self.split.pre_tokenize(&folded)? {
            let start = ids.len();
            self.pieces.encode_with_offsets(word, &mut |_, id| ids.push(id))?;
            // The reference knows a word wholly or not at all.
            if ids[start..].contains(&UNKNOWN) {
                ids.truncate(start);
                ids.push(UNKNOWN);
            }
            if ids.len() >= TOKENS_MAX {
                ids.truncate(TOKENS_MAX - 1);
                break;
            }
        }
        ids.push(LAST);
        Ok(ids)
    }
}

/// Drops what is invisible, makes every white space a space and sets ideographs apart.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len().min(4 * CHARACTERS_MAX));
    for character in text.chars().take(CHARACTERS_MAX) {
        match character {
            '\t' | '\n' | '\r' => cleaned.push(' '),
            '\0' | '\u{fffd}' => {}
            _ if character.is_whitespace() => cleaned.push(' '),
            _ if character.is_control() || is_format_or_private(character) => {}
            _ if is_ideograph(character) => cleaned.extend([' ', character, ' ']),
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// The Unicode categories Cf and Co.
fn is_format_or_private(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// The blocks the reference sets apart.
fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}' | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}' | '\u{2b920}'..='\u{2ceaf}' | '\u{f900}'..='\u{faff}' | '\u{2f800}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_reference() {
        let reference = include_str!("tokens_reference.json");
        let cases: Vec<(String, Vec<u32>)> =
            serde_json::from_str(reference).expect("the reference is valid JSON");
        assert!(cases.len() >= 50);
        let tokens = Tokens::new();
        for (text, expected) in cases {
            assert_eq!(
                tokens.ids(&text).expect("text is tokenised"),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn long_and_empty_texts_stay_in_the_window() {
        let tokens = Tokens::new();
        assert_eq!(tokens.ids("").expect("empty text is tokenised"), [101, 102]);
        let long = tokens
            .ids(&"word ".repeat(1_000_000))
            .expect("long text is tokenised");
        assert_eq!(long.len(), TOKENS_MAX);
        assert_eq!(long.last(), Some(&102));
    }
}
