//! From HTML to Markdown, in two steps: [`sieve`](super::sieve) makes plain, balanced HTML of whatever a page is, and
//! `htmd` makes Markdown of that. What it is given is never deep and never wrong, whatever a page tries.

use htmd::HtmlToMarkdown;
use htmd::options::{BrStyle, BulletListMarker, HrStyle, Options};

use super::sieve::{self, Sifted};
use crate::outbound::Url;

/// What a page says.
pub(super) struct Document {
    pub(super) title: Option<String>,
    pub(super) markdown: String,
}

/// Makes Markdown of a page. `None` if that takes too long.
pub(super) fn markdown(html: &str, page: &Url) -> Option<Document> {
    let Sifted { title, html } = sieve::sift(html, page)?;
    let options = Options {
        bullet_list_marker: BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        br_style: BrStyle::Backslash,
        hr_style: HrStyle::Dashes,
        ..Options::default()
    };
    let converter = HtmlToMarkdown::builder().options(options).build();
    // It reads from memory, which does not fail.
    let markdown = converter.convert(&html).ok()?;
    Some(Document { title, markdown })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> Document {
        let page = Url::parse("https://example.com/a/b.html").expect("an address");
        markdown(html, &page).expect("it is small")
    }

    #[test]
    fn a_page_becomes_markdown() {
        let document = of(
            "<!DOCTYPE html><html><head><title>A &amp; B</title><style>p{}</style></head><body>\
             <nav><a href=/x>Menu</a></nav><h1>Hello</h1><p>One <b>bold</b> and <i>slanted</i>\
             <a href='../c?x=1&amp;y=2'>link</a>.<p>Two<br>lines<ul><li>a<li>b</ul>\
             <script>alert('<p>no</p>')</script><pre><code class=\"language-rust\">fn a() {\n    b &lt; c\n}</code></pre>\
             <table><tr><th>k<th>v<tr><td>1<td>2</table><blockquote>said</blockquote><hr>\
             <p hidden>unseen is kept where its end may be left out</p>\
             <div style='display: none'>unseen</div><img alt=Cat src=cat.png><img src=pixel.gif></body>",
        );
        assert_eq!(document.title.as_deref(), Some("A & B"));
        insta::assert_snapshot!(document.markdown);
    }

    #[test]
    fn tables_within_tables_are_text() {
        let document = of("<table><tr><td>a<table><tr><td>b<td>c<tr><td>d</table>e<tr><td>f</table>g");
        assert_eq!(document.markdown, "a\n\nb c\\\n d\n\ne\n\nf\n\ng");
    }

    #[test]
    fn what_wants_to_exhaust_does_not() {
        let many = 50_000;
        for html in [
            "<div>".repeat(many),
            "<b>".repeat(many),
            "<ul><li>".repeat(many),
            "<table><tr><td>".repeat(many),
            format!("<table>{}", "<tr><td>x".repeat(many)),
            format!("<table><tr>{}", "<td>x".repeat(many)),
            format!(
                "<table><tr><td><table>{}</table><tr><td>",
                "<tr><td>x".repeat(many)
            ),
            "<blockquote>x".repeat(many),
            "<a href=x><p>".repeat(many),
            format!("{}{}", "<b><i><code>".repeat(100), "<p>x".repeat(many)),
            "<b>x</b>".repeat(many),
            "<code>x</code>".repeat(many),
            "<em>x</em><strong>y</strong>".repeat(many),
            "</div></p></b>".repeat(many),
            "<p>x".repeat(many),
            "<li>x".repeat(many),
            "<!--".repeat(many),
            "<![CDATA[".repeat(many),
            "&amp".repeat(many),
            "<svg><math><title>".repeat(many),
            "<select><option>".repeat(many),
            "<".repeat(many),
            "x ".repeat(many),
            "*_`[".repeat(many),
            "\n".repeat(many),
            "<pre>\n".repeat(many),
            "<br>".repeat(many),
        ] {
            let start: String = html.chars().take(30).collect();
            let page = Url::parse("https://example.com/").expect("an address");
            // Either is fine: Markdown, or a word that it is too much.
            if let Some(document) = markdown(&html, &page) {
                assert!(
                    document.markdown.len() <= 20 * html.len(),
                    "{start}: {} bytes",
                    document.markdown.len()
                );
            }
        }
    }
}
