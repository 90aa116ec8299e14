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
             <p hidden>unseen, whose end may be left out<p>seen\
             <div style='display: none'>unseen</div><img alt=Cat src=cat.png><img src=pixel.gif></body>",
        );
        assert_eq!(document.title.as_deref(), Some("A & B"));
        insta::assert_snapshot!(document.markdown);
    }

    #[test]
    fn what_readers_do_not_see_is_left_out() {
        for html in [
            "<p hidden>X</p>",
            "<p hidden>X<p>seen",
            "<p hidden>X<div>seen</div>",
            "<div><p hidden>X</div>seen",
            "<div><p hidden>X</section>X</p>seen</div>",
            "<p><b hidden>X</p>X</b>seen",
            "<p hidden><b hidden>X</p>X</b>seen",
            "<b><p hidden>X</b>X</p>seen",
            "<span hidden><p>X</span>X</p>X</span>seen",
            "<label hidden>X</label>seen",
            "<x-note hidden/>X</x-note>seen",
            "<pre hidden>X</pre>seen",
            "<ul><li hidden>X<ul><li>X</ul>X<li>seen</ul>",
            "<dl><dt hidden>X<dd>seen</dl>",
            "<table><tr hidden><td>X<td>X<tr><td>seen</table>",
            "<table><tr><td hidden>X<td>seen</table>",
            "<table><tr><td><div hidden>X<td>seen</table>",
            "<table hidden><tr><td><table><td>X</table>X</table>seen",
            "<h1 style='display:none'>X</h1>seen",
            "<h2 hidden>X</h1>seen",
            "<p style='color: red; VISIBILITY : Hidden !important'>X</p>seen",
            "<p style='d\\69 splay:/* */none'>X</p>seen",
            "<p style='opacity:0'>X</p>seen",
            "<p style='opacity:.01'>X</p>seen",
            "<p style='opacity:0%'>X</p>seen",
            "<p style='font-size:0'>X</p>seen",
            "<p style='font-size: 1px'><i>X</i></p>seen",
            "<td style='font-size:0px'>X<div style='font-size:16px'>seen</div>X",
            "<p style='content-visibility:hidden'>X</p>seen",
            "<div popover>X</div>seen",
            "<datalist><option>X</datalist>seen",
            "<img hidden alt=X src=x.png>seen",
            "<div hidden><img alt=X src=x.png><br><hr><title>X</title><h1>X</h1></div>seen",
            "<div hidden><div>X</div><nav>X</nav>X</div>seen",
            "<a hidden href=/>X<a>seen",
        ] {
            let markdown = of(html).markdown;
            assert!(!markdown.contains('X'), "{html}: {markdown}");
            assert!(
                markdown.contains("seen") || !html.contains("seen"),
                "{html}: {markdown}"
            );
        }
        assert_eq!(of("a<p hidden>X<p>b").markdown, "a\n\nb");
        assert_eq!(of("<p>a<p hidden>X</p>b").markdown, "a\n\nb");
    }

    #[test]
    fn what_readers_see_is_not_left_out() {
        for html in [
            "<div style='display:block;opacity:1;visibility:visible;font-size:small'>seen</div>",
            "<p style='font-size:.8em'>seen",
            "<p style='opacity:50%'>seen",
            "<p hidden=until-found>seen",
            "<i aria-hidden=true>seen</i>",
            "<body style='opacity:0'>seen",
            "<input hidden>seen",
            "<p title='display:none'>seen",
            "<details><summary>more</summary>seen</details>",
        ] {
            assert!(of(html).markdown.contains("seen"), "{html}");
        }
    }

    #[test]
    fn what_is_too_deep_loses_no_lines_and_gains_none() {
        let deep = format!("{}<p>a</p><p>b</p>{}", "<div>".repeat(70), "</div>".repeat(70));
        assert_eq!(of(&deep).markdown, "a\\\nb");
        let text = of(&format!("{}x", "<div>".repeat(100_000))).markdown;
        assert_eq!(text, "x");
    }

    #[test]
    fn the_description_of_a_picture_stays_one() {
        let markdown = of(r#"<img src="i.png" alt="pic](http://evil) \ [a&#10;b">"#).markdown;
        assert_eq!(
            markdown,
            r"![pic\](http://evil) \\ \[a b](https://example.com/a/i.png)"
        );
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
