//! The checks in front of every route: who is addressed (`Host`), and which page is asking (`Origin`).
//!
//! They stop DNS rebinding: a page whose name suddenly resolves to this machine sends its own name as `Host`, and
//! its own address as `Origin`. An empty list allows nothing beyond the server itself.

use std::net::{IpAddr, Ipv4Addr};

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use super::refusal::Refusal;
use crate::public_url::PublicUrl;

/// Which hosts and origins this server answers to.
pub(crate) struct Guard {
    /// Further host names, lower case, with or without a port.
    hosts: Vec<String>,
    /// Origins beside the server's own: `scheme://host[:port]`, lower case.
    origins: Vec<String>,
}

impl Guard {
    /// Where clients find the server is its own name and its own page.
    pub(crate) fn new(hosts: &[String], origins: &[String], public: Option<&PublicUrl>) -> Self {
        let lower = |entry: &String| entry.trim_end_matches('/').to_lowercase();
        let public_host = public.map(|url| url.authority().to_owned());
        let public_origin = public.map(PublicUrl::origin);
        Self {
            hosts: hosts.iter().map(lower).chain(public_host).collect(),
            origins: origins.iter().map(lower).chain(public_origin).collect(),
        }
    }

    /// Whether pages of any other origin may ask.
    pub(crate) fn lists_origins(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Judges a request by its headers, and says which page asks if it is one of the list. `local` is the address of
    /// this machine its connection came to; none for a Unix socket, which only this machine can reach.
    pub(crate) fn check(
        &self,
        local: Option<IpAddr>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Refusal> {
        let local = local.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |local| local.to_canonical());
        let host = self.check_host(local, uri, headers)?;
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(None),
            (Some(origin), None) => {
                let listed = self.check_origin(origin.as_bytes(), &host)?;
                Ok(listed.then(|| origin.clone()))
            }
            (Some(_), Some(_)) => Err(wrong_origin("several `Origin` headers")),
        }
    }

    fn check_host(&self, local: IpAddr, uri: &Uri, headers: &HeaderMap) -> Result<Authority, Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let authority = match (hosts.next(), hosts.next(), uri.authority()) {
            (Some(host), None, _) => Authority::try_from(host.as_bytes()).ok(),
            (None, None, Some(authority)) => Some(authority.clone()),
            _ => None,
        };
        let Some(authority) = authority.filter(|authority| !authority.as_str().contains('@')) else {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "bad_host",
                "the request has no usable `Host` header",
                "send exactly one `Host`, as HTTP/1.1 demands",
            ));
        };
        if is_own(local, authority.host()) || self.is_listed(&authority) {
            return Ok(authority);
        }
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "forbidden_host",
            format!("this server does not answer to the host `{authority}`"),
            "if the name is yours, start the server with --public-url URL or --allow-host NAME",
        ))
    }

    fn is_listed(&self, authority: &Authority) -> bool {
        let with_port = authority.as_str().to_lowercase();
        let host = authority.host().to_lowercase();
        self.hosts
            .iter()
            .any(|listed| *listed == with_port || *listed == host)
    }

    /// A page may talk to the server it came from, and to others only if it is listed, which is what is told.
    fn check_origin(&self, origin: &[u8], host: &Authority) -> Result<bool, Refusal> {
        let Ok(origin) = std::str::from_utf8(origin) else {
            return Err(wrong_origin("an `Origin` that is not text"));
        };
        let origin = origin.to_lowercase();
        let own = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()));
        let listed = self.origins.contains(&origin);
        if own || listed {
            return Ok(listed);
        }
        Err(wrong_origin(&format!(
            "pages from `{}`",
            origin.chars().take(200).collect::<String>()
        )))
    }
}

/// Whether this is what a client could send as the host, apart from its case.
pub(crate) fn is_host(text: &str) -> bool {
    let authority = Authority::try_from(text.trim_end_matches('/'));
    authority.is_ok_and(|authority| !authority.host().is_empty() && !authority.as_str().contains(['@', '*']))
}

/// Whether this is what a browser could send as the origin of a page, apart from its case.
pub(crate) fn is_origin(text: &str) -> bool {
    let text = text.trim_end_matches('/');
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let named = |character: char| character.is_ascii_alphanumeric() || "+-.".contains(character);
    let authority = Authority::try_from(authority);
    !scheme.is_empty()
        && scheme.chars().all(named)
        && authority.is_ok_and(|authority| {
            let text = authority.as_str();
            !authority.host().is_empty() && !text.contains(['@', '*'])
        })
}

/// The server's own names: the literal address the connection came to, and on loopback all that lead there. No page of
/// another name can have them.
fn is_own(local: IpAddr, host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return local.is_loopback();
    }
    match host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
    {
        Ok(address) => address.to_canonical() == local || (local.is_loopback() && address.is_loopback()),
        Err(_) => false,
    }
}

