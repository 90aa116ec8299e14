//! [`HostPattern`]: which hosts an operator means.

use std::fmt;
use std::str::FromStr;

use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

/// A host or several: `example.com`, `*.example.com` (below it, not itself), `example.com:8443`,
/// `http://localhost:3000`, or `*` for every host.
///
/// Without a port it means the one its scheme has by default; without a scheme, `http` as well as `https`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, with = "String")]
pub struct HostPattern(Pattern);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Every,
    These {
        scheme: Option<&'static str>,
        below: bool,
        host: Host,
        port: Option<u16>,
    },
}

/// A text that names no host.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` names no host: write example.com, *.example.com, example.com:8443, http://localhost:3000 or *"
)]
pub struct InvalidHostPattern {
    text: String,
}

impl HostPattern {
    /// Whether it is `*`.
    pub fn is_every(&self) -> bool {
        self.0 == Pattern::Every
    }

    /// Whether the operator wrote `http://` in front: what goes there may go unencrypted.
    pub fn allows_plain(&self) -> bool {
        matches!(
            self.0,
            Pattern::These {
                scheme: Some("http"),
                ..
            }
        )
    }

    /// Whether `url` leads there.
    pub fn matches(&self, url: &Url) -> bool {
        let Pattern::These {
            scheme,
            below,
            host,
            port,
        } = &self.0
        else {
            return true;
        };
        scheme.is_none_or(|scheme| scheme == url.scheme())
            && url.port() == port_of(url, *port)
            && is_host_of(url, *below, host)
    }

    /// Whether `url` leads to a host that is meant, by whatever scheme and port.
    #[cfg(feature = "fetch")]
    pub(crate) fn names_host_of(&self, url: &Url) -> bool {
        match &self.0 {
            Pattern::These { below, host, .. } => is_host_of(url, *below, host),
            Pattern::Every => false,
        }
    }
}

fn is_host_of(url: &Url, below: bool, host: &Host) -> bool {
    match (url.host(), host) {
        (Some(Host::Domain(name)), Host::Domain(meant)) => {
            // A dot at the end makes no other host of it.
            let (name, meant) = (name.trim_end_matches('.'), meant.trim_end_matches('.'));
            match below {
                false => name == meant,
                true => name
                    .strip_suffix(meant)
                    .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
            }
        }
        (Some(Host::Ipv4(address)), Host::Ipv4(meant)) => address == *meant,
        (Some(Host::Ipv6(address)), Host::Ipv6(meant)) => address == *meant,
        _ => false,
    }
}

/// The port as a parsed address shows it: none where it is that of the scheme.
fn port_of(url: &Url, port: Option<u16>) -> Option<u16> {
    let default = match url.scheme() {
        "http" => 80,
        _ => 443,
    };
    port.filter(|port| *port != default)
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidHostPattern {
            text: text.chars().take(100).collect(),
        };
        if text == "*" {
            return Ok(Self(Pattern::Every));
        }
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Some("http"), rest),
            Some(("https", rest)) => (Some("https"), rest),
            Some(_) => return Err(wrong()),
            None => (None, text),
        };
        let (below, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().map_err(|_| wrong())?)),
            _ => (rest, None),
        };
        let host = Host::parse(host).map_err(|_| wrong())?;
        let is_name = |name: &str| {
            // A dot may stand at the end, and nowhere two.
            let name = name.strip_suffix('.').unwrap_or(name);
            !name.contains('*') && name.split('.').all(|label| !label.is_empty())
        };
        let is_name = matches!(&host, Host::Domain(name) if is_name(name));
        if (below || matches!(host, Host::Domain(_))) && !is_name {
            return Err(wrong());
        }
        Ok(Self(Pattern::These {
            scheme,
            below,
            host,
            port,
        }))
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHostPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pattern::These {
            scheme,
            below,
            host,
            port,
        } = &self.0
        else {
            return f.write_str("*");
        };
        if let Some(scheme) = scheme {
            write!(f, "{scheme}://")?;
        }
        if *below {
            f.write_str("*.")?;
        }
        write!(f, "{host}")?;
        port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_the_hosts_they_name() {
        for (pattern, url, expected) in [
            ("*", "http://anything.example:8080/", true),
            ("example.com", "https://example.com/x", true),
            ("example.com", "http://example.com/", true),
            ("example.com.", "http://example.com/", true),
            ("EXAMPLE.com", "https://example.COM./", true),
            ("example.com", "https://example.com:8443/", false),
            ("example.com", "https://www.example.com/", false),
            ("example.com", "https://example.com.evil.example/", false),
            ("example.com", "https://notexample.com/", false),
            ("*.example.com", "https://www.example.com/", true),
            ("*.example.com", "https://a.b.example.com/", true),
            ("*.example.com", "https://example.com/", false),
            ("*.example.com", "https://.example.com/", false),
            ("*.example.com", "https://notexample.com/", false),
            ("example.com:8443", "https://example.com:8443/", true),
            ("example.com:8443", "https://example.com/", false),
            ("example.com:443", "https://example.com/", true),
            ("https://example.com", "http://example.com/", false),
            ("https://example.com", "https://example.com/", true),
            ("http://localhost:3000", "http://localhost:3000/", true),
            ("127.0.0.1:80", "http://0x7f.1/", true),
            ("127.0.0.1", "http://localhost/", false),
            ("[::1]:8080", "http://[0::1]:8080/", true),
            ("[::1]", "http://[::ffff:127.0.0.1]/", false),
            ("bücher.example", "https://xn--bcher-kva.example/", true),
        ] {
            let pattern: HostPattern = pattern.parse().expect(pattern);
            let url = Url::parse(url).expect(url);
            assert_eq!(pattern.matches(&url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn what_names_no_host_is_no_pattern() {
        for text in [
            "",
            "*.",
            "*..",
            "*..com",
            "a..example",
            "example.com..",
            "**",
            "a*b.example",
            "*.*.example",
            "ftp://example.com",
            "example.com/path",
            "user@example.com",
            "example.com:99999",
            "example.com:",
            "*.127.0.0.1",
            "exa mple.com",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn patterns_are_written_as_they_are_read() {
        for text in ["*", "example.com", "*.example.com:8443", "http://[::1]:3000"] {
            assert_eq!(text.parse::<HostPattern>().expect(text).to_string(), text);
        }
    }
}
