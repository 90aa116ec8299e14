//! What pages of other origins may do (CORS): questions before a request, and headers that let a page read a reply.
//!
//! Only origins on the list get this far with an `Origin` to be answered (`guard`); what is sent back is one of them,
//! never `*`. Credentials in the sense of CORS (cookies) are not used here, so nobody is told that they may be sent:
//! tokens come in headers a page has to set itself.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

use crate::routes::Route;

/// Headers a page may send, beside those which browsers let every page send.
const ALLOWED: [&str; 13] = [
    "accept",
    "authorization",
    "baggage",
    "content-type",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "traceparent",
    "tracestate",
    "x-api-key",
    "x-request-id",
];
/// Arguments of a tool in headers; their names are the tool's.
const ALLOWED_PREFIX: &str = "mcp-param-";
/// How many of those are answered.
const PARAMETERS_MAX: usize = 64;
/// Headers of a reply that a page may read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate, X-Request-Id, Retry-After");
/// How long a browser may remember the answer: two hours, the most Chromium grants.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whether a browser asks if a page may send a request, rather than sending it.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to such a question: what may be sent to this route.
pub(crate) fn preflight(route: Route, headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let reply = response.headers_mut();
    let methods: Vec<&str> = route.methods().iter().map(Method::as_str).collect();
    reply.insert(ACCESS_CONTROL_ALLOW_METHODS, list(&methods));
    let mut allowed = ALLOWED.to_vec();
    let parameters = parameters(headers);
    allowed.extend(parameters.iter().map(HeaderName::as_str));
    reply.insert(ACCESS_CONTROL_ALLOW_HEADERS, list(&allowed));
    reply.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

/// Lets a page of this origin, which is on the list, read the reply.
pub(crate) fn let_read(response: &mut Response, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Says to caches that the reply depends on who asks.
pub(crate) fn vary(response: &mut Response) {
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Origin"));
}

/// The headers asked for that carry arguments of tools.
fn parameters(headers: &HeaderMap) -> Vec<HeaderName> {
    let asked = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
    asked
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .filter(|name| name.as_str().starts_with(ALLOWED_PREFIX))
        .take(PARAMETERS_MAX)
        .collect()
}

fn list(words: &[&str]) -> HeaderValue {
    HeaderValue::try_from(words.join(", ")).expect("methods and header names fit a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).expect("a header name");
            map.append(name, value.parse().expect("a header value"));
        }
        map
    }

    #[test]
    fn only_complete_questions_are_preflights() {
        let origin = ("origin", "https://app.example");
        let method = ("access-control-request-method", "POST");
        for (verb, headers, expected) in [
            ("OPTIONS", &[origin, method][..], true),
            ("OPTIONS", &[origin], false),
            ("OPTIONS", &[method], false),
            ("POST", &[origin, method], false),
        ] {
            let mut request = Request::new(());
            *request.method_mut() = verb.parse().expect("a method");
            *request.headers_mut() = asked(headers);
            assert_eq!(is_preflight(&request), expected, "{verb} {headers:?}");
        }
    }

    #[test]
    fn what_is_allowed_does_not_depend_on_what_is_asked() {
        let fixed = ALLOWED.join(", ");
        for (names, added) in [
            ("", ""),
            ("authorization, x-evil", ""),
            ("*", ""),
            (
                "mcp-param-city, MCP-PARAM-Units",
                ", mcp-param-city, mcp-param-units",
            ),
            ("mcp-param", ""),
            ("mcp-param-a b", ""),
            ("x-mcp-param-a", ""),
        ] {
            let reply = preflight(
                Route::Streamable,
                &asked(&[("access-control-request-headers", names)]),
            );
            assert_eq!(reply.status(), 204);
            let value = |name| reply.headers()[name].to_str().expect("text");
            assert_eq!(
                value(ACCESS_CONTROL_ALLOW_HEADERS),
                format!("{fixed}{added}"),
                "{names}"
            );
            assert_eq!(value(ACCESS_CONTROL_ALLOW_METHODS), "GET, POST, DELETE");
        }
    }

    #[test]
    fn endless_lists_are_cut() {
        let many: Vec<String> = (0..1000).map(|n| format!("mcp-param-{n}")).collect();
        let headers = asked(&[("access-control-request-headers", &many.join(","))]);
        assert_eq!(parameters(&headers).len(), PARAMETERS_MAX);
    }
}
