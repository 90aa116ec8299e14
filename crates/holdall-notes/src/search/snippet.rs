//! The sentences of a passage that answer the query best.

use std::collections::HashSet;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::lexical::{Analyser, TextQuery};

/// Length of a snippet.
const CHARACTERS_MAX: usize = 300;

/// The neighbouring sentences of `text` with the most different words of the query, as many as fit. A sentence
/// that alone is too long is cut at a word.
pub(super) fn snippet(text: &str, query: &TextQuery, analyser: &Analyser) -> String {
    let sentences: Vec<Sentence<'_>> = sentences(text)
        .map(|text| Sentence {
            text,
            characters: text.chars().count() + 1,
            words: query.matched(&analyser.tokens(text)).collect(),
        })
        .collect();
    let fitting = |start: usize| {
        let mut characters = 0;
        let fits = |sentence: &&Sentence<'_>| {
            characters += sentence.characters;
            characters <= CHARACTERS_MAX + 1
        };
        start..start + sentences[start..].iter().take_while(fits).count().max(1)
    };
    // A good beginning has a word of the query; the first of equals wins, an answer reads best from its start.
    let telling = (0..sentences.len()).filter(|&start| !sentences[start].words.is_empty());
    let covered = |range: &Range<usize>| {
        let words: HashSet<usize> = sentences[range.clone()]
            .iter()
            .flat_map(|s| s.words.iter().copied())
            .collect();
        words.len()
    };
    let best = telling.map(fitting).reduce(|best, next| {
        if covered(&next) > covered(&best) {
            next
        } else {
            best
        }
    });
    let chosen = match best {
        Some(best) => &sentences[best],
        None if sentences.is_empty() => &[],
        None => &sentences[fitting(0)],
    };
    cut(&chosen
        .iter()
        .map(|sentence| sentence.text)
        .collect::<Vec<_>>()
        .join(" "))
}

struct Sentence<'a> {
    text: &'a str,
    characters: usize,
    words: Vec<usize>,
}

/// Sentences, none of them across lines: lists and code have no full stops.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split_sentence_bounds())
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
}

fn cut(text: &str) -> String {
    if text.chars().count() <= CHARACTERS_MAX {
        return text.to_owned();
    }
    let end = text
        .char_indices()
        .nth(CHARACTERS_MAX - 1)
        .map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let word_end = head
        .rfind(char::is_whitespace)
        .filter(|&at| at > end / 2)
        .unwrap_or(end);
    format!("{}…", head[..word_end].trim_end())
}
