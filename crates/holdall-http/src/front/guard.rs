//! The checks in front of every route: who is addressed (`Host`), and which page is asking (`Origin`).
//!
//! They stop DNS rebinding: a page whose name suddenly resolves to this machine sends its own name as `Host`, and
//! its own address as `Origin`. An empty list allows nothing beyond the server itself.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};

use super::refusal::Refusal;

/// Which hosts and origins this server answers to.
pub(crate) struct Guard {
    /// Further host names, lower case, with or without a port.
    hosts: Vec<String>,
    /// Origins beside the server's own: `scheme://host[:port]`, lower case.
    origins: Vec<String>,
}

impl Guard {
    pub(crate) fn new(hosts: &[String], origins: &[String]) -> Self {
        let lower = |list: &[String]| {
            list.iter()
                .map(|entry| entry.trim_end_matches('/').to_lowercase())
                .collect()
        };
        Self {
            hosts: lower(hosts),
            origins: lower(origins),
        }
    }

    /// Judges a request by its headers. `local` is the address of this machine its connection came to.
    pub(crate) fn check(&self, local: IpAddr, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.check_host(local.to_canonical(), uri, headers)?;
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) => self.check_origin(origin.as_bytes(), &host),
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
            "if the name is yours, start the server with --allow-host NAME",
        ))
    }

    fn is_listed(&self, authority: &Authority) -> bool {
        let with_port = authority.as_str().to_lowercase();
        let host = authority.host().to_lowercase();
        self.hosts
            .iter()
            .any(|listed| *listed == with_port || *listed == host)
    }

    /// A page may talk to the server it came from, and to others only if it is listed.
    fn check_origin(&self, origin: &[u8], host: &Authority) -> Result<(), Refusal> {
        let Ok(origin) = std::str::from_utf8(origin) else {
            return Err(wrong_origin("an `Origin` that is not text"));
        };
        let origin = origin.to_lowercase();
        let own = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()));
        if own || self.origins.contains(&origin) {
            return Ok(());
        }
        Err(wrong_origin(&format!(
            "pages from `{}`",
            origin.chars().take(200).collect::<String>()
        )))
    }
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
            .check(local.into(), &Uri::from_static("/mcp"), &map)
            .map_err(|refusal| refusal.kind)
    }

    #[test]
    fn loopback_answers_to_its_own_names_only() {
        let guard = Guard::new(&[], &[]);
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
        let guard = Guard::new(&hosts, &[]);
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
        let guard = Guard::new(&[], &["https://app.example/".to_owned()]);
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
}
