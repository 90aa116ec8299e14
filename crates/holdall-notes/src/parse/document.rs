//! One pass over the Markdown of a note.

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Lines, links, one_line, tags};
use crate::note::{Heading, Link};

/// How good a place the start of a line is to begin a new passage, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum BreakLevel {
    /// Inside a code block or a table: only when that alone is too long.
    Inside,
    /// Between two lines of a paragraph.
    Line,
    /// Between two lines of a paragraph where a sentence ends.
    Sentence,
    /// A block inside a list item or quotation.
    Nested,
    /// An item of a list.
    Item,
    /// A paragraph, list, table, code block…
    Block,
}

impl BreakLevel {
    /// The next worse place.
    pub(crate) fn lower(self) -> Option<Self> {
        match self {
            Self::Block => Some(Self::Item),
            Self::Item => Some(Self::Nested),
            Self::Nested => Some(Self::Sentence),
            Self::Sentence => Some(Self::Line),
            Self::Line => Some(Self::Inside),
            Self::Inside => None,
        }
    }
}

/// A heading with all its lines: two or more when it is underlined.
#[derive(Clone, Debug)]
pub(crate) struct HeadingLines {
    pub(crate) heading: Heading,
    pub(crate) lines: Range<u32>,
}

/// The Markdown of a note, taken apart.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    text: &'a str,
    lines: Lines,
    body_start: usize,
    headings: Vec<HeadingLines>,
    breaks: Vec<BreakLevel>,
    links: Vec<Link>,
    tags: Vec<String>,
}

impl<'a> Document<'a> {
    /// Takes `text` apart, a whole file whose body begins at `body_start`.
    pub(crate) fn parse(text: &'a str, body_start: usize) -> Self {
        let lines = Lines::of(text);
        let breaks = vec![BreakLevel::Line; lines.count() as usize];
        let mut reader = Reader {
            document: Self {
                text,
                lines,
                body_start,
                headings: Vec::new(),
                breaks,
                links: Vec::new(),
                tags: Vec::new(),
            },
            depth: 0,
            lists: 0,
            opaque: 0,
            heading: None,
            run: None,
            seen: HashSet::new(),
        };
        reader.document.mark_sentences();
        for (event, range) in Parser::new_ext(&text[body_start..], options()).into_offset_iter() {
            reader.event(event, range.start + body_start..range.end + body_start);
        }
        reader.end_run();
        reader.document
    }

    /// The whole text of the file.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The lines of the body.
    pub(crate) fn body(&self) -> Range<u32> {
        let end = self.lines.count() + 1;
        let start = if self.body_start >= self.text.len() {
            end
        } else {
            self.lines.at(self.body_start)
        };
        start..end
    }

    /// The bytes of some lines; a byte order mark is never among them.
    pub(crate) fn bytes_of(&self, lines: Range<u32>) -> Range<usize> {
        let bytes = self.lines.bytes_of(lines);
        bytes.start.max(self.body_start).min(bytes.end)..bytes.end
    }

    /// The outline, headings inside lists and quotations left out.
    pub(crate) fn headings(&self) -> impl Iterator<Item = &HeadingLines> {
        self.headings.iter()
    }

    /// The text of the first level-1 heading.
    pub(crate) fn first_title(&self) -> Option<String> {
        let first = self.headings.iter().find(|heading| heading.heading.level == 1)?;
        (!first.heading.text.is_empty()).then(|| first.heading.text.clone())
    }

    /// How good a place the start of `line` is to begin a passage.
    pub(crate) fn break_before(&self, line: u32) -> BreakLevel {
        self.breaks
            .get(line.saturating_sub(1) as usize)
            .copied()
            .unwrap_or(BreakLevel::Block)
    }

    /// Links to other notes, each once.
    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// `#tags` as written.
    pub(crate) fn tags(&self) -> &[String] {
        &self.tags
    }

    fn mark_sentences(&mut self) {
        for line in self.body().skip(1) {
            let before = self.text[self.lines.bytes(line - 1)].trim_end();
            if before.is_empty() || before.ends_with(['.', '!', '?', '…', '。', '！', '？', '।']) {
                self.raise(line, BreakLevel::Sentence);
            }
        }
    }

    fn raise(&mut self, line: u32, level: BreakLevel) {
        if let Some(current) = self.breaks.get_mut(line as usize - 1) {
            *current = (*current).max(level);
        }
    }

