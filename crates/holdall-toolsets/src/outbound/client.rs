//! [`Client`]: asks a server, follows its redirects, and brings back a bounded answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use hyper::body::Bytes;
use tokio::sync::Semaphore;
use tokio_rustls::rustls::ClientConfig;
use url::Url;

use super::connect::Connector;
use super::error::OutboundError;
use super::exchange;
use super::target::judge_url;
use super::tls::client_config;

/// Answers on their way at once; more wait, within their time. Each may have as many bytes as are allowed.
const ANSWERS_MAX: usize = 32;

/// How much of an answer is taken, and for how long it is waited for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Bounds {
    /// The time all of it may take, redirects included. Default: 25 seconds.
    pub time_max: Duration,
    /// The bytes a body may have, packed and unpacked. Default: 5 MiB.
    pub body_bytes_max: usize,
    /// How many redirects are followed. Default: 5.
    pub redirects_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(25),
            body_bytes_max: 5 * 1024 * 1024,
            redirects_max: 5,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// `GET` unless said otherwise.
    pub method: Method,
    /// Whom, and what of it.
    pub url: Url,
    /// What is said beside it. `Host`, `User-Agent` and `Accept-Encoding` are added.
    pub headers: HeaderMap,
    /// What is sent along.
    pub body: Bytes,
}

impl Request {
    /// Asks for what is at `url`.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// Who answered in the end.
    pub url: Url,
    /// How it went.
    pub status: StatusCode,
    /// What is said beside it.
    pub headers: HeaderMap,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// How many redirects led there.
    pub redirects: usize,
}

/// Whether an address may be asked at all, before anything else is found out about it. It is put to the first address
/// and to that of every redirect.
pub trait Gate: Send + Sync {
    /// Lets `url` pass, or says why not.
    fn admit<'a>(&'a self, url: &'a Url) -> Admission<'a>;
}

/// Whether an address may be asked, once that is known.
pub type Admission<'a> = Pin<Box<dyn Future<Output = Result<(), OutboundError>> + Send + 'a>>;

/// Asks servers, each over a connection of its own. Cloning it is cheap.
#[derive(Clone)]
pub struct Client {
    connector: Connector,
    tls: Arc<ClientConfig>,
    bounds: Bounds,
    places: Arc<Semaphore>,
}

impl Client {
    /// Asks by `connector`, within `bounds`.
    pub fn new(connector: Connector, bounds: Bounds) -> Self {
        Self {
            connector,
            tls: client_config(),
            bounds,
            places: Arc::new(Semaphore::new(ANSWERS_MAX)),
        }
    }

    /// Trusts whom `config` trusts, in place of the roots of the system.
    #[must_use]
    pub fn tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = config;
        self
    }

    /// Asks, and follows redirects as long as `gate` admits them. To another origin (scheme, host, port) goes nothing
    /// but `Accept` and `Accept-Language`: neither credentials nor a body. A redirect that would need the body there is
    /// not followed but returned. Dropping the future ends the connection.
    ///
    /// # Errors
    /// An address is no web address, may not be reached or does not answer, or the answer exceeds a bound.
    pub async fn send(&self, request: Request, gate: &dyn Gate) -> Result<Response, OutboundError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let (url, mut redirects) = (request.url.to_string(), 0);
        let following = self.follow(request, gate, &mut redirects);
        match tokio::time::timeout(self.bounds.time_max, following).await {
            Ok(Err(error @ OutboundError::TooManyRedirects { .. })) => Err(error),
            Ok(Err(error)) if redirects > 0 => Err(OutboundError::Redirected {
                url,
                redirects,
                source: Box::new(error),
            }),
            Ok(outcome) => outcome,
            Err(_) => Err(OutboundError::Timeout {
                host,
                after: self.bounds.time_max,
            }),
        }
    }

    /// Counts in `redirects` those that are followed.
    async fn follow(
        &self,
        mut request: Request,
        gate: &dyn Gate,
        redirects: &mut usize,
    ) -> Result<Response, OutboundError> {
        let asked = request.url.clone();
        loop {
            request.url = judge_url(request.url)?;
            gate.admit(&request.url).await?;
            // Not before: a gate may have to ask for something itself.
            let place = self.places.acquire().await;
            let _place = place.expect("it is never closed");
            let answer = exchange::ask(&self.connector, &self.tls, &request).await?;
            if let Some(next) = next_hop(&request, answer.status(), answer.headers())? {
                if *redirects == self.bounds.redirects_max {
                    return Err(OutboundError::TooManyRedirects {
                        url: asked.into(),
                        followed: *redirects,
                    });
                }
                *redirects += 1;
                request = next;
                continue;
            }
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            let body = answer.body(self.bounds.body_bytes_max).await?;
            headers.remove(CONTENT_ENCODING);
            return Ok(Response {
                url: request.url,
                status,
                headers,
                body,
                redirects: *redirects,
            });
        }
    }
}

/// What a redirect asks for, if the answer is one that is followed.
fn next_hop(
    request: &Request,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Request>, OutboundError> {
    let is_redirect = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = headers.get(LOCATION).filter(|_| is_redirect) else {
        return Ok(None);
    };
    let wrong = || OutboundError::InvalidUrl {
        problem: format!("`{}` redirects to it", request.url.host_str().unwrap_or_default()),
    };
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| wrong())?;
    let url = request.url.join(location).map_err(|_| wrong())?;
    let mut next = request.clone();
    let becomes_get = match status.as_u16() {
        303 => request.method != Method::HEAD,
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        next.method = Method::GET;
        next.body = Bytes::new();
        for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE] {
            next.headers.remove(name);
        }
    }
    if url.origin() != request.url.origin() {
        if !matches!(next.method, Method::GET | Method::HEAD) {
            return Ok(None);
        }
        let kept = [ACCEPT, ACCEPT_LANGUAGE].map(|name| (next.headers.get(&name).cloned(), name));
        next.headers = kept
            .into_iter()
            .filter_map(|(value, name)| Some((name, value?)))
            .collect();
        next.body = Bytes::new();
    }
    next.url = url;
    Ok(Some(next))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("connector", &self.connector)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
