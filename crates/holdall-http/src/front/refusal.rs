//! [`Refusal`]: the reply to a request that goes no further.

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

/// The kind of a refusal for want of any credential.
pub(crate) const NO_CREDENTIAL: &str = "unauthenticated";

/// Why a request goes no further, with what whoever reads it can do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// In snake case, for programs: `forbidden_host`.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The name of the token or key that was recognised and not taken, for the log alone.
    pub(crate) token: Option<String>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            hint: hint.into(),
            headers: Vec::new(),
            token: None,
        }
    }

    /// Of a token or key that has this name.
    pub(crate) fn of_token(mut self, name: String) -> Self {
        self.token = Some(name);
        self
    }

    /// With a header in the reply.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Whether somebody said who they are, and it was not so.
    pub(crate) fn is_failed_login(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.kind != NO_CREDENTIAL
    }

    pub(crate) fn into_response(self) -> Response {
        let Self {
            status,
            kind,
            message,
            hint,
            headers,
            token,
        } = self;
        let mut response = json_response(
            status,
            &json!({ "error": kind, "message": message, "hint": hint }),
        );
        response.extensions_mut().insert(Refused { kind, message, token });
        for (name, value) in headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

/// An extension of the reply to a refused request: why, as far as it is logged and counted.
#[derive(Clone)]
pub(crate) struct Refused {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) token: Option<String>,
}

pub(crate) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_failed_where_somebody_said_who_they_are() {
        for (status, kind, failed) in [
            (StatusCode::UNAUTHORIZED, "invalid_token", true),
            (StatusCode::UNAUTHORIZED, NO_CREDENTIAL, false),
            (StatusCode::BAD_REQUEST, "several_credentials", false),
            (StatusCode::FORBIDDEN, "insufficient_scope", false),
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "authorization_server_unreachable",
                false,
            ),
        ] {
            let refusal = Refusal::new(status, kind, "", "");
            assert_eq!(refusal.is_failed_login(), failed, "{status} {kind}");
        }
    }
}
