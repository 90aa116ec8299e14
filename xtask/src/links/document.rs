//! What a Markdown file links to, and which anchors it offers.

use std::collections::HashMap;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

/// Links within HTML.
static HTML_LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:href|src|srcset)\s*=\s*["']([^"']+)["']"#).expect("the pattern is valid")
});
/// Anchors within HTML.
static HTML_ANCHOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:id|name)\s*=\s*["']([^"']+)["']"#).expect("the pattern is valid")
});

/// A link as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) target: String,
    /// Line of the document, from 1.
    pub(super) line: usize,
}

/// The links and anchors of a Markdown file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) links: Vec<Link>,
    /// Anchors of headings, as GitHub writes them, and those set in HTML.
    pub(super) anchors: Vec<String>,
}

impl Document {
    /// Reads a Markdown file.
    pub(super) fn read(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM;
        let mut document = Self::default();
        let mut heading: Option<String> = None;
        let mut seen = HashMap::new();
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            let line = 1 + text[..range.start].matches('\n').count();
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(Link {
                        target: dest_url.into_string(),
                        line,
                    });
                }
                Event::Html(html) | Event::InlineHtml(html) => document.html(&html, line),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document
                        .anchors
                        .extend(heading.take().map(|title| numbered(anchor(&title), &mut seen)));
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some(title) = &mut heading {
                        title.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        document
    }

    fn html(&mut self, html: &str, line: usize) {
        let captured = |pattern: &Regex| -> Vec<String> {
            pattern
                .captures_iter(html)
                .map(|captures| captures[1].to_owned())
                .collect()
        };
        self.links.extend(
            captured(&HTML_LINK)
                .into_iter()
                .map(|target| Link { target, line }),
        );
        self.anchors.extend(captured(&HTML_ANCHOR));
    }
}

/// The anchor GitHub gives a heading.
fn anchor(title: &str) -> String {
    let kept = title
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c })
        .collect::<String>()
        .to_lowercase()
}

/// The anchor with the number GitHub adds to the second heading of that name, and to those after it.
fn numbered(anchor: String, seen: &mut HashMap<String, usize>) -> String {
    let count = seen.entry(anchor.clone()).or_insert(0);
    *count += 1;
    if *count == 1 {
        anchor
    } else {
        format!("{anchor}-{}", *count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_github() {
        let text = "# Hello, World!\n\n## `holdall serve` & flags\n\n## Größe\n\n## 1. Start_here\n\n## Größe\n\n<a id=\"mine\"></a>\n";
        assert_eq!(
            Document::read(text).anchors,
            [
                "hello-world",
                "holdall-serve--flags",
                "größe",
                "1-start_here",
                "größe-1",
                "mine"
            ]
        );
    }

    #[test]
    fn links_carry_their_lines() {
        let text = "[one](a.md)\n\n| table |\n| --- |\n| [two](b.md) |\n";
        let expected = [
            Link {
                target: "a.md".into(),
                line: 1,
            },
            Link {
                target: "b.md".into(),
                line: 5,
            },
        ];
        assert_eq!(Document::read(text).links, expected);
    }
}
