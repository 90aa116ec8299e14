//! The one credential of a request, and what form it has. Its form alone decides who judges it.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use percent_encoding::percent_decode_str;

use super::tokens::{PREFIX, holds_token};
use crate::front::refusal::Refusal;

/// Longer credentials are refused unread: signed tokens with many claims have some 4 KiB.
const CREDENTIAL_BYTES_MAX: usize = 8 * 1024;

/// What people put into addresses where a header belongs.
const IN_QUERIES: [&str; 5] = ["access_token", "token", "api_key", "apikey", "authorization"];

/// A credential, by its form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    /// `hold_…`: made by this program.
    Token(&'a str),
    /// `NAME:KEY`: chosen by somebody.
    Key { name: &'a str, key: &'a str },
    /// Three parts with dots between them: signed by an authorization server.
    #[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "judged by OAuth alone"))]
    Signed(&'a str),
    /// Anything else that came as a bearer token: means something to an authorization server alone.
    #[cfg_attr(not(feature = "oauth"), allow(dead_code, reason = "judged by OAuth alone"))]
    Opaque(&'a str),
}

impl<'a> Credential<'a> {
    /// The credential of a request; `None` if it brings none.
    ///
    /// # Errors
    /// If there are several, or one that is malformed, or of a kind nobody here takes.
    pub(crate) fn of(headers: &'a HeaderMap, key_header: &HeaderName) -> Result<Option<Self>, Refusal> {
        let mut given = headers
            .get_all(AUTHORIZATION)
            .iter()
            .map(|value| (true, value))
            .chain(headers.get_all(key_header).iter().map(|value| (false, value)));
        let Some((in_authorization, value)) = given.next() else {
            return Ok(None);
        };
        if given.next().is_some() {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "several_credentials",
                "the request brings several credentials",
                format!("send one, in `Authorization: Bearer …` or in `{key_header}`"),
            ));
        }
        let text = readable(value)?;
        if in_authorization {
            Ok(Some(Self::by_form(bearer(text)?)))
        } else {
            match Self::by_form(text) {
                key @ (Self::Token(_) | Self::Key { .. }) => Ok(Some(key)),
                _ => Err(malformed(&format!(
                    "`{key_header}` holds neither a token nor a key"
                ))),
            }
        }
    }

    fn by_form(text: &'a str) -> Self {
        if text.starts_with(PREFIX) {
            return Self::Token(text);
        }
        if let Some((name, key)) = text.split_once(':') {
            return Self::Key { name, key };
        }
        if text.bytes().filter(|byte| *byte == b'.').count() == 2 {
            return Self::Signed(text);
        }
        Self::Opaque(text)
    }
}

/// Refuses credentials in addresses: those end in logs, histories and other pages' `Referer`.
pub(crate) fn check_query(uri: &Uri) -> Result<(), Refusal> {
    let Some(query) = uri.query() else {
        return Ok(());
    };
    let names = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or(pair));
    for name in names {
        if let Some(known) = IN_QUERIES.iter().find(|known| name.eq_ignore_ascii_case(known)) {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "credential_in_address",
                format!("the address holds a credential, as `{known}`"),
                INSTEAD,
            ));
        }
    }
    if address_holds_token(query) {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "credential_in_address",
            "the address holds a token",
            INSTEAD,
        ));
    }
    Ok(())
}

/// Whether there is a whole token anywhere in this part of an address, however it is written.
pub(crate) fn address_holds_token(part: &str) -> bool {
    holds_token(&percent_decode_str(part).decode_utf8_lossy())
}

/// What to do with a credential that was sent in an address.
const INSTEAD: &str = "send it as `Authorization: Bearer …` instead, and replace it: addresses end in logs";

fn readable(value: &HeaderValue) -> Result<&str, Refusal> {
    if value.len() > CREDENTIAL_BYTES_MAX {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            format!("the credential has more than {CREDENTIAL_BYTES_MAX} bytes"),
            "ask the authorization server for a token with fewer claims",
        ));
    }
    value
        .to_str()
        .map_err(|_| malformed("the credential is no visible ASCII"))
}

