//! What of a page is worth reading, as plain HTML: balanced, shallow, without scripts, menus and what is not seen.
//!
//! It works on the tokens of HTML and builds no tree. Pages can be made whose tree is deeper than any stack, or far
//! larger than the page; what comes out of here cannot.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::hidden::{Ended, Nesting};
use crate::outbound::Url;

/// Elements within each other; what is deeper keeps its text and loses its tags.
const DEPTH_MAX: usize = 64;
/// Elements that are written; of what follows these only the text is.
const ELEMENTS_MAX: usize = 100_000;
/// Text of a page is read in pieces of so many bytes, and between two of them the time is looked at.
const PIECE_BYTES: usize = 4 * 1024;
/// Ordinary pages take milliseconds. Some can be made on which tokens take ever longer.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Characters of a title that are kept.
const TITLE_CHARS_MAX: usize = 200;
/// Longer addresses are not for reading.
const LINK_BYTES_MAX: usize = 2048;

/// What is left of a page.
pub(super) struct Sifted {
    pub(super) title: Option<String>,
    pub(super) html: String,
}

/// Reads the page at `page`. `None` if it takes too long.
pub(super) fn sift(html: &str, page: &Url) -> Option<Sifted> {
    let sieve = Sieve(RefCell::new(State {
        base: page.clone(),
        html: String::new(),
        open: Vec::new(),
        written: 0,
        inner_tables: 0,
        skipped: None,
        nesting: Nesting::default(),
        wants_break: false,
        title: None,
        in_title: false,
    }));
    let tokenizer = Tokenizer::new(sieve, TokenizerOpts::default());
    let input = BufferQueue::default();
    let begin = Instant::now();
    let mut rest = html;
    while !rest.is_empty() {
        let piece = &rest[..rest.floor_char_boundary(PIECE_BYTES.min(rest.len()))];
        rest = &rest[piece.len()..];
        input.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&input);
        if begin.elapsed() > TIME_MAX {
            return None;
        }
    }
    tokenizer.end();
    let mut state = tokenizer.sink.0.into_inner();
    state.close_to(0);
    let title = state
        .title
        .map(|title| tidy(&title))
        .filter(|title| !title.is_empty());
    Some(Sifted {
        title,
        html: state.html,
    })
}

fn tidy(title: &str) -> String {
    let words: Vec<&str> = title.split_whitespace().collect();
    words.join(" ").chars().take(TITLE_CHARS_MAX).collect()
}

struct Sieve(RefCell<State>);

struct State {
    base: Url,
    html: String,
    /// The elements that were begun and not ended, by the names they were written with.
    open: Vec<&'static str>,
    /// How many elements were written.
    written: usize,
    /// Tables begun within a table. Markdown has none: their cells become text.
    inner_tables: usize,
    /// What is left out until it ends, and how often it was begun within itself.
    skipped: Option<(String, usize)>,
    /// All elements that are open, written or not, and what of them is hidden.
    nesting: Nesting,
    /// Whether text that comes now begins on a line of its own, although no element says so.
    wants_break: bool,
    title: Option<String>,
    in_title: bool,
}

impl TokenSink for Sieve {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                state.start(&tag);
                // What the tokenizer takes for text until the element ends.
                return match &*tag.name {
                    "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                        TokenSinkResult::RawData(RawKind::Rawtext)
                    }
                    "plaintext" => TokenSinkResult::Plaintext,
                    _ => TokenSinkResult::Continue,
                };
            }
            Token::TagToken(tag) => state.end(&tag.name),
            Token::CharacterTokens(text) => state.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// What is left out with all that is in it.
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "iframe"
            | "noembed"
            | "noframes"
            | "template"
            | "svg"
            | "math"
            | "canvas"
            | "object"
            | "audio"
            | "video"
            | "select"
            | "datalist"
            | "button"
            | "textarea"
            | "nav"
            | "dialog"
    )
}

