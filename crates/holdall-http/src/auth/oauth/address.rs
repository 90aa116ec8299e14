//! Addresses that credentials and keys may travel to and come from, and those of this server.

use http::Uri;

/// Reads an address that may be trusted: `https`, or `http` to this very machine.
pub(crate) fn trusted(what: &str, text: &str) -> Result<Uri, String> {
    let wrong = |problem: &str| format!("{what} `{}` {problem}", text.escape_debug());
    let uri: Uri = text
        .parse()
        .map_err(|_| wrong("is no address: write https://HOST/PATH"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong("is no whole address: write https://HOST/PATH"));
    };
    if authority.as_str().contains('@') || text.contains('#') {
        return Err(wrong("has a user or a fragment: leave that out"));
    }
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    let here = host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address: std::net::IpAddr| address.to_canonical().is_loopback());
    match scheme {
        "https" => Ok(uri),
        "http" if here => Ok(uri),
        _ => Err(wrong("is not encrypted: use https, or http on this machine only")),
    }
}

/// The addresses by which clients know this server.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// Without a slash at the end.
    pub(crate) base: String,
}

impl Own {
    pub(crate) fn parse(public_url: &str) -> Result<Self, String> {
        let base = public_url.trim_end_matches('/');
        let uri = trusted("the public URL", base)?;
        if uri.query().is_some() {
            return Err(format!("the public URL `{base}` has a query: leave that out"));
        }
        Ok(Self {
            base: base.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_or_stays_here_is_trusted() {
        for good in [
            "https://login.example",
            "https://login.example:8443/tenant",
            "http://127.0.0.1:3000",
            "http://localhost/x",
            "http://[::1]:3000/jwks",
        ] {
            assert!(trusted("it", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login.example",
            "/path",
            "http://login.example",
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "ftp://localhost",
            "https://user@login.example",
            "https://login.example/#x",
        ] {
            assert!(trusted("it", bad).is_err(), "{bad}");
        }
    }
}
