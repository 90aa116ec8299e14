//! From the text of an address to one that may be asked: scheme, host and port.

use url::Url;

use super::error::OutboundError;

/// Longer addresses are not read.
const URL_BYTES_MAX: usize = 8 * 1024;

/// Ports at which something answers that is not HTTP, and might take a request for its own commands: those browsers
/// refuse, too (WHATWG Fetch, "bad port").
const PORTS_REFUSED: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// Reads the address of a page: `http` or `https`, as browsers read it (WHATWG URL), without its fragment.
///
/// # Errors
/// It is no such address, holds a user or a password, or leads to a port at which no web server is.
///
/// ```
/// use holdall_toolsets::outbound::parse_url;
///
/// assert_eq!(parse_url("HTTPS://Example.COM/a#b")?.as_str(), "https://example.com/a");
/// // Hosts written as numbers are what they mean, and are judged as that.
/// assert_eq!(parse_url("http://0x7f.1/")?.as_str(), "http://127.0.0.1/");
/// assert!(parse_url("file:///etc/passwd").is_err());
/// # Ok::<(), holdall_toolsets::outbound::OutboundError>(())
/// ```
pub fn parse_url(text: &str) -> Result<Url, OutboundError> {
    let wrong = |problem: String| OutboundError::InvalidUrl { problem };
    if text.len() > URL_BYTES_MAX {
        return Err(wrong(format!(
            "it has {} bytes, and {URL_BYTES_MAX} are read",
            text.len()
        )));
    }
    let url = Url::parse(text).map_err(|error| wrong(format!("{error}; write https://HOST/PATH")))?;
    judge_url(url)
}

/// What can be said of a text that is no address: nothing that may be a password or a key.
#[cfg(any(feature = "sites", feature = "web_search"))]
pub(crate) fn harmless(text: &str) -> String {
    let text = text.trim();
    let (scheme, rest) = text
        .split_once("://")
        .map_or(("", text), |(scheme, rest)| (scheme, rest));
    let (head, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let rest = match (head.rsplit_once('@'), query.contains('@')) {
        // A password may hold anything, and nobody can tell where it ends.
        (_, true) => "…",
        (Some((_, rest)), false) => rest,
        (None, false) => head,
    };
    match scheme {
        "" => rest.to_owned(),
        scheme => format!("{scheme}://{rest}"),
    }
}

/// Judges an address that was made of another, as that of a redirect.
pub(super) fn judge_url(mut url: Url) -> Result<Url, OutboundError> {
    let wrong = |problem: &str| OutboundError::InvalidUrl {
        problem: problem.to_owned(),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OutboundError::Scheme {
            scheme: url.scheme().to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user or a password: leave that out"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    if url.as_str().len() > URL_BYTES_MAX {
        return Err(wrong("it is too long"));
    }
    let port = url.port_or_known_default().expect("both schemes have one");
    if PORTS_REFUSED.binary_search(&port).is_ok() {
        return Err(OutboundError::Port { port });
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::PORTS_REFUSED;
    #[cfg(any(feature = "sites", feature = "web_search"))]
    use super::harmless;

    #[test]
    #[cfg(any(feature = "sites", feature = "web_search"))]
    fn what_may_be_a_password_is_not_repeated() {
        let long = format!("https://ada:{}hunter2@x/", "a".repeat(200));
        for (text, expected) in [
            ("https://ada:hunter2@x y/?key=1", "https://x y/"),
            ("ada:hunter2@x", "x"),
            ("https://ada:p@hunter2@x/", "https://x/"),
            ("https://ada:hun?ter2@x/", "https://…"),
            ("https://ada:hun#ter2@x/", "https://…"),
            (&long, "https://x/"),
            ("https://x/?mail=a@hunter2", "https://…"),
            ("ftp://x/a", "ftp://x/a"),
        ] {
            assert_eq!(harmless(text), expected);
        }
    }

    #[test]
    fn the_table_of_ports_can_be_searched() {
        assert!(PORTS_REFUSED.is_sorted());
    }
}