/// What follows `Bearer`, which may be written in any case.
fn bearer(text: &str) -> Result<&str, Refusal> {
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed("`Authorization` has another scheme than `Bearer`"));
    }
    let token = rest.trim_matches(' ');
    if token.is_empty() || token.contains([' ', '\t', ',']) {
        return Err(malformed("`Bearer` is not followed by one token"));
    }
    Ok(token)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "invalid_token",
        what,
        "send `Authorization: Bearer TOKEN`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(headers: &[(&str, &str)]) -> Result<Option<&'static str>, &'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).expect("a header name");
            map.append(
                name,
                HeaderValue::from_bytes(value.as_bytes()).expect("a header value"),
            );
        }
        let credential = Credential::of(&map, &HeaderName::from_static("x-api-key"));
        credential.map_err(|refusal| refusal.kind).map(|credential| {
            credential.map(|credential| match credential {
                Credential::Token(_) => "token",
                Credential::Key { .. } => "key",
                Credential::Signed(_) => "signed",
                Credential::Opaque(_) => "opaque",
            })
        })
    }

    #[test]
    fn the_form_of_a_credential_decides() {
        for (headers, expected) in [
            (&[][..], Ok(None)),
            (&[("authorization", "Bearer hold_x")], Ok(Some("token"))),
            (&[("authorization", "bearer hold_x")], Ok(Some("token"))),
            (&[("authorization", "BEARER   hold_x")], Ok(Some("token"))),
            (&[("x-api-key", "hold_x")], Ok(Some("token"))),
            (&[("x-api-key", "ada:a key with:signs")], Ok(Some("key"))),
            (&[("authorization", "Bearer ada:key")], Ok(Some("key"))),
            (&[("authorization", "Bearer a.b.c")], Ok(Some("signed"))),
            (&[("authorization", "Bearer hold_a.b.c")], Ok(Some("token"))),
            (&[("authorization", "Bearer a.b")], Ok(Some("opaque"))),
            (&[("authorization", "Bearer a.b.c.d")], Ok(Some("opaque"))),
            (&[("authorization", "Bearer abc")], Ok(Some("opaque"))),
            (&[("x-api-key", "abc")], Err("invalid_token")),
            (&[("x-api-key", "a.b.c")], Err("invalid_token")),
            (&[("x-api-key", "")], Err("invalid_token")),
            (&[("authorization", "")], Err("invalid_token")),
            (&[("authorization", "Bearer")], Err("invalid_token")),
            (&[("authorization", "Bearer ")], Err("invalid_token")),
            (&[("authorization", "Bearer a b")], Err("invalid_token")),
            (&[("authorization", "Bearer a, Bearer b")], Err("invalid_token")),
            (&[("authorization", "hold_x")], Err("invalid_token")),
            (&[("authorization", "Basic YTpi")], Err("invalid_token")),
            (&[("authorization", "Bearer ä")], Err("invalid_token")),
            (
                &[("authorization", "Bearer a"), ("authorization", "Bearer a")],
                Err("several_credentials"),
            ),
            (
                &[("authorization", "Bearer a"), ("x-api-key", "hold_x")],
                Err("several_credentials"),
            ),
            (
                &[("x-api-key", "hold_x"), ("x-api-key", "hold_x")],
                Err("several_credentials"),
            ),
        ] {
            assert_eq!(form(headers), expected, "{headers:?}");
        }
        let of_bytes = |bytes: usize| format!("Bearer {}", "a".repeat(bytes - "Bearer ".len()));
        for (bytes, expected) in [
            (CREDENTIAL_BYTES_MAX, Ok(Some("opaque"))),
            (CREDENTIAL_BYTES_MAX + 1, Err("invalid_token")),
        ] {
            assert_eq!(form(&[("authorization", &of_bytes(bytes))]), expected, "{bytes}");
        }
    }

    #[test]
    fn credentials_in_addresses_are_refused() {
        for (address, refused) in [
            ("/mcp", false),
            ("/mcp?", false),
            ("/mcp?session=1&tokens=2", false),
            ("/mcp?access_token=x", true),
            ("/mcp?a=1&Token=x", true),
            ("/mcp?api_key", true),
            ("/sse?apiKey=x", true),
            // Whole tokens wherever they stand, and nothing that only begins like one.
            ("/mcp?key=hold_000000000000000000000000000000001DDhgo", true),
            ("/mcp?hold_000000000000000000000000000000001DDhgo", true),
            (
                "/ws?a=1&auth=Bearer+hold_0123456789ABCDEFGHIJKLMNOPQRSTUV3UIcwj",
                true,
            ),
            ("/mcp?key=%68old%5F000000000000000000000000000000001DDhgo", true),
            ("/mcp?key=hold_hold_000000000000000000000000000000001DDhgo", true),
            ("/mcp?key=hold_000000000000000000000000000000001DDhgp", false),
            ("/mcp?key=hold_", false),
            (
                "/mcp?key=hold_%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4",
                false,
            ),
            ("/mcp?household_name=x", false),
        ] {
            let uri: Uri = address.parse().expect("an address");
            assert_eq!(check_query(&uri).is_err(), refused, "{address}");
        }
    }
}