/// What an element is written as: that which Markdown can say, and blocks, so that their text does not run together.
fn written(name: &str) -> Option<&'static str> {
    Some(match name {
        "h1" => "h1",
        "h2" => "h2",
        "h3" => "h3",
        "h4" => "h4",
        "h5" => "h5",
        "h6" => "h6",
        "p" => "p",
        "ul" | "menu" | "dir" => "ul",
        "ol" => "ol",
        "li" => "li",
        "blockquote" => "blockquote",
        "pre" | "listing" | "xmp" => "pre",
        "code" | "kbd" | "samp" | "tt" => "code",
        "em" | "i" => "em",
        "strong" | "b" => "strong",
        "a" => "a",
        "table" => "table",
        "caption" => "caption",
        "thead" => "thead",
        "tbody" | "tfoot" => "tbody",
        "tr" => "tr",
        "th" => "th",
        "td" => "td",
        "div" | "section" | "article" | "aside" | "main" | "header" | "footer" | "address" | "figure"
        | "figcaption" | "details" | "summary" | "fieldset" | "legend" | "form" | "center" | "dl" | "dt"
        | "dd" | "hgroup" | "search" | "option" => "div",
        _ => return None,
    })
}

fn is_inline(name: &str) -> bool {
    matches!(name, "a" | "code" | "em" | "strong")
}

impl State {
    fn start(&mut self, tag: &Tag) {
        if let Some((name, depth)) = &mut self.skipped {
            *depth += usize::from(**name == *tag.name && !tag.self_closing);
            return;
        }
        self.nesting.make_room(&tag.name);
        if is_skipped(&tag.name) {
            if !tag.self_closing || !matches!(&*tag.name, "svg" | "math") {
                self.skipped = Some((tag.name.to_string(), 1));
            }
            return;
        }
        let was_hidden = self.nesting.is_hidden();
        self.nesting.start(tag);
        if was_hidden || Nesting::hides(tag) {
            if !was_hidden && let Some(name) = written(&tag.name).filter(|name| !is_inline(name)) {
                // What would end what came before does so, seen or not.
                self.make_room(name);
                self.wants_break = true;
            }
            return;
        }
        match &*tag.name {
            "title" => {
                self.in_title = self.title.is_none();
                if self.in_title {
                    self.title = Some(String::new());
                }
            }
            "base" => {
                if let Some(base) = attribute(tag, "href").and_then(|href| self.base.join(href).ok()) {
                    self.base = base;
                }
            }
            "br" => self.html.push_str("<br>"),
            "hr" => {
                self.make_room("hr");
                self.html.push_str("<hr>");
            }
            "img" => self.image(tag),
            name => {
                if let Some(name) = written(name) {
                    self.begin(name, tag);
                }
            }
        }
    }

    fn begin(&mut self, name: &'static str, tag: &Tag) {
        let name = match name {
            "table" if self.open.contains(&"table") => {
                self.inner_tables += 1;
                "div"
            }
            "tr" | "td" | "th" | "thead" | "tbody" | "caption" if self.inner_tables > 0 => {
                let starts_line = name == "tr" && !self.html.ends_with("<div>");
                self.html.push_str(if starts_line { "<br>" } else { " " });
                return;
            }
            _ => name,
        };
        if is_inline(name) {
            // Once is enough, and what just ended goes on.
            if self.open.contains(&name) {
                return;
            }
            let end = format!("</{name}>");
            if name != "a" && self.html.ends_with(&end) && self.open.len() < DEPTH_MAX {
                self.html.truncate(self.html.len() - end.len());
                self.open.push(name);
                return;
            }
        } else {
            self.make_room(name);
        }
        if self.open.len() >= DEPTH_MAX || self.written >= ELEMENTS_MAX {
            self.wants_break |= !is_inline(name);
            return;
        }
        match is_inline(name) {
            true => self.break_line(),
            false => self.wants_break = false,
        }
        match name {
            "a" => match attribute(tag, "href").and_then(|href| self.link(href)) {
                Some(href) => self.html.push_str(&format!("<a href=\"{}\">", escaped(&href))),
                None => return,
            },
            "code" => match attribute(tag, "class").filter(|class| class.len() < 100) {
                Some(class) => self
                    .html
                    .push_str(&format!("<code class=\"{}\">", escaped(class))),
                None => self.html.push_str("<code>"),
            },
            "ol" => match attribute(tag, "start").and_then(|start| start.parse::<u32>().ok()) {
                Some(start) => self.html.push_str(&format!("<ol start=\"{start}\">")),
                None => self.html.push_str("<ol>"),
            },
            _ => self.html.push_str(&format!("<{name}>")),
        }
        self.open.push(name);
        self.written += 1;
    }

