//! What of a page readers do not see, as far as the page itself says so: by attributes, not by style sheets or scripts.
//!
//! Where a hidden element ends is found as browsers find it (HTML, "tree construction"), with the names of the open
//! elements alone: many ends need not be written, and a page that writes wrong ones must not show what browsers hide.

use html5ever::tokenizer::Tag;
use html5ever::{Attribute, LocalName};

/// What is fainter than this is not seen.
const OPACITY_MIN: f64 = 0.1;
/// Letters smaller than this are not seen, in pixels or points.
const FONT_SIZE_MIN: f64 = 2.0;
/// Letters smaller than this part of the text around them are not seen.
const FONT_PART_MIN: f64 = 0.1;

/// The elements that are open, and which of them hide what is in them.
#[derive(Default)]
pub(super) struct Nesting {
    open: Vec<Element>,
    /// How many of `open` hide all that is in them.
    hiding: usize,
    /// How many of `open` are a `p`, which most elements look for.
    paragraphs: usize,
}

struct Element {
    name: LocalName,
    hides: bool,
    /// Whether it says how large its letters are: too small to be seen, or not.
    own_letters: Option<bool>,
    /// Whether its letters are too small to be seen.
    tiny: bool,
}

/// What an end tag ended.
pub(super) enum Ended {
    /// Something a reader sees, or what was open around something hidden.
    Seen,
    /// Nothing but what was hidden.
    Hidden,
}

impl Nesting {
    /// Whether what comes now is in something hidden, with all that is in it.
    pub(super) fn is_hidden(&self) -> bool {
        self.hiding > 0
    }

    /// Whether text that comes now is not seen.
    pub(super) fn is_text_hidden(&self) -> bool {
        self.is_hidden() || self.open.last().is_some_and(|element| element.tiny)
    }

    /// Ends what the start of `name` ends without saying so.
    pub(super) fn make_room(&mut self, name: &str) {
        match name {
            "caption" | "colgroup" | "thead" | "tbody" | "tfoot" => self.back_to(&["table"]),
            "tr" => self.back_to(&["table", "thead", "tbody", "tfoot"]),
            "td" | "th" => self.back_to(&["table", "thead", "tbody", "tfoot", "tr"]),
            "li" => self.end_item(&["li"]),
            "dd" | "dt" => self.end_item(&["dd", "dt"]),
            "option" | "optgroup" | "rb" | "rp" | "rt" | "rtc" => {
                let ended: &[&str] = match name {
                    "option" => &["option"],
                    "optgroup" => &["option", "optgroup"],
                    _ => &["rb", "rp", "rt", "rtc"],
                };
                while self.open.last().is_some_and(|last| ended.contains(&&*last.name)) {
                    self.truncate(self.open.len() - 1);
                }
            }
            "a" | "nobr" | "button" => {
                if let Some(at) = self.within(&[name], SCOPE) {
                    self.end_at(at);
                }
            }
            _ => {}
        }
        if ends_paragraph(name)
            && self.paragraphs > 0
            && let Some(at) = self.within(&["p"], PARAGRAPH_SCOPE)
        {
            self.truncate(at);
        }
        if is_heading(name) && self.open.last().is_some_and(|last| is_heading(&last.name)) {
            self.truncate(self.open.len() - 1);
        }
    }

    /// Whether `tag` hides what is in it.
    pub(super) fn hides(tag: &Tag) -> bool {
        // Scripts show pages that hide as a whole until they have run.
        !matches!(&*tag.name, "html" | "body" | "head") && tag.attrs.iter().any(is_hiding)
    }

    /// Opens an element, after room was made for it.
    pub(super) fn start(&mut self, tag: &Tag) {
        if matches!(&*tag.name, "html" | "body" | "head") || is_void(&tag.name) {
            return;
        }
        let own_letters = tag.attrs.iter().find_map(letters);
        self.push(tag.name.clone(), Self::hides(tag), own_letters);
    }

