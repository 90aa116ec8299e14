//! Challenges: how callers are told that they have to prove who they are, or that they need more scopes.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::tokens::Rejected;
use crate::front::refusal::{NO_CREDENTIAL, Refusal};

/// Seconds after which whoever met a busy server may come back.
const BUSY_SECONDS: u32 = 1;

/// Writes challenges.
#[derive(Clone, Default)]
pub(crate) struct Challenges;

impl Challenges {
    /// For a request that brings no credential.
    pub(crate) fn unknown(&self) -> Refusal {
        let refusal = Refusal::new(
            StatusCode::UNAUTHORIZED,
            NO_CREDENTIAL,
            "this server wants to know who asks",
            "send `Authorization: Bearer TOKEN`; whoever runs the server has tokens (`holdall token new NAME`)",
        );
        self.challenged(refusal, None)
    }

    /// With the challenge that belongs to a refusal of the credential, if any does.
    pub(crate) fn on(&self, refusal: Refusal) -> Refusal {
        match refusal.status {
            StatusCode::UNAUTHORIZED => self.challenged(refusal, Some("invalid_token")),
            StatusCode::BAD_REQUEST => self.challenged(refusal, Some("invalid_request")),
            _ => refusal,
        }
    }

    fn challenged(&self, refusal: Refusal, error: Option<&str>) -> Refusal {
        let mut parameters = Vec::new();
        if let Some(error) = error {
            parameters.push(format!("error=\"{error}\""));
            parameters.push(format!("error_description=\"{}\"", quotable(&refusal.message)));
        }
        let challenge = format!("Bearer {}", parameters.join(", "));
        let challenge = HeaderValue::try_from(challenge.trim_end()).expect("only visible ASCII is written");
        refusal.header(WWW_AUTHENTICATE, challenge)
    }
}

/// What is told to whoever brought a token or key that is not taken.
pub(crate) fn rejected(why: Rejected) -> Refusal {
    let (message, hint) = match why {
        Rejected::Busy => {
            return Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "too many keys are being checked",
                "come back in a second; tokens made by `holdall token new` are never turned away for this",
            )
            .header(RETRY_AFTER, HeaderValue::from(BUSY_SECONDS));
        }
        Rejected::Damaged => (
            "the token is not whole",
            "look for a character that is missing or wrong: a token has 43, from `hold_` on",
        ),
        Rejected::Unknown => (
            "nobody here has this credential",
            "check that it is one of this server, or have a new one made (`holdall token new NAME`)",
        ),
        Rejected::Expired => (
            "the token has expired",
            "have a new one made (`holdall token new NAME`)",
        ),
        Rejected::Revoked => (
            "the token was revoked",
            "ask whoever runs the server for a new one",
        ),
    };
    Refusal::new(StatusCode::UNAUTHORIZED, "invalid_token", message, hint)
}

/// Text as it may stand between quotes in a header.
fn quotable(text: &str) -> String {
    let fits = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    text.chars().map(|c| if fits(c) { c } else { '\'' }).collect()
}
