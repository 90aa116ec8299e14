//! [`Fetcher`]: asks authorization servers, within bounds: no redirects, so much time, so many bytes.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// How long an answer may take in all. Whoever sent the token waits meanwhile.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Metadata and keys of large providers have some 20 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Sends requests to authorization servers.
pub(crate) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Fetcher {
    /// Reads the certificates the system trusts.
    pub(crate) fn new() -> io::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(16)
            .build(connector);
        Ok(Self { client })
    }

    /// What is at `uri`.
    pub(crate) async fn get(&self, uri: &Uri) -> Result<Bytes, String> {
        let request = Request::get(uri).header(ACCEPT, "application/json");
        self.send(request.body(Full::default()).expect("it is whole"))
            .await
    }

    /// What is answered to a form.
    pub(crate) async fn post(
        &self,
        uri: &Uri,
        authorization: &HeaderValue,
        form: String,
    ) -> Result<Bytes, String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Full::from(form)).expect("it is whole"))
            .await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Bytes, String> {
        let whole = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|error| error.to_string())?;
            if response.status() != StatusCode::OK {
                return Err(format!("the answer is {}", response.status()));
            }
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
                .collect()
                .await;
            body.map(|body| body.to_bytes())
                .map_err(|error| error.to_string())
        };
        let answer = tokio::time::timeout(TIME_MAX, whole).await;
        answer.unwrap_or_else(|_| Err(format!("there was no answer within {TIME_MAX:?}")))
    }
}

/// Without a single root, as in a container that has none, no server with TLS can be trusted; others still can.
fn tls() -> io::Result<tokio_rustls::rustls::ClientConfig> {
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!(
            "this machine trusts no certificates (is `ca-certificates` installed?): no authorization server can be asked over https"
        );
    }
    let provider = std::sync::Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