    /// Closes what an end tag closes.
    pub(super) fn end(&mut self, name: &str) -> Ended {
        let outermost = match self.is_hidden() {
            true => self.open.iter().position(|element| element.hides),
            false => None,
        };
        let at = match name {
            "p" => self.within(&["p"], PARAGRAPH_SCOPE),
            "li" => self.within(&["li"], LIST_SCOPE),
            "table" | "caption" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" => {
                self.within(&[name], &["table"])
            }
            _ if is_heading(name) => self.within(&["h1", "h2", "h3", "h4", "h5", "h6"], SCOPE),
            _ if is_special(name) || is_formatting(name) => self.within(&[name], SCOPE),
            _ => self
                .open
                .iter()
                .rposition(|element| *element.name == *name || is_special(&element.name))
                .filter(|at| *self.open[*at].name == *name),
        };
        let reaches = at.is_some_and(|at| outermost.is_none_or(|outermost| at < outermost));
        match at {
            Some(at) if is_formatting(name) => self.end_at(at),
            Some(at) => self.truncate(at),
            None => {}
        }
        match outermost {
            Some(_) if !reaches => Ended::Hidden,
            _ => Ended::Seen,
        }
    }

    /// Closes down to the nearest of `names`, if there is a table at all.
    fn back_to(&mut self, names: &[&str]) {
        if let Some(at) = self.within(names, &["table"]) {
            self.truncate(at + 1);
        }
    }

    /// Ends the item of a list, unless something is open that is no part of it.
    fn end_item(&mut self, names: &[&str]) {
        let at = self.open.iter().rposition(|element| {
            let name = &*element.name;
            names.contains(&name) || (is_special(name) && !matches!(name, "address" | "div" | "p"))
        });
        if let Some(at) = at.filter(|at| names.contains(&&*self.open[*at].name)) {
            self.truncate(at);
        }
    }

    /// The innermost of `names` that is open, unless one of `fence` is open within it.
    fn within(&self, names: &[&str], fence: &[&str]) -> Option<usize> {
        let meant = |name: &str| names.contains(&name);
        self.open
            .iter()
            .rposition(|element| meant(&element.name) || fence.contains(&&*element.name))
            .filter(|at| meant(&self.open[*at].name))
    }

    /// Closes one element; blocks that began in it stay open (HTML, "adoption agency").
    fn end_at(&mut self, at: usize) {
        let gone = self.open.remove(at);
        self.forget(&gone);
        if !self.open[at..].iter().any(|element| is_special(&element.name)) {
            self.truncate(at);
        }
    }

    /// Closes all from the one at `at` on. What sets off words goes on in what comes next (HTML, "reconstruct the active
    /// formatting elements"), unless a cell ends with it.
    fn truncate(&mut self, at: usize) {
        let closed: Vec<Element> = self.open.drain(at..).collect();
        let goes_on = !closed
            .iter()
            .any(|element| matches!(&*element.name, "td" | "th" | "caption"));
        for element in closed {
            self.forget(&element);
            let matters = element.hides || element.own_letters.is_some();
            if goes_on && matters && is_formatting(&element.name) {
                self.push(element.name, element.hides, element.own_letters);
            }
        }
    }

    fn push(&mut self, name: LocalName, hides: bool, own_letters: Option<bool>) {
        let around = self.open.last().is_some_and(|element| element.tiny);
        self.hiding += usize::from(hides);
        self.paragraphs += usize::from(*name == *"p");
        self.open.push(Element {
            name,
            hides,
            own_letters,
            tiny: own_letters.unwrap_or(around),
        });
    }

    fn forget(&mut self, element: &Element) {
        self.hiding -= usize::from(element.hides);
        self.paragraphs -= usize::from(*element.name == *"p");
    }
}

/// Whether an attribute hides the element that has it.
fn is_hiding(attribute: &Attribute) -> bool {
    let value = &*attribute.value;
    match &*attribute.name.local {
        "hidden" => !value.trim().eq_ignore_ascii_case("until-found"),
        "popover" => true,
        "style" => declarations(value).iter().any(|(name, value)| match &**name {
            "display" => value == "none",
            "visibility" => matches!(&**value, "hidden" | "collapse"),
            "content-visibility" => value == "hidden",
            "opacity" => match value.strip_suffix('%') {
                Some(percent) => percent
                    .parse()
                    .is_ok_and(|share: f64| share / 100.0 < OPACITY_MIN),
                None => value.parse().is_ok_and(|share: f64| share < OPACITY_MIN),
            },
            _ => false,
        }),
        _ => false,
    }
}

