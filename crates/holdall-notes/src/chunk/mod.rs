//! Where the passages of a note begin and end.
//!
//! A passage is a section under a heading. Sections that are too long are split (`split`), sections that are
//! tiny are joined with their neighbours under the same parent heading. Reading Markdown is `parse`'s work.
//!
//! Every line of the body that is neither blank nor a heading is in exactly one passage, except a single line
//! longer than `max`: it is split at its sentences, and its pieces name the same line.

mod split;

use std::ops::Range;

use crate::note::Chunk;
use crate::parse::{Document, HeadingLines};
use split::{Piece, split};

/// How long passages are, in tokens. Tuned on retrieval sets: change it here, nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Passages grow up to this length (300).
    pub target: usize,
    /// No passage is longer (512), except a line of the file that cannot be cut.
    pub max: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self {
            target: 300,
            max: 512,
        }
    }
}

impl ChunkLimits {
    /// Sections shorter than this seek company.
    fn tiny(self) -> usize {
        self.target / 2
    }
}

/// Estimates the word pieces of a text without a tokenizer: one for every six letters of a word begun, one for
/// every digit pair, ideograph and sign. Within a fifth of BERT's count on English prose.
pub fn estimated_tokens(text: &str) -> usize {
    let (mut tokens, mut letters, mut digits) = (0, 0usize, 0usize);
    for c in text.chars() {
        if c.is_ascii_digit() {
            tokens += letters.div_ceil(6);
            letters = 0;
            digits += 1;
            continue;
        }
        tokens += digits.div_ceil(2);
        digits = 0;
        if c < '\u{e00}' && c.is_alphabetic() {
            letters += 1;
            continue;
        }
        tokens += letters.div_ceil(6) + usize::from(!c.is_whitespace());
        letters = 0;
    }
    tokens + letters.div_ceil(6) + digits.div_ceil(2)
}

/// The passages of a document, in the order of its text.
pub(crate) fn chunk(
    document: &Document<'_>,
    title: &str,
    limits: ChunkLimits,
    count_tokens: &dyn Fn(&str) -> usize,
) -> Vec<Chunk> {
    let limits = ChunkLimits {
        target: limits.target.clamp(1, limits.max.max(1)),
        max: limits.max.max(1),
    };
    let sections = sections(document);
    let chunker = Chunker {
        document,
        sections: &sections,
        limits,
        count_tokens,
    };
    chunker
        .passages(0..sections.len())
        .into_iter()
        .filter_map(|passage| chunker.shown(&passage, title))
        .enumerate()
        .map(|(ordinal, chunk)| Chunk {
            ordinal: ordinal as u32,
            ..chunk
        })
        .collect()
}

/// A heading and the lines up to the next one; the first may have no heading.
struct Section<'a> {
    heading: Option<&'a HeadingLines>,
    body: Range<u32>,
    /// The section this one is a subsection of.
    parent: Option<usize>,
}

impl Section<'_> {
    fn level(&self) -> u8 {
        self.heading.map_or(0, |heading| heading.heading.level)
    }

    fn start(&self) -> u32 {
        self.heading
            .map_or(self.body.start, |heading| heading.lines.start)
    }
}

/// A passage in the making.
struct Passage {
    piece: Piece,
    /// The section whose headings stand above it, itself included.
    under: Option<usize>,
    /// The section it is all of, descendants included.
    all_of: Option<usize>,
}

struct Chunker<'a> {
    document: &'a Document<'a>,
    sections: &'a [Section<'a>],
    limits: ChunkLimits,
    count_tokens: &'a dyn Fn(&str) -> usize,
}

