//! `/metrics`: a page of figures, for whoever may read it, here or on an address of its own.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use holdall::Principal;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::error::HttpError;
use crate::front::client::Client;
use crate::front::guard::Guard;
use crate::front::refusal::Refusal;
use crate::routes::Route;

/// What answers at `/metrics`: a text that is made anew for everybody who asks.
///
/// Whoever asks from this machine may read it, and otherwise whoever has the scope [`METRICS_SCOPE`]. Where callers are
/// asked who they are, only a connection from a loopback address counts as from this machine, and only if no proxies are
/// [trusted](crate::HttpConfig::trusted_proxies) and no header says that a proxy handed the request on: behind a proxy on
/// this machine, everybody comes from there.
#[derive(Clone)]
pub struct MetricsPage {
    content_type: &'static str,
    render: Arc<dyn Fn() -> String + Send + Sync>,
}

/// The scope of a principal that may read `/metrics`.
pub const METRICS_SCOPE: &str = "metrics";

impl MetricsPage {
    /// A page of this content type.
    pub fn new(content_type: &'static str, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self {
            content_type,
            render: Arc::new(render),
        }
    }

    pub(crate) fn answer(&self) -> Response {
        let mut response = Response::new(Body::from((self.render)()));
        let kind = http::HeaderValue::from_static(self.content_type);
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        response
    }
}

impl fmt::Debug for MetricsPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsPage").finish_non_exhaustive()
    }
}

/// Whether a request needs no credential where others do: it is for figures, and comes from this machine itself.
pub(crate) fn is_for_anybody<B>(route: Route, request: &Request<B>) -> bool {
    let client = request.extensions().get::<Client>();
    route == Route::Metrics && client.is_some_and(Client::is_here_for_certain)
}

/// Whether a request that was let through may read figures: it comes from this machine or from somebody known who has
/// the scope. Where nobody is asked who they are, nobody further away is told.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Refusal> {
    let principal = request.extensions().get::<Principal>();
    let known = principal.filter(|principal| **principal != Principal::anonymous());
    let allowed = match known {
        Some(principal) => principal.has_scope(METRICS_SCOPE),
        None => request.extensions().get::<Client>().is_some_and(Client::is_here),
    };
    if allowed {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "forbidden_metrics",
        "metrics are not for everybody",
        format!(
            "authenticate as somebody with the scope `{METRICS_SCOPE}`, or read them on an address of their own"
        ),
    ))
}

/// How long a client of the page may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Those who collect figures are few.
const CONNECTIONS_MAX: usize = 16;

/// A page of figures on an address of its own, where whoever reaches it may read it and there is nothing else.
pub struct MetricsServer {
    listener: TcpListener,
    address: SocketAddr,
    page: MetricsPage,
    guard: Arc<Guard>,
}

impl MetricsServer {
    /// Listens on `address`; port 0 takes any free one. It answers to that address and to the names in `allowed_hosts`,
    /// so that no page of the web reads the figures through somebody's browser. Nobody is asked who they are, so an
    /// address that other machines can reach is warned of in the log.
    ///
    /// # Errors
    /// [`HttpError::Bind`] if the system refuses.
    pub async fn bind(
        address: SocketAddr,
        page: MetricsPage,
        allowed_hosts: &[String],
    ) -> Result<Self, HttpError> {
        let refused = |source| HttpError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        if !address.ip().to_canonical().is_loopback() {
            tracing::warn!(
                %address,
                "whoever reaches {address} reads the figures there, without any credential: let only those who collect \
                 them get there, or listen on 127.0.0.1"
            );
        }
        Ok(Self {
            listener,
            address,
            page,
            guard: Arc::new(Guard::new(allowed_hosts, &[], None)),
        })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves; requests under way are not waited for.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut tasks = tokio::task::JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut shutdown => return,
            };
            // Those that have ended are let go of.
            while tasks.try_join_next().is_some() {}
            match (accepted, Arc::clone(&places).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let (page, guard) = (self.page.clone(), Arc::clone(&self.guard));
                    tasks.spawn(async move {
                        serve_page(stream, page, guard).await;
                        drop(place);
                    });
                }
                (Ok(_), Err(_)) => tracing::warn!("more than {CONNECTIONS_MAX} connections ask for metrics"),
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection for metrics could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn serve_page(stream: TcpStream, page: MetricsPage, guard: Arc<Guard>) {
    // A connection whose own address is not known any more has ended.
    let Ok(local) = stream.local_addr() else {
        return;
    };
    let answer = service_fn(move |request: Request<Incoming>| {
        let (page, guard) = (page.clone(), Arc::clone(&guard));
        async move {
            let allowed = guard.check(Some(local.ip()), request.uri(), request.headers());
            let answer = allowed.map(|_| answer_alone(&page, &request));
            Ok::<_, Infallible>(answer.unwrap_or_else(Refusal::into_response))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection for metrics ended early");
    }
}

fn answer_alone(page: &MetricsPage, request: &Request<Incoming>) -> Response {
    let is_page =
        request.uri().path() == "/metrics" && [Method::GET, Method::HEAD].contains(request.method());
    if is_page {
        return page.answer();
    }
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there are metrics here, and nothing else",
        "send GET /metrics",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logged::Log;

    #[tokio::test]
    async fn addresses_that_other_machines_reach_are_warned_of() {
        for (address, warnings) in [([127, 0, 0, 1], 0), ([0, 0, 0, 0], 1)] {
            let log = Log::start();
            let page = MetricsPage::new("text/plain", String::new);
            let server = MetricsServer::bind((address, 0).into(), page, &[]).await;
            let address = server.expect("a free port").local_addr();
            let warned = log.count(&format!("whoever reaches {address} reads the figures there"));
            assert_eq!(warned, warnings, "{address}");
        }
    }
}