/// Whether an attribute makes letters too small to be seen; `None` if it says nothing of their size.
fn letters(attribute: &Attribute) -> Option<bool> {
    if &*attribute.name.local != "style" {
        return None;
    }
    let declarations = declarations(&attribute.value);
    let (_, size) = declarations.iter().rfind(|(name, _)| name == "font-size")?;
    let end = size
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')))
        .unwrap_or(size.len());
    let Ok(number) = size[..end].parse::<f64>() else {
        // A word such as `small` or `inherit`, or something to be computed.
        return (size != "inherit").then_some(false);
    };
    let least = match &size[end..] {
        "px" | "pt" => FONT_SIZE_MIN,
        "%" => FONT_PART_MIN * 100.0,
        _ => FONT_PART_MIN,
    };
    Some(number < least)
}

/// The declarations of a `style`, names and values in lower case, without space, comments, escapes and `!important`.
fn declarations(style: &str) -> Vec<(String, String)> {
    let plain = without_escapes(&without_comments(style));
    plain
        .split(';')
        .filter_map(|declaration| {
            let (name, value) = declaration.split_once(':')?;
            let value = value.trim().to_ascii_lowercase();
            let value = match value.rsplit_once('!') {
                Some((value, word)) if word.trim() == "important" => value.trim().to_owned(),
                _ => value,
            };
            Some((name.trim().to_ascii_lowercase(), value))
        })
        .collect()
}

fn without_comments(style: &str) -> String {
    let mut plain = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// `d\69 splay` is `display`.
fn without_escapes(style: &str) -> String {
    let mut plain = String::with_capacity(style.len());
    let mut characters = style.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let mut digits = String::new();
        while digits.len() < 6
            && let Some(digit) = characters.next_if(char::is_ascii_hexdigit)
        {
            digits.push(digit);
        }
        match u32::from_str_radix(&digits, 16) {
            Ok(code) => {
                characters.next_if(|c| c.is_ascii_whitespace());
                plain.extend(char::from_u32(code));
            }
            Err(_) => plain.extend(characters.next()),
        }
    }
    plain
}

/// What ends the look for an open element (HTML, "has an element in scope").
const SCOPE: &[&str] = &["caption", "table", "td", "th", "marquee", "object", "template"];
const LIST_SCOPE: &[&str] = &[
    "caption", "table", "td", "th", "marquee", "object", "template", "ul", "ol",
];
const PARAGRAPH_SCOPE: &[&str] = &[
    "caption", "table", "td", "th", "marquee", "object", "template", "button",
];

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "image"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// What goes on when the element around it ends.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// What an end tag within does not reach beyond, unless it is one of these itself.
fn is_special(name: &str) -> bool {
    ends_paragraph(name)
        || matches!(
            name,
            "applet"
                | "button"
                | "caption"
                | "colgroup"
                | "iframe"
                | "marquee"
                | "noembed"
                | "noframes"
                | "noscript"
                | "object"
                | "script"
                | "select"
                | "style"
                | "tbody"
                | "td"
                | "template"
                | "textarea"
                | "tfoot"
                | "th"
                | "thead"
                | "title"
                | "tr"
        )
}

/// What ends an open paragraph by beginning.
fn ends_paragraph(name: &str) -> bool {
    is_heading(name)
        || matches!(
            name,
            "address"
                | "article"
                | "aside"
                | "blockquote"
                | "center"
                | "dd"
                | "details"
                | "dialog"
                | "dir"
                | "div"
                | "dl"
                | "dt"
                | "fieldset"
                | "figcaption"
                | "figure"
                | "footer"
                | "form"
                | "header"
                | "hgroup"
                | "hr"
                | "li"
                | "listing"
                | "main"
                | "menu"
                | "nav"
                | "ol"
                | "p"
                | "plaintext"
                | "pre"
                | "search"
                | "section"
                | "summary"
                | "table"
                | "ul"
                | "xmp"
        )
}
