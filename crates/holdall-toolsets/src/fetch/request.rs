//! From the arguments of a call to a request that says what it seems to say.

use std::collections::BTreeMap;

use holdall::prelude::*;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};

use super::config::InvalidFetchConfig;
use crate::outbound::{Request, Url};

/// Headers of one request, and the bytes of their names and values together.
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// What this program writes itself: with another value a request would mean different things to those it passes.
const OWN: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// The method of a request.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum MethodArgument {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl From<MethodArgument> for Method {
    fn from(method: MethodArgument) -> Self {
        match method {
            MethodArgument::Get => Self::GET,
            MethodArgument::Head => Self::HEAD,
            MethodArgument::Post => Self::POST,
            MethodArgument::Put => Self::PUT,
            MethodArgument::Patch => Self::PATCH,
            MethodArgument::Delete => Self::DELETE,
            MethodArgument::Options => Self::OPTIONS,
        }
    }
}

/// The methods a configuration names.
pub(super) fn methods(names: &[String]) -> Result<Vec<Method>, InvalidFetchConfig> {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let find = |name: &String| {
        let found = KNOWN.iter().find(|method| method.as_str() == name);
        found
            .cloned()
            .ok_or_else(|| InvalidFetchConfig::Method(name.clone()))
    };
    names.iter().map(find).collect()
}

/// Asks for a page to read.
pub(super) fn page(url: Url) -> Request {
    let mut request = Request::get(url);
    let wanted = "text/html, application/xhtml+xml, text/markdown;q=0.9, text/*;q=0.8, application/json;q=0.8, */*;q=0.1";
    request.headers.insert(ACCEPT, HeaderValue::from_static(wanted));
    request
}

/// The headers a model chose.
pub(super) fn headers(chosen: BTreeMap<String, String>) -> CallResult<HeaderMap> {
    let bytes: usize = chosen.iter().map(|(name, value)| name.len() + value.len()).sum();
    if chosen.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        let message = format!(
            "`headers` has {} headers of {bytes} bytes: {HEADERS_MAX} of {HEADER_BYTES_MAX} bytes are sent at most",
            chosen.len()
        );
        return Err(CallError::new(ErrorKind::TooLarge, message));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in chosen {
        let wrong = |problem: &str| {
            CallError::invalid_arguments(format!("the header `{}` {problem}", name.escape_debug()))
        };
        let header: HeaderName = name.parse().map_err(|_| wrong("has a name no header can have"))?;
        if OWN.contains(&header.as_str()) || header.as_str().starts_with("proxy-") {
            return Err(wrong("is not yours to write").hint("leave it out"));
        }
        let value = HeaderValue::from_str(&value).map_err(|_| wrong("has a value no header can have"))?;
        if headers.insert(header, value).is_some() {
            return Err(wrong("is there twice").hint("write it once"));
        }
    }
    Ok(headers)
}

/// Sends `body` along, as JSON if it is that and nothing else is said.
pub(super) fn attach(request: &mut Request, body: String) -> CallResult<()> {
    if matches!(request.method, Method::GET | Method::HEAD) {
        let message = format!("a {} request has no body", request.method);
        return Err(CallError::invalid_arguments(message).hint("leave `body` out, or choose another method"));
    }
    if !request.headers.contains_key(CONTENT_TYPE) {
        let is_json = body.trim_start().starts_with(['{', '[']);
        let media_type = match is_json {
            true => "application/json",
            false => "text/plain; charset=utf-8",
        };
        request
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    request.body = body.into();
    Ok(())
}
