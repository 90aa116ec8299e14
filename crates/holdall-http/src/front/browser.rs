//! What every reply tells browsers, so that nobody can make one do something with it that it is not meant for.

use std::time::Duration;

use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};

/// Fixed headers: a reply is what it says it is, is no page, takes nothing along, and is in nobody's frame.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// What replies tell browsers.
#[derive(Clone)]
pub(crate) struct Browser {
    transport_security: Option<HeaderValue>,
}

impl Browser {
    pub(crate) fn new(hsts_max_age: Option<Duration>) -> Self {
        let value = |age: Duration| {
            HeaderValue::try_from(format!("max-age={}", age.as_secs())).expect("digits fit a header")
        };
        Self {
            transport_security: hsts_max_age.map(value),
        }
    }

    /// Adds the headers. `secure` says whether the client's connection is encrypted.
    pub(crate) fn tell(&self, response: &mut Response, secure: bool) {
        let headers = response.headers_mut();
        for (name, value) in ALWAYS {
            headers.insert(name, value);
        }
        // Replies are for one caller at one moment; whoever knows better has said so.
        headers
            .entry(CACHE_CONTROL)
            .or_insert(const { HeaderValue::from_static("no-store") });
        // Over plain HTTP anybody on the way could have said it, so browsers ignore it there.
        if secure && let Some(value) = &self.transport_security {
            headers.insert(STRICT_TRANSPORT_SECURITY, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn strict_transport_is_asked_for_over_encrypted_connections_only() {
        let year = Browser::new(Some(Duration::from_secs(31_536_000)));
        for (browser, secure, expected) in [
            (&year, true, Some("max-age=31536000")),
            (&year, false, None),
            (&Browser::new(None), true, None),
        ] {
            let mut response = Response::new(Body::empty());
            browser.tell(&mut response, secure);
            let value = response.headers().get(STRICT_TRANSPORT_SECURITY);
            assert_eq!(value.map(|value| value.to_str().expect("text")), expected);
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }

    #[test]
    fn what_a_reply_says_of_caching_stands() {
        let mut response = Response::new(Body::empty());
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        Browser::new(None).tell(&mut response, false);
        assert_eq!(response.headers()[CACHE_CONTROL], "max-age=60");
    }
}