impl Chunker<'_> {
    /// The passages of neighbouring sections under one parent. Recurses once per heading level.
    fn passages(&self, sections: Range<usize>) -> Vec<Passage> {
        let mut passages: Vec<Passage> = Vec::new();
        let mut next = sections.start;
        while next < sections.end {
            let end = self.end_of(next, sections.end);
            let of_section = self.passages_of(next..end);
            next = end;
            if let [only] = &of_section[..]
                && let Some(joined) = passages.last().and_then(|last| self.joined(last, only))
            {
                passages.pop();
                passages.push(joined);
            } else {
                passages.extend(of_section);
            }
        }
        passages
    }

    /// The passages of one section: its own text, then its subsections.
    fn passages_of(&self, sections: Range<usize>) -> Vec<Passage> {
        let index = sections.start;
        let section = &self.sections[index];
        let own = split(
            self.document,
            section.body.clone(),
            self.limits,
            self.count_tokens,
        );
        let below = self.passages(index + 1..sections.end);
        let mut passages: Vec<Passage> = own
            .into_iter()
            .map(|piece| Passage {
                piece,
                under: Some(index),
                all_of: None,
            })
            .collect();
        if passages.is_empty() && below.is_empty() {
            return self.heading_alone(index).into_iter().collect();
        }
        // A short introduction joins the first subsection.
        let introduced = match (&passages[..], below.first()) {
            ([own], Some(first)) if first.all_of.is_some() => {
                self.fitting(own.piece.bytes.start, &own.piece, &first.piece)
            }
            _ => None,
        };
        let rest = usize::from(introduced.is_some());
        if let Some(piece) = introduced {
            passages = vec![Passage {
                piece,
                under: Some(index),
                all_of: None,
            }];
        }
        passages.extend(below.into_iter().skip(rest));
        if let [only] = &mut passages[..] {
            only.all_of = Some(index);
        }
        passages
    }

    /// A heading with nothing below it is text of its own.
    fn heading_alone(&self, index: usize) -> Option<Passage> {
        let heading = self.sections[index].heading?;
        let bytes = self.document.bytes_of(heading.lines.clone());
        let tokens = (self.count_tokens)(&self.document.text()[bytes.clone()]);
        Some(Passage {
            piece: Piece { bytes, tokens },
            under: self.sections[index].parent,
            all_of: Some(index),
        })
    }

    /// Two neighbours as one, if both are whole sections; their headings become part of the text.
    fn joined(&self, left: &Passage, right: &Passage) -> Option<Passage> {
        let (first, _) = (left.all_of?, right.all_of?);
        let heading = self
            .document
            .bytes_of(self.sections[first].start()..self.sections[first].body.end);
        let piece = self.fitting(
            heading.start.min(left.piece.bytes.start),
            &left.piece,
            &right.piece,
        )?;
        Some(Passage {
            piece,
            under: self.sections[first].parent,
            all_of: Some(first),
        })
    }

    /// All from `start` to the end of `right`, if one of the two is tiny and the whole within the target.
    fn fitting(&self, start: usize, left: &Piece, right: &Piece) -> Option<Piece> {
        if left.tokens.min(right.tokens) >= self.limits.tiny()
            || left.tokens + right.tokens > self.limits.target
        {
            return None;
        }
        let bytes = start..right.bytes.end;
        let tokens = (self.count_tokens)(&self.document.text()[bytes.clone()]);
        (tokens <= self.limits.target).then_some(Piece { bytes, tokens })
    }

    fn end_of(&self, index: usize, end: usize) -> usize {
        let level = self.sections[index].level();
        (index + 1..end)
            .find(|next| level == 0 || self.sections[*next].level() <= level)
            .unwrap_or(end)
    }

    /// The passage as it is indexed and shown; `None` for one without text.
    fn shown(&self, passage: &Passage, title: &str) -> Option<Chunk> {
        let slice = &self.document.text()[passage.piece.bytes.clone()];
        let trimmed = slice.trim_end();
        if trimmed.trim_start().is_empty() {
            return None;
        }
        let indented = trimmed.len() - trimmed.trim_start().len();
        let start = passage.piece.bytes.start + line_start(&trimmed[..indented]);
        let end = passage.piece.bytes.start + trimmed.len();
        let lines = self.document.lines().at(start)..self.document.lines().at(end - 1) + 1;
        let text = self.document.text()[start..end]
            .replace("\r\n", "\n")
            .replace('\r', "\n");
        Some(Chunk {
            ordinal: 0,
            headings: self.headings(passage.under, title),
            lines,
            text,
        })
    }

    fn headings(&self, under: Option<usize>, title: &str) -> Vec<String> {
        let mut headings = Vec::new();
        let mut above = under;
        while let Some(index) = above {
            if let Some(heading) = self.sections[index].heading {
                let is_title = heading.heading.level == 1 && heading.heading.text == title;
                if !is_title && !heading.heading.text.is_empty() {
                    headings.push(heading.heading.text.clone());
                }
            }
            above = self.sections[index].parent;
        }
        headings.reverse();
        headings
    }
}

/// Where the last line of some blank text starts.
fn line_start(blank: &str) -> usize {
    blank.rfind(['\n', '\r']).map_or(0, |at| at + 1)
}

fn sections<'a>(document: &'a Document<'_>) -> Vec<Section<'a>> {
    let body = document.body();
    let headings: Vec<&HeadingLines> = document.headings().collect();
    let first = headings.first().map_or(body.end, |heading| heading.lines.start);
    let mut sections = Vec::with_capacity(headings.len() + 1);
    if body.start < first {
        sections.push(Section {
            heading: None,
            body: body.start..first,
            parent: None,
        });
    }
    // The sections whose subsections are being met, outermost first.
    let mut open: Vec<usize> = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        let end = headings.get(at + 1).map_or(body.end, |next| next.lines.start);
        while open
            .last()
            .is_some_and(|above| sections[*above].level() >= heading.heading.level)
        {
            open.pop();
        }
        let parent = open.last().copied();
        open.push(sections.len());
        sections.push(Section {
            heading: Some(heading),
            body: heading.lines.end..end,
            parent,
        });
    }
    sections
}

#[cfg(test)]
mod tests;