    fn close(&mut self, lines: Range<u32>) {
        for line in lines {
            if let Some(current) = self.breaks.get_mut(line as usize - 1) {
                *current = BreakLevel::Inside;
            }
        }
    }

    /// The lines a block covers, without the blank ones after it.
    fn lines_of(&self, bytes: &Range<usize>) -> Range<u32> {
        let kept = self.text[bytes.clone()].trim_end().len();
        let start = self.lines.at(bytes.start);
        start
            ..self
                .lines
                .at((bytes.start + kept).saturating_sub(1).max(bytes.start))
                + 1
    }
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_WIKILINKS
}

/// The state of the pass.
struct Reader<'a> {
    document: Document<'a>,
    /// Open blocks that may hold others: lists, items, quotations, footnotes.
    depth: usize,
    /// Open lists.
    lists: usize,
    /// Open elements whose text holds no tags: code, link labels, raw HTML.
    opaque: usize,
    /// The text of the open heading, if it belongs to the outline.
    heading: Option<String>,
    /// The text seen since the last other event, as bytes of the file.
    run: Option<Range<usize>>,
    seen: HashSet<Link>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        if let Event::Text(text) = &event {
            self.heading_text(text);
            self.extend_run(range);
            return;
        }
        self.end_run();
        match event {
            Event::Start(tag) => self.start(tag, &range),
            Event::End(end) => self.end(end, &range),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.heading_text(&text);
            }
            Event::SoftBreak | Event::HardBreak => self.heading_text(" "),
            Event::Rule => self.block(&range),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block(range),
            Tag::Heading { .. } => {
                self.block(range);
                self.heading = (self.depth == 0).then(String::new);
            }
            Tag::CodeBlock(_) | Tag::Table(_) => {
                self.block(range);
                let lines = self.document.lines_of(range);
                self.document.close(lines.start + 1..lines.end);
                self.opaque += usize::from(matches!(tag, Tag::CodeBlock(_)));
            }
            Tag::List(_) => {
                self.block(range);
                self.depth += 1;
                self.lists += 1;
            }
            Tag::Item => {
                let level = if self.lists == 1 && self.depth == 1 {
                    BreakLevel::Item
                } else {
                    BreakLevel::Nested
                };
                let line = self.document.lines.at(range.start);
                self.document.raise(line, level);
                self.depth += 1;
            }
            Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) => {
                self.block(range);
                self.depth += 1;
            }
            Tag::Link {
                link_type, dest_url, ..
            } => {
                self.link(links::written(link_type, &dest_url, false));
                self.opaque += 1;
            }
            Tag::Image {
                link_type, dest_url, ..
            } => {
                self.link(links::written(link_type, &dest_url, true));
                self.opaque += 1;
            }
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd, range: &Range<usize>) {
        match end {
            TagEnd::Heading(level) => {
                if let Some(text) = self.heading.take() {
                    let lines = self.document.lines_of(range);
                    let heading = Heading {
                        level: level as u8,
                        text: one_line(&text),
                        line: lines.start,
                    };
                    self.document.headings.push(HeadingLines { heading, lines });
                }
            }
            TagEnd::List(_) => {
                self.depth -= 1;
                self.lists -= 1;
            }
            TagEnd::Item | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.depth -= 1,
            TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock => self.opaque -= 1,
            _ => {}
        }
    }

    fn block(&mut self, range: &Range<usize>) {
        let level = if self.depth == 0 {
            BreakLevel::Block
        } else {
            BreakLevel::Nested
        };
        let lines = self.document.lines_of(range);
        self.document.raise(lines.start, level);
    }

    fn link(&mut self, link: Option<Link>) {
        if let Some(link) = link
            && self.seen.insert(link.clone())
        {
            self.document.links.push(link);
        }
    }

    fn heading_text(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        }
    }

    fn extend_run(&mut self, range: Range<usize>) {
        match &mut self.run {
            Some(run) if run.end == range.start => run.end = range.end,
            _ => {
                self.end_run();
                self.run = Some(range);
            }
        }
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        if self.opaque == 0 {
            let before = self.document.text[..run.start].chars().next_back();
            tags::find_in(&self.document.text[run], before, &mut self.document.tags);
        }
    }
}
