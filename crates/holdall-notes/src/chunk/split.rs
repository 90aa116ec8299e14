//! Cuts the text of one section into pieces of the wanted length.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::ChunkLimits;
use crate::parse::{BreakLevel, Document};

/// A stretch of the file.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) bytes: Range<usize>,
    pub(super) tokens: usize,
}

/// The pieces of some lines, in order; none for blank lines.
///
/// Cuts fall between blocks where that suffices, then between list items, sentences, lines. Code blocks and
/// tables stay whole up to `max` and are cut between their lines beyond. A single line beyond `max` is cut at
/// its sentences, then words.
pub(super) fn split(
    document: &Document<'_>,
    lines: Range<u32>,
    limits: ChunkLimits,
    count_tokens: &dyn Fn(&str) -> usize,
) -> Vec<Piece> {
    let mut splitter = Splitter {
        document,
        limits,
        count_tokens,
        units: Vec::new(),
    };
    splitter.units(lines, BreakLevel::Block);
    pack(splitter.units, limits)
}

struct Splitter<'a> {
    document: &'a Document<'a>,
    limits: ChunkLimits,
    count_tokens: &'a dyn Fn(&str) -> usize,
    units: Vec<Piece>,
}

impl Splitter<'_> {
    /// Cuts `lines` where breaks are at least as good as `level`, and what is still too long at worse ones.
    fn units(&mut self, lines: Range<u32>, level: BreakLevel) {
        let mut start = lines.start;
        while start < lines.end {
            let mut end = start + 1;
            while end < lines.end && self.document.break_before(end) < level {
                end += 1;
            }
            self.unit(start..end, level);
            start = end;
        }
    }

    fn unit(&mut self, lines: Range<u32>, level: BreakLevel) {
        let bytes = self.document.bytes_of(lines.clone());
        let text = &self.document.text()[bytes.clone()];
        if text.trim().is_empty() {
            return;
        }
        let tokens = (self.count_tokens)(text);
        if tokens <= self.limits.max {
            self.units.push(Piece { bytes, tokens });
        } else if let Some(lower) = level.lower().filter(|_| lines.len() > 1) {
            self.units(lines, lower);
        } else {
            self.line(bytes);
        }
    }

    /// Cuts inside one line.
    fn line(&mut self, bytes: Range<usize>) {
        let text = &self.document.text()[bytes.clone()];
        let mut parts = Vec::new();
        for (at, sentence) in text.split_sentence_bound_indices() {
            let start = bytes.start + at;
            let tokens = (self.count_tokens)(sentence);
            if tokens <= self.limits.target {
                parts.push(Piece {
                    bytes: start..start + sentence.len(),
                    tokens,
                });
            } else {
                self.words(start, sentence, &mut parts);
            }
        }
        self.units.extend(joined_up_to(parts, self.limits.target));
    }

    fn words(&self, sentence_start: usize, sentence: &str, parts: &mut Vec<Piece>) {
        for (at, word) in sentence.split_word_bound_indices() {
            let start = sentence_start + at;
            let tokens = (self.count_tokens)(word);
            if tokens <= self.limits.target {
                parts.push(Piece {
                    bytes: start..start + word.len(),
                    tokens,
                });
                continue;
            }
            // Data without words: as many characters as tokens are wanted.
            let mut rest = word;
            while !rest.is_empty() {
                let end = rest
                    .char_indices()
                    .nth(self.limits.target)
                    .map_or(rest.len(), |(end, _)| end);
                let from = start + (word.len() - rest.len());
                parts.push(Piece {
                    bytes: from..from + end,
                    tokens: (self.count_tokens)(&rest[..end]),
                });
                rest = &rest[end..];
            }
        }
    }
}

/// Fills pieces up to the target. A piece that is still tiny takes the next unit up to `max`, so that the
/// sentence in front of a long code block stays with it; a tiny last piece goes to the one before.
fn pack(units: Vec<Piece>, limits: ChunkLimits) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for unit in units {
        match pieces.last_mut() {
            Some(last) if last.tokens + unit.tokens <= room(last, limits) => extend(last, &unit),
            _ => pieces.push(unit),
        }
    }
    if let [.., before, last] = &mut pieces[..]
        && last.tokens < limits.target / 4
        && before.tokens + last.tokens <= limits.max
    {
        let last = last.clone();
        extend(before, &last);
        pieces.pop();
    }
    pieces
}

fn room(piece: &Piece, limits: ChunkLimits) -> usize {
    if piece.tokens < limits.target / 4 {
        limits.max
    } else {
        limits.target
    }
}

fn joined_up_to(parts: Vec<Piece>, target: usize) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if last.tokens + part.tokens <= target => extend(last, &part),
            _ => joined.push(part),
        }
    }
    joined
}

fn extend(piece: &mut Piece, next: &Piece) {
    piece.bytes.end = next.bytes.end;
    piece.tokens += next.tokens;
}
