//! From the bytes of an answer to text: what it is, its character set, and what of it may be shown.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Where a page says its own character set, it says so here at the latest (HTML, "prescan").
const PRESCAN_BYTES: usize = 1024;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Text,
    /// Nothing to read.
    Binary,
}

/// What the headers say of a body.
pub(super) struct Described {
    /// `text/html`, without parameters; empty if it is not said.
    pub(super) media_type: String,
    charset: Option<String>,
}

impl Described {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut parts = value.unwrap_or_default().split(';');
        let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let is_it = name.trim().eq_ignore_ascii_case("charset");
            is_it.then(|| value.trim().trim_matches('"').to_owned())
        });
        Self { media_type, charset }
    }

    /// What the body is: what is said of it, else what it looks like.
    pub(super) fn kind(&self, body: &[u8]) -> Kind {
        let media_type = self.media_type.as_str();
        let subtype = media_type.split_once('/').map_or("", |(_, subtype)| subtype);
        match media_type {
            "text/html" | "application/xhtml+xml" => Kind::Html,
            "" | "application/octet-stream" | "unknown/unknown" => guessed(body),
            _ if media_type.starts_with("text/") => Kind::Text,
            _ if subtype.ends_with("+json") || subtype.ends_with("+xml") || subtype.ends_with("+yaml") => {
                Kind::Text
            }
            _ if TEXTS.contains(&subtype) => Kind::Text,
            _ => Kind::Binary,
        }
    }

    /// The body as text. What its character set cannot mean becomes U+FFFD.
    pub(super) fn text(&self, body: &[u8], kind: Kind) -> String {
        let said = self
            .charset
            .as_deref()
            .and_then(|label| Encoding::for_label(label.as_bytes()));
        let encoding = said.or_else(|| (kind == Kind::Html).then(|| in_page(body)).flatten());
        let encoding = encoding.unwrap_or_else(|| match std::str::from_utf8(body) {
            Ok(_) => UTF_8,
            Err(_) => WINDOWS_1252,
        });
        // A byte order mark knows best.
        let (text, _, _) = encoding.decode(body);
        text.into_owned()
    }
}

/// Subtypes of `application` that are text.
const TEXTS: &[&str] = &[
    "ecmascript",
    "graphql",
    "javascript",
    "json",
    "ndjson",
    "sql",
    "toml",
    "x-javascript",
    "x-ndjson",
    "x-sh",
    "x-www-form-urlencoded",
    "x-yaml",
    "xml",
    "yaml",
];

fn guessed(body: &[u8]) -> Kind {
    let start = body[..body.len().min(PRESCAN_BYTES)].to_ascii_lowercase();
    let start = start.trim_ascii_start();
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        Kind::Html
    } else if std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0')) {
        Kind::Text
    } else {
        Kind::Binary
    }
}

/// What the page itself says: `<meta charset=…>`, or the same in `content`.
fn in_page(body: &[u8]) -> Option<&'static Encoding> {
    let start = body[..body.len().min(PRESCAN_BYTES)].to_ascii_lowercase();
    let start = String::from_utf8_lossy(&start);
    let found = start.match_indices("charset").find_map(|(at, word)| {
        let rest = start[at + word.len()..].trim_start().strip_prefix('=')?;
        let rest = rest.trim_start().trim_start_matches(['"', '\'']);
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '>' | '/'))
            .unwrap_or(rest.len());
        Encoding::for_label(&rest.as_bytes()[..end])
    })?;
    // Who could read that it is UTF-16 has read it as something else.
    Some(match found == UTF_16LE || found == UTF_16BE {
        true => UTF_8,
        false => found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn described(content_type: &str) -> Described {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_str(content_type).expect("a header"),
            );
        }
        Described::new(&headers)
    }

    #[test]
    fn character_sets_are_found_where_they_are_said() {
        for (content_type, body, expected) in [
            ("text/plain", "Grüße".as_bytes(), "Grüße"),
            ("text/plain; charset=ISO-8859-1", b"Gr\xfc\xdfe", "Grüße"),
            ("text/plain;Charset=\"utf-8\"", "Grüße".as_bytes(), "Grüße"),
            ("text/plain; charset=shift_jis", b"\x93\xfa\x96\x7b", "日本"),
            ("text/plain; charset=nonsense", b"Gr\xfc\xdfe", "Grüße"),
            ("text/plain", b"\x80 5", "€ 5"),
            ("text/plain; charset=utf-8", b"a\xffb", "a\u{fffd}b"),
            (
                "text/html",
                b"<meta charset=koi8-r>\xcd\xc9\xd2",
                "<meta charset=koi8-r>мир",
            ),
            (
                "text/html",
                b"<META content='text/html; charset = windows-1251'>\xec\xe8\xf0",
                "<META content='text/html; charset = windows-1251'>мир",
            ),
            (
                "text/html; charset=utf-8",
                b"<meta charset=koi8-r>\xd0\xbc",
                "<meta charset=koi8-r>м",
            ),
            (
                "text/html",
                b"<meta charset=utf-16>\xd0\xbc",
                "<meta charset=utf-16>м",
            ),
            ("text/plain; charset=koi8-r", b"\xef\xbb\xbf\xd0\xbc", "м"),
            ("text/plain", b"\xff\xfeh\0i\0", "hi"),
        ] {
            let described = described(content_type);
            let kind = described.kind(body);
            assert_eq!(described.text(body, kind), expected, "{content_type}");
        }
    }

    #[test]
    fn what_is_not_said_is_guessed() {
        for (content_type, body, expected) in [
            ("text/html; charset=x", &b""[..], Kind::Html),
            ("Application/XHTML+xml", b"", Kind::Html),
            ("", b"\n <!DOCTYPE html><p>", Kind::Html),
            ("", b"plain", Kind::Text),
            ("", b"\0\x01", Kind::Binary),
            ("application/octet-stream", b"plain", Kind::Text),
            ("application/octet-stream", b"\x89PNG\r\n\x1a\n\0", Kind::Binary),
            ("application/problem+json", b"", Kind::Text),
            ("application/json", b"", Kind::Text),
            ("application/rss+xml", b"", Kind::Text),
            ("text/csv", b"", Kind::Text),
            ("image/svg+xml", b"", Kind::Text),
            ("image/png", b"plain", Kind::Binary),
            ("application/pdf", b"%PDF", Kind::Binary),
        ] {
            assert_eq!(described(content_type).kind(body), expected, "{content_type}");
        }
    }
}