fn wrong_origin(what: &str) -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "forbidden_origin",
        format!("this server does not answer to {what}"),
        "if the page is yours, start the server with --allow-origin SCHEME://HOST[:PORT]",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

    fn judge(guard: &Guard, local: [u8; 4], headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = http::HeaderName::try_from(*name).expect("a header name");
            map.append(name, value.parse().expect("a header value"));
        }
        guard
            .check(Some(local.into()), &Uri::from_static("/mcp"), &map)
            .map(|_| ())
            .map_err(|refusal| refusal.kind)
    }

    #[test]
    fn loopback_answers_to_its_own_names_only() {
        let guard = Guard::new(&[], &[], None);
        for host in [
            "127.0.0.1:8000",
            "localhost",
            "LOCALHOST:8000",
            "[::1]:8000",
            "127.9.9.9",
        ] {
            assert_eq!(judge(&guard, LOOPBACK, &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "0.0.0.0",
        ] {
            assert_eq!(
                judge(&guard, LOOPBACK, &[("host", host)]),
                Err("forbidden_host"),
                "{host}"
            );
        }
        for headers in [
            &[][..],
            &[("host", "a"), ("host", "localhost")],
            &[("host", "")],
            &[("host", "evil@localhost")],
        ] {
            assert_eq!(judge(&guard, LOOPBACK, headers), Err("bad_host"), "{headers:?}");
        }
    }

    #[test]
    fn listed_hosts_are_allowed_with_and_without_a_port() {
        let hosts = ["Notes.example".to_owned(), "other.example:444".to_owned()];
        let guard = Guard::new(&hosts, &[], None);
        for host in [
            "notes.example",
            "notes.example:8443",
            "other.example:444",
            "10.1.2.3",
        ] {
            assert_eq!(judge(&guard, [10, 1, 2, 3], &[("host", host)]), Ok(()), "{host}");
        }
        for host in ["other.example", "localhost", "127.0.0.1"] {
            assert_eq!(
                judge(&guard, [10, 1, 2, 3], &[("host", host)]),
                Err("forbidden_host"),
                "{host}"
            );
        }
    }

    #[test]
    fn only_the_servers_own_pages_and_listed_ones_may_ask() {
        let guard = Guard::new(&[], &["https://app.example/".to_owned()], None);
        let judge = |origin| {
            judge(
                &guard,
                LOOPBACK,
                &[("host", "127.0.0.1:8000"), ("origin", origin)],
            )
        };
        for origin in [
            "http://127.0.0.1:8000",
            "https://app.example",
            "HTTPS://APP.EXAMPLE",
        ] {
            assert_eq!(judge(origin), Ok(()), "{origin}");
        }
        for origin in [
            "http://127.0.0.1:3000",
            "http://localhost:8000",
            "https://app.example:8443",
            "https://evil.example",
            "null",
            "",
            "file://",
        ] {
            assert_eq!(judge(origin), Err("forbidden_origin"), "{origin}");
        }
    }
    #[test]
    fn the_public_url_is_a_name_and_a_page_of_the_servers_own() {
        let url = "https://notes.example/below".parse().expect("it is right");
        let guard = Guard::new(&[], &[], Some(&url));
        let host = ("host", "notes.example");
        for (headers, expected) in [
            (&[host][..], Ok(())),
            (&[host, ("origin", "https://notes.example")], Ok(())),
            (
                &[("host", "localhost"), ("origin", "https://notes.example")],
                Ok(()),
            ),
            (
                &[host, ("origin", "https://other.example")],
                Err("forbidden_origin"),
            ),
            (&[("host", "other.example")], Err("forbidden_host")),
        ] {
            assert_eq!(judge(&guard, LOOPBACK, headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn without_a_header_the_address_asked_for_says_who_is_addressed() {
        let guard = Guard::new(&[], &[], None);
        for (uri, expected) in [
            ("http://localhost:8000/mcp", None),
            ("http://127.0.0.1/mcp", None),
            ("http://evil.example/mcp", Some("forbidden_host")),
            ("http://evil@localhost/mcp", Some("bad_host")),
        ] {
            let outcome = guard.check(None, &Uri::from_static(uri), &HeaderMap::new());
            assert_eq!(outcome.err().map(|refusal| refusal.kind), expected, "{uri}");
        }
        // Where both are said the header counts, as for every other request.
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("evil.example"));
        let outcome = guard.check(None, &Uri::from_static("http://localhost/mcp"), &headers);
        assert!(outcome.is_err());
    }

    #[test]
    fn pages_are_on_the_list_or_there_is_none() {
        let url = "https://notes.example".parse().expect("it is right");
        for (origins, public, lists) in [
            (&[][..], None, false),
            (&["https://app.example".to_owned()], None, true),
            (&[], Some(&url), true),
        ] {
            let guard = Guard::new(&[], origins, public);
            assert_eq!(guard.lists_origins(), lists, "{origins:?} {public:?}");
        }
    }

    #[test]
    fn only_pages_on_the_list_are_named_to_be_answered() {
        let guard = Guard::new(&[], &["https://app.example".to_owned()], None);
        for (origin, expected) in [
            ("https://app.example", Some("https://app.example")),
            // The same host, yet perhaps not the same page: what came over plain HTTP anybody can have written.
            ("https://localhost:8000", None),
            ("http://localhost:8000", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("localhost:8000"));
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            let page = guard.check(None, &Uri::from_static("/mcp"), &headers);
            let page = page.expect("it may ask");
            assert_eq!(page.as_ref().map(|page| page.to_str().expect("text")), expected);
        }
    }

    #[test]
    fn a_unix_socket_answers_to_the_names_of_this_machine() {
        let guard = Guard::new(&[], &[], None);
        for (host, allowed) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("evil.example", false),
            ("10.0.0.1", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            let outcome = guard.check(None, &Uri::from_static("/mcp"), &headers);
            assert_eq!(outcome.is_ok(), allowed, "{host}");
        }
    }
    #[test]
    fn what_is_no_origin_is_told_apart() {
        for origin in [
            "https://app.example",
            "http://localhost:3000/",
            "HTTPS://[::1]:8",
            "vscode-webview://abc",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for other in [
            "*",
            "",
            "null",
            "app.example",
            "https://",
            "https://*.example",
            "https://a@b",
            "https://a/b",
            "://app.example",
            "a_b://app.example",
        ] {
            assert!(!is_origin(other), "{other}");
        }
    }
}
