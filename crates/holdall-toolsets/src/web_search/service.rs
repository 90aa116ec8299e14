//! The Brave Search API: what is asked of it, and what its answers mean.

use holdall::prelude::*;
use http::header::{ACCEPT, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use super::config::{InvalidWebSearchConfig, SafeSearch, WebSearchConfig};
use crate::outbound::{
    Admission, Bounds, Client, Connector, Gate, Host, OutboundError, Request, Url, harmless, parse_url,
};

/// Answers have some 50 KB.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The words the service takes.
const WORDS_MAX: usize = 50;
/// Characters of what the service says is wrong.
const DETAIL_CHARS_MAX: usize = 200;
/// What the key travels in.
const TOKEN: HeaderName = HeaderName::from_static("x-subscription-token");

/// What is searched for.
pub(super) struct Query<'a> {
    pub(super) words: &'a str,
    pub(super) count: u32,
    pub(super) language: Option<&'a str>,
}

/// The service, and the key to it.
pub(super) struct Service {
    client: Client,
    endpoint: Url,
    key: HeaderValue,
    country: Option<String>,
    safe_search: &'static str,
}

/// What the service answers, as far as it is used. All of it may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    query: Asked,
    web: Web,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    more_results_available: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Web {
    results: Vec<Entry>,
}

/// One result.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) title: Option<String>,
    pub(super) url: Option<String>,
    pub(super) description: Option<String>,
    pub(super) age: Option<String>,
    pub(super) language: Option<String>,
}

/// What the service says when it does not search.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failure {
    error: FailureDetails,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FailureDetails {
    code: Option<String>,
    detail: Option<String>,
}

impl Found {
    pub(super) fn results(self) -> Vec<Entry> {
        self.web.results
    }

    pub(super) fn has_more(&self) -> bool {
        self.query.more_results_available
    }
}

/// The service is wherever the operator says; addresses are judged all the same.
struct Endpoint;

impl Gate for Endpoint {
    fn admit<'a>(&'a self, _: &'a Url) -> Admission<'a> {
        Box::pin(async { Ok(()) })
    }
}

