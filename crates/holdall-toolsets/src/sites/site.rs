//! From what people write to what is asked: URLs, hosts, and how both are shown.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::outbound::{Host, Url, harmless};

/// Characters of an address that is taken.
pub(super) const ADDRESS_CHARS_MAX: usize = 2048;
/// The template of the resource that is the history of a host.
pub(super) const HISTORY_TEMPLATE: &str = "sites://{host}/history";
/// What stands unescaped in the variable of that template: hosts and ports do, brackets do not.
const HOST: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// A site that is watched.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// What is asked.
    pub(super) url: Url,
    /// What it is called: its URL without the query, which may hold a key.
    pub(super) name: String,
    /// Its host, with the port unless it is the usual one.
    pub(super) host: String,
}

impl Site {
    /// Reads an entry of the configuration.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = parse_url(text)?;
        Ok(Self {
            name: shown(&url),
            host: authority(&url),
            url,
        })
    }

    /// What can be said of a text that is no URL: nothing that may be a password.
    pub(super) fn harmless(text: &str) -> String {
        plain(&harmless(text), 80)
    }

    /// The URI of the resource with its history.
    pub(super) fn history_uri(&self) -> String {
        history_uri(&self.host)
    }
}

/// The URI of the history of a host.
pub(super) fn history_uri(host: &str) -> String {
    HISTORY_TEMPLATE.replace("{host}", &utf8_percent_encode(host, HOST).to_string())
}

/// Reads a URL as people write it: `example.com` is `https://example.com/`.
pub(super) fn parse_url(text: &str) -> Result<Url, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty; give a URL such as https://example.com/".to_owned());
    }
    if text.chars().count() > ADDRESS_CHARS_MAX {
        return Err(format!("it has more than {ADDRESS_CHARS_MAX} characters"));
    }
    let whole = match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    };
    let mut url = Url::parse(&whole)
        .map_err(|error| format!("it is no URL ({error}); give one such as https://example.com/"))?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = plain(url.scheme(), 40);
        return Err(format!(
            "the scheme `{scheme}` is not checked; http and https are"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password; leave that out, nothing is signed in to".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

/// Reads a host, or the URL of something on it, whose port then counts unless another was given.
pub(super) fn parse_host(text: &str, port: Option<u16>) -> Result<(Host, u16), String> {
    let text = text.trim();
    // An address of version 6 may come without brackets.
    let bare = text.parse::<std::net::Ipv6Addr>().ok();
    let url = match bare {
        Some(address) => parse_url(&format!("https://[{address}]/"))?,
        None => parse_url(text)?,
    };
    let host = url.host().ok_or("it names no host")?.to_owned();
    let port = port.or_else(|| url.port()).unwrap_or(HTTPS_PORT);
    Ok((host, port))
}

/// Where TLS is expected if nothing else is said.
pub(super) const HTTPS_PORT: u16 = 443;

/// The host of a URL, with the port unless it is the usual one.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A URL for people: a query may hold a key, and is left out.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_fragment(None);
    let asks = url.query().is_some_and(|query| !query.is_empty());
    shown.set_query(asks.then_some("…"));
    // What a URL escapes is not meant as an escape here.
    plain(&shown.as_str().replace("%E2%80%A6", "…"), ADDRESS_CHARS_MAX)
}

/// A text of somebody else on one line: no control characters, none that change the direction of writing, not longer
/// than `most` characters.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut plain: String = text
        .chars()
        .map(|one| if is_plain(one) { one } else { '\u{fffd}' })
        .take(most)
        .collect();
    if text.chars().nth(most).is_some() {
        plain.push('…');
    }
    plain
}

fn is_plain(one: char) -> bool {
    let hidden = matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}');
    !one.is_control() && !hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_less_than_a_url() {
        for (text, expected) in [
            ("example.com", "https://example.com/"),
            (" http://example.com ", "http://example.com/"),
            ("EXAMPLE.com:8443/a#b", "https://example.com:8443/a"),
            ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
            ("https://0x7f.1/", "https://127.0.0.1/"),
            ("[::1]:80", "https://[::1]:80/"),
        ] {
            assert_eq!(parse_url(text).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let long = "a".repeat(ADDRESS_CHARS_MAX + 1);
        for text in [
            "",
            "   ",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://ada:hunter2@example.com/",
            "https://ada@example.com/",
            "https://",
            "https://exa mple.com/",
            "https://example.com:99999/",
            "https://[::1/",
            "https://999.1.1.1/",
            &long,
        ] {
            let problem = parse_url(text).expect_err(text);
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn hosts_come_in_many_forms() {
        let read = |text, port| parse_host(text, port).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(read("example.com", None).unwrap(), "example.com 443");
        assert_eq!(read("example.com:8443", None).unwrap(), "example.com 8443");
        assert_eq!(
            read("https://example.com:8443/a", Some(9)).unwrap(),
            "example.com 9"
        );
        assert_eq!(read("::1", None).unwrap(), "[::1] 443");
        assert_eq!(read("[::1]:8443", None).unwrap(), "[::1] 8443");
        assert_eq!(read("bücher.example", None).unwrap(), "xn--bcher-kva.example 443");
        assert!(read("", None).is_err());
        assert!(read("a b", None).is_err());
    }

    #[test]
    fn names_hold_no_query_and_uris_no_brackets() {
        let site = Site::parse("https://[::1]:8443/health?key=hunter2").unwrap();
        assert_eq!(site.name, "https://[::1]:8443/health?…");
        assert_eq!(site.history_uri(), "sites://%5B::1%5D:8443/history");
        assert_eq!(
            Site::parse("http://a.example").unwrap().history_uri(),
            "sites://a.example/history"
        );
    }

    #[test]
    fn texts_of_others_stay_on_their_line() {
        assert_eq!(
            plain("a\nb\u{202e}c\u{1b}[31m", 80),
            "a\u{fffd}b\u{fffd}c\u{fffd}[31m"
        );
        assert_eq!(plain("abcdef", 3), "abc…");
        assert_eq!(Site::harmless("https://ada:hunter2@x y/?key=1"), "https://x y/");
        assert_eq!(Site::harmless("ada:hunter2@x"), "x");
    }
}
