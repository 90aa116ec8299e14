//! [`PublicUrl`]: where clients find the server.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;
use serde::{Deserialize, Serialize};

/// Where clients find the server, which behind a proxy is not where it listens: `https://notes.example`, or with a path
/// where a proxy puts the server below one.
///
/// ```
/// use holdall_http::PublicUrl;
///
/// let url: PublicUrl = "https://Notes.example/tools/".parse().expect("it is right");
/// assert_eq!(url.to_string(), "https://notes.example/tools");
/// assert_eq!(url.origin(), "https://notes.example");
/// assert_eq!(url.at("/mcp"), "https://notes.example/tools/mcp");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl {
    secure: bool,
    authority: Authority,
    /// Empty, or beginning but not ending with `/`.
    path: String,
}

/// What is not the URL of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not where clients can find a server: {problem}; write it as https://notes.example")]
pub struct PublicUrlError {
    given: String,
    problem: &'static str,
}

impl PublicUrl {
    /// The host, with a port if it is not the usual one.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The origin, as browsers write it: `https://notes.example`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority)
    }

    /// Whether clients connect over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The path below which the server is found: empty, or beginning but not ending with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where clients find what is at `path`, which begins with `/`.
    pub fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = PublicUrlError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.to_string()
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| PublicUrlError {
            given: text.chars().take(200).collect(),
            problem,
        };
        if text.contains('#') {
            return Err(wrong("it has a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it does not begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it has a user name"));
        }
        if authority.host().is_empty() {
            return Err(wrong("it has no host"));
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        if authority.port_u16().is_none() && authority.as_str() != authority.host() {
            return Err(wrong("its port is no port"));
        }
        let host = authority.host().to_lowercase();
        let authority = match (authority.port_u16(), secure) {
            (None | Some(443), true) | (None | Some(80), false) => host,
            (Some(port), _) => format!("{host}:{port}"),
        };
        Ok(Self {
            secure,
            authority: authority.parse().map_err(|_| wrong("its host is no host"))?,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme(), self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_understood_as_browsers_do() {
        for (text, shown, origin, authority) in [
            (
                "https://notes.example",
                "https://notes.example",
                "https://notes.example",
                "notes.example",
            ),
            (
                "https://notes.example:443/",
                "https://notes.example",
                "https://notes.example",
                "notes.example",
            ),
            (
                "HTTP://A.example:8080/x/",
                "http://a.example:8080/x",
                "http://a.example:8080",
                "a.example:8080",
            ),
            (
                "http://[::1]:8000",
                "http://[::1]:8000",
                "http://[::1]:8000",
                "[::1]:8000",
            ),
        ] {
            let url: PublicUrl = text.parse().expect(text);
            assert_eq!(
                (url.to_string().as_str(), url.origin().as_str(), url.authority()),
                (shown, origin, authority)
            );
        }
    }

    #[test]
    fn what_is_no_public_url_is_told_why() {
        for (text, problem) in [
            ("notes.example", "begin with"),
            ("ftp://notes.example", "begin with"),
            ("https://", "no URL"),
            ("https://ada@notes.example", "user name"),
            ("https://notes.example?x=1", "query"),
            ("https://notes.example#x", "fragment"),
            ("https://notes.example:99999", "port"),
        ] {
            let error = text.parse::<PublicUrl>().expect_err(text).to_string();
            assert!(
                error.contains(problem) && error.contains("https://notes.example"),
                "{text}: {error}"
            );
        }
    }
}