impl Service {
    pub(super) fn new(config: &WebSearchConfig) -> Result<Self, InvalidWebSearchConfig> {
        let key = config.key.as_ref().ok_or(InvalidWebSearchConfig::NoKey)?;
        if key.expose().trim().is_empty() {
            return Err(InvalidWebSearchConfig::NoKey);
        }
        let mut key = HeaderValue::from_str(key.expose()).map_err(|_| InvalidWebSearchConfig::Key)?;
        key.set_sensitive(true);
        let wrong_endpoint = || InvalidWebSearchConfig::Endpoint(harmless(&config.endpoint));
        let endpoint = parse_url(&config.endpoint).map_err(|_| wrong_endpoint())?;
        let is_here = match endpoint.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        if endpoint.scheme() != "https" && !is_here {
            return Err(wrong_endpoint());
        }
        if let Some(country) = &config.country
            && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            return Err(InvalidWebSearchConfig::Country(country.clone()));
        }
        let bounds = Bounds {
            time_max: config.checked_timeout()?,
            body_bytes_max: ANSWER_BYTES_MAX,
            // The key goes to the service and nowhere else.
            redirects_max: 0,
        };
        Ok(Self {
            client: Client::new(Connector::new(&config.network), bounds),
            endpoint,
            key,
            country: config.country.clone(),
            safe_search: match config.safe_search {
                SafeSearch::Off => "off",
                SafeSearch::Moderate => "moderate",
                SafeSearch::Strict => "strict",
            },
        })
    }

    pub(super) async fn search(&self, query: &Query<'_>) -> CallResult<Found> {
        let words = query.words.split_whitespace().count();
        if words == 0 || words > WORDS_MAX {
            let message = format!("`query` has {words} words: 1 to {WORDS_MAX} are searched for");
            return Err(CallError::invalid_arguments(message).hint("search for the words that matter"));
        }
        let mut request = Request::get(self.address(query));
        request
            .headers
            .insert(ACCEPT, HeaderValue::from_static("application/json"));
        request.headers.insert(TOKEN, self.key.clone());
        let sent = self.client.send(request, &Endpoint).await;
        let response = sent.map_err(|error| {
            // Where the service is, and whether it may be reached, is the operator's business.
            tracing::warn!(%error, "the search service cannot be asked");
            match error {
                OutboundError::Timeout { after, .. } | OutboundError::ConnectTimeout { after, .. } => {
                    unavailable(format!("the search service did not answer within {after:?}"))
                }
                OutboundError::TooManyRedirects { .. } => CallError::new(
                    ErrorKind::Unavailable,
                    "the search service redirects elsewhere, where the key is not sent",
                )
                .hint("tell the user that whoever runs this server has to correct `endpoint` under [web_search]"),
                OutboundError::TooLarge { bytes_max, .. } => CallError::new(
                    ErrorKind::TooLarge,
                    format!("the search service answered with more than {bytes_max} bytes"),
                )
                .hint("ask for fewer results"),
                OutboundError::HeadTooLarge { bytes_max, .. } => {
                    unavailable(format!("the headers of the search service are larger than {bytes_max} bytes"))
                }
                error @ OutboundError::Broken { .. } => unavailable(
                    "the answer of the search service broke off, or is no HTTP".to_owned(),
                )
                .caused_by(error),
                error => unavailable("the search service cannot be reached".to_owned()).caused_by(error),
            }
        })?;
        if response.status != StatusCode::OK {
            return Err(self.failure(response.status, &response.headers, &response.body));
        }
        serde_json::from_slice(&response.body).map_err(|error| {
            unavailable("the search service answered something that cannot be read".to_owned())
                .caused_by(error)
        })
    }

    fn address(&self, query: &Query<'_>) -> Url {
        let mut url = self.endpoint.clone();
        {
            let mut pairs = url.query_pairs_mut();
            pairs
                .append_pair("q", query.words.trim())
                .append_pair("count", &query.count.to_string())
                .append_pair("safesearch", self.safe_search)
                .append_pair("result_filter", "web")
                .append_pair("text_decorations", "false");
            if let Some(country) = &self.country {
                pairs.append_pair("country", country);
            }
            if let Some(language) = query.language {
                // The service has a code of its own for Japanese.
                let language = if language == "ja" { "jp" } else { language };
                pairs.append_pair("search_lang", language);
            }
        }
        url
    }

    fn failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> CallError {
        let failure: Failure = serde_json::from_slice(body).unwrap_or_default();
        let is_about_key = failure
            .error
            .code
            .as_deref()
            .is_some_and(|code| code.starts_with("SUBSCRIPTION_TOKEN"));
        match status.as_u16() {
            401 | 403 => refused_key(status),
            422 if is_about_key => refused_key(status),
            400 | 422 => {
                let detail: String = failure.error.detail.unwrap_or_default();
                let detail: String = detail
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(DETAIL_CHARS_MAX)
                    .collect();
                // What it repeats of the request is no secret unless it is the key.
                let key = self.key.to_str().unwrap_or_default();
                let detail = detail.replace(key, "[secret]");
                let message = format!("the search service does not understand the request: {detail}");
                CallError::invalid_arguments(message.trim_end_matches([':', ' ']).to_owned())
                    .hint("leave `language` out, or search for fewer words")
            }
            429 => {
                let hint = match retry_after(headers) {
                    Some(seconds) if seconds > 3600 => {
                        "the key is used up for this month or plan: tell the user".to_owned()
                    }
                    Some(seconds) => format!("try again after {seconds} seconds"),
                    None => "try again in a while".to_owned(),
                };
                CallError::new(
                    ErrorKind::Unavailable,
                    "the search service allows no more searches for now",
                )
                .hint(hint)
            }
            _ => unavailable(format!("the search service answered {status}")),
        }
    }
}

fn unavailable(message: String) -> CallError {
    CallError::new(ErrorKind::Unavailable, message).hint("try again later")
}

fn refused_key(status: StatusCode) -> CallError {
    tracing::warn!(%status, "the search service does not take the key of [web_search]");
    CallError::new(
        ErrorKind::PermissionDenied,
        "the search service does not take this server's key",
    )
    .hint("tell the user that whoever runs this server has to set another key under [web_search]")
}

/// The seconds to wait: as `Retry-After` says, else until the quota that is used up is there again.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let list = |name: &'static str| -> Vec<u64> {
        let text = text(&HeaderName::from_static(name)).unwrap_or_default();
        text.split(',')
            .filter_map(|number| number.trim().parse().ok())
            .collect()
    };
    if let Some(seconds) = text(&RETRY_AFTER).and_then(|text| text.trim().parse().ok()) {
        return Some(seconds);
    }
    let (remaining, resets) = (list("x-ratelimit-remaining"), list("x-ratelimit-reset"));
    let used_up = remaining.iter().zip(&resets).filter(|(left, _)| **left == 0);
    used_up.map(|(_, reset)| *reset).max().or(resets.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_that_is_used_up_says_how_long_to_wait() {
        for (pairs, expected) in [
            (&[][..], None),
            (&[("retry-after", "7")], Some(7)),
            (&[("x-ratelimit-reset", "1, 1419704")], Some(1)),
            (
                &[
                    ("x-ratelimit-remaining", "0, 100"),
                    ("x-ratelimit-reset", "1, 1419704"),
                ],
                Some(1),
            ),
            (
                &[
                    ("x-ratelimit-remaining", "1, 0"),
                    ("x-ratelimit-reset", "1, 1419704"),
                ],
                Some(1_419_704),
            ),
            (
                &[("retry-after", "soon"), ("x-ratelimit-reset", "nonsense")],
                None,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(retry_after(&headers), expected, "{pairs:?}");
        }
    }
}