    /// Ends what a new block ends without saying so.
    fn make_room(&mut self, name: &str) {
        let (ended, fence): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "table"]),
            "td" | "th" => (&["td", "th"], &["table", "tr"]),
            "tr" => (&["tr", "caption"], &["table"]),
            "thead" | "tbody" => (&["thead", "tbody", "caption"], &["table"]),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => (&["p", "h1", "h2", "h3", "h4", "h5", "h6"], BLOCKS),
            _ => (&["p"], BLOCKS),
        };
        let at = self
            .open
            .iter()
            .rposition(|open| ended.contains(open) || fence.contains(open));
        if let Some(at) = at.filter(|at| ended.contains(&self.open[*at])) {
            self.close_to(at);
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((skipped, depth)) = &mut self.skipped {
            if skipped == name {
                *depth -= 1;
                if *depth == 0 {
                    self.skipped = None;
                }
            }
            return;
        }
        if name == "title" {
            self.in_title = false;
        }
        if let Ended::Hidden = self.nesting.end(name) {
            return;
        }
        let name = match written(name) {
            Some("table") if self.inner_tables > 0 => {
                self.inner_tables -= 1;
                "div"
            }
            Some("tr" | "td" | "th" | "thead" | "tbody" | "caption") if self.inner_tables > 0 => return,
            Some(name) => name,
            None => return,
        };
        self.wants_break |= self.open.len() >= DEPTH_MAX && !is_inline(name);
        // The end of a list item or a cell does not reach beyond its list or table.
        let fence: &[&str] = match name {
            "li" => &["ul", "ol", "table"],
            "table" => &[],
            _ => &["table", "td", "th"],
        };
        let at = self
            .open
            .iter()
            .rposition(|open| *open == name || fence.contains(open));
        if let Some(at) = at.filter(|at| self.open[*at] == name) {
            self.close_to(at);
        }
    }

    /// Ends all elements from the one at `at` on, the innermost first.
    fn close_to(&mut self, at: usize) {
        while self.open.len() > at {
            let name = self.open.pop().expect("there is one more than `at`");
            self.html.push_str("</");
            self.html.push_str(name);
            self.html.push('>');
        }
        if !self.open.contains(&"table") {
            self.inner_tables = 0;
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_title {
            if let Some(title) = &mut self.title
                && title.len() < 8 * TITLE_CHARS_MAX
            {
                title.push_str(text);
            }
        } else if self.skipped.is_none() && !self.nesting.is_text_hidden() {
            if !text.trim().is_empty() {
                self.break_line();
            }
            self.html.push_str(&escaped(text));
        }
    }

    /// Begins a line for what comes now, where one is wanted and something stands on the last.
    fn break_line(&mut self) {
        if !std::mem::take(&mut self.wants_break) {
            return;
        }
        let before = self.html.trim_end();
        // Texts hold no `<` and no `>`.
        let tag = match before.ends_with('>') {
            true => before
                .rfind('<')
                .map(|at| before[at..].trim_start_matches(['<', '/'])),
            false => None,
        };
        let begins_line = before.is_empty()
            || tag.is_some_and(|tag| {
                let name = tag.split([' ', '>']).next().unwrap_or_default();
                name != "img" && !is_inline(name)
            });
        if !begins_line {
            self.html.push_str("<br>");
        }
    }

    fn image(&mut self, tag: &Tag) {
        let alt = attribute(tag, "alt").map(str::trim).filter(|alt| !alt.is_empty());
        if let (Some(alt), Some(src)) = (alt, attribute(tag, "src").and_then(|src| self.link(src))) {
            let (alt, src) = (escaped(&literal(alt)), escaped(&src));
            self.break_line();
            self.html.push_str(&format!("<img alt=\"{alt}\" src=\"{src}\">"));
        }
    }

    /// An address, whole, if it is one a reader could follow.
    fn link(&self, href: &str) -> Option<String> {
        let url = self.base.join(href.trim()).ok()?;
        let is_good =
            matches!(url.scheme(), "http" | "https" | "mailto") && url.as_str().len() <= LINK_BYTES_MAX;
        is_good.then(|| url.into())
    }
}

const BLOCKS: &[&str] = &[
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "table",
    "td",
    "th",
    "div",
    "caption",
];

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| &*attribute.value)
}

/// A text on one line, as Markdown of a picture: what would end its description is escaped.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(c, '\\' | '[' | ']' | '*' | '_' | '`' | '<' | '>') {
            literal.push('\\');
        }
        literal.push(c);
    }
    literal
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
