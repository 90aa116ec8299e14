//! Challenges: how callers are told that they have to prove who they are, or that they need more scopes.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

#[cfg(feature = "oauth")]
use super::oauth::Denied;
use super::tokens::Rejected;
use crate::front::refusal::{NO_CREDENTIAL, Refusal};

/// Seconds after which whoever met a busy server may come back.
const BUSY_SECONDS: u32 = 1;
/// Seconds after which an authorization server that could not be asked may be asked again.
#[cfg(feature = "oauth")]
const UNREACHABLE_SECONDS: u32 = 30;
/// Longer lists of scopes are left out: clients and proxies bound their headers.
const SCOPES_BYTES_MAX: usize = 4 * 1024;

/// What a challenge says beside what went wrong.
#[derive(Debug, Default)]
pub(crate) struct Challenge {
    /// Where the metadata of this resource is.
    pub(crate) metadata_url: Option<String>,
    /// The scopes to ask for.
    pub(crate) scopes: Vec<String>,
}

impl Challenge {
    /// The refusal with the challenge that belongs to it, if any does.
    pub(crate) fn on(&self, refusal: Refusal) -> Refusal {
        let error = match (refusal.status, refusal.kind) {
            (_, NO_CREDENTIAL) => None,
            (StatusCode::UNAUTHORIZED, _) => Some("invalid_token"),
            (StatusCode::BAD_REQUEST, _) => Some("invalid_request"),
            (StatusCode::FORBIDDEN, _) => Some("insufficient_scope"),
            _ => return refusal,
        };
        let mut parameters = Vec::new();
        if let Some(error) = error {
            parameters.push(format!("error=\"{error}\""));
            parameters.push(format!("error_description=\"{}\"", quotable(&refusal.message)));
        }
        if let Some(url) = &self.metadata_url {
            parameters.push(format!("resource_metadata=\"{}\"", quotable(url)));
        }
        let scopes = self.scopes.join(" ");
        if (1..=SCOPES_BYTES_MAX).contains(&scopes.len()) {
            parameters.push(format!("scope=\"{}\"", quotable(&scopes)));
        }
        let challenge = format!("Bearer {}", parameters.join(", "));
        let challenge = HeaderValue::try_from(challenge.trim_end()).expect("only visible ASCII is written");
        refusal.header(WWW_AUTHENTICATE, challenge)
    }
}

/// For a request that brings no credential.
pub(crate) fn unknown(has_tokens: bool) -> Refusal {
    let hint = match has_tokens {
        true => {
            "send `Authorization: Bearer TOKEN`; whoever runs the server has tokens (`holdall token new NAME`)"
        }
        false => {
            "send `Authorization: Bearer TOKEN` with a token of the authorization server named in the metadata"
        }
    };
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        NO_CREDENTIAL,
        "this server wants to know who asks",
        hint,
    )
}

/// For a caller that lacks scopes.
pub(crate) fn insufficient(what: &str) -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "insufficient_scope",
        what,
        "ask for a token that has these scopes, too",
    )
}

/// What is told to whoever brought a token or key that is not taken.
pub(crate) fn rejected(why: Rejected) -> Refusal {
    let (message, hint) = match why {
        Rejected::Busy => {
            return later(
                "busy",
                "too many keys are being checked",
                "come back in a second; tokens made by `holdall token new` are never turned away for this",
                BUSY_SECONDS,
            );
        }
        Rejected::Damaged => (
            "the token is not whole",
            "look for a character that is missing or wrong: a token has 43, from `hold_` on",
        ),
        Rejected::Unknown => (
            "nobody here has this credential",
            "check that it is one of this server, or have a new one made (`holdall token new NAME`)",
        ),
        Rejected::Expired(name) => {
            let hint = "have a new one made (`holdall token new NAME`)";
            return invalid("the token has expired", hint).of_token(name);
        }
        Rejected::Revoked(name) => {
            let hint = "ask whoever runs the server for a new one";
            return invalid("the token was revoked", hint).of_token(name);
        }
    };
    invalid(message, hint)
}

fn invalid(message: &str, hint: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "invalid_token", message, hint)
}

/// What is told to whoever brought an access token that is not taken.
#[cfg(feature = "oauth")]
pub(crate) fn denied(why: Denied) -> Refusal {
    match why {
        Denied::Invalid(message) => Refusal::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            message,
            "ask the authorization server for a new one, with the `resource` this server's metadata names",
        ),
        Denied::Unreachable => later(
            "authorization_server_unreachable",
            "the authorization server cannot be asked about the access token",
            "come back later; whoever runs this server finds the reason in its log",
            UNREACHABLE_SECONDS,
        ),
    }
}

fn later(kind: &'static str, message: &str, hint: &str, seconds: u32) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, kind, message, hint)
        .header(RETRY_AFTER, HeaderValue::from(seconds))
}

/// Text as it may stand between quotes in a header.
fn quotable(text: &str) -> String {
    let fits = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    text.chars().map(|c| if fits(c) { c } else { '\'' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_written_as_the_specifications_have_them() {
        let challenge = Challenge {
            metadata_url: Some("https://notes.example/.well-known/oauth-protected-resource/mcp".into()),
            scopes: vec!["notes:read".into(), "notes:write".into()],
        };
        let rest = "resource_metadata=\"https://notes.example/.well-known/oauth-protected-resource/mcp\", \
                    scope=\"notes:read notes:write\"";
        for (refusal, expected) in [
            (unknown(true), format!("Bearer {rest}")),
            (
                rejected(Rejected::Expired("ada".into())),
                format!(
                    "Bearer error=\"invalid_token\", error_description=\"the token has expired\", {rest}"
                ),
            ),
            (
                insufficient("the tool `a\n\"` asks for ö"),
                format!(
                    "Bearer error=\"insufficient_scope\", \
                     error_description=\"the tool `a''` asks for '\", {rest}"
                ),
            ),
        ] {
            let challenged = challenge.on(refusal);
            let (name, value) = challenged.headers.last().expect("a challenge");
            assert_eq!(
                (name, value.to_str().expect("text")),
                (&WWW_AUTHENTICATE, &*expected)
            );
        }
        assert_eq!(challenge.on(rejected(Rejected::Busy)), rejected(Rejected::Busy));
        let bare = Challenge::default().on(unknown(true));
        assert_eq!(bare.headers[0].1, "Bearer");
        let many = Challenge {
            metadata_url: None,
            scopes: vec!["scope".into(); 1000],
        };
        assert_eq!(
            many.on(unknown(true)).headers[0].1,
            "Bearer",
            "too many to be told"
        );
    }
}
