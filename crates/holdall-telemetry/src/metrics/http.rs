//! What is counted of HTTP.

use std::sync::OnceLock;
use std::time::Duration;

use holdall_http::{HttpEvent, Route};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::figure;

/// The methods that are counted by name; clients can make up others.
const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];
/// The status of a request whose client left before it was answered, as nginx has it.
const ANSWERED_NEVER: u16 = 499;

/// Figures of HTTP.
pub(crate) struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    refusals: Family<ReasonLabels, Counter>,
    limits: Family<ReasonLabels, Counter>,
    authentication_failures: Family<ReasonLabels, Counter>,
    connections: Gauge,
    streams: Gauge,
    /// By the place of the route in [`Route::ALL`]; what is at no route comes last.
    usual: [Usual; Route::ALL.len() + 1],
}

/// What nearly every request of a route is counted in, once there was one, found without making its labels.
#[derive(Default)]
struct Usual {
    /// Of `POST` with 200.
    answered: OnceLock<Counter>,
    durations: OnceLock<Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

impl HttpMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        Self {
            requests: figure(
                registry,
                "http_requests",
                "Requests that were answered; 499 if the client left before",
                Family::default(),
            ),
            durations: figure(
                registry,
                "http_request_duration_seconds",
                "How long it took until the reply began",
                Family::new_with_constructor(super::histogram as fn() -> Histogram),
            ),
            refusals: figure(
                registry,
                "http_refusals",
                "Requests that were refused before they reached a transport",
                Family::default(),
            ),
            limits: figure(
                registry,
                "http_limits_hit",
                "Requests that were too many or too much",
                Family::default(),
            ),
            authentication_failures: figure(
                registry,
                "http_authentication_failures",
                "Requests of somebody who could not prove who they are",
                Family::default(),
            ),
            connections: figure(registry, "http_connections", "Open connections", Gauge::default()),
            streams: figure(
                registry,
                "http_streams",
                "Replies that are going out as streams",
                Gauge::default(),
            ),
            usual: Default::default(),
        }
    }

    pub(crate) fn told(&self, event: &HttpEvent<'_>) {
        match event {
            HttpEvent::ConnectionOpened => _ = self.connections.inc(),
            HttpEvent::ConnectionClosed => _ = self.connections.dec(),
            HttpEvent::StreamOpened => _ = self.streams.inc(),
            HttpEvent::StreamClosed => _ = self.streams.dec(),
            HttpEvent::Answered {
                route,
                method,
                status,
                refusal,
                duration,
                ..
            } => {
                self.count_answer(*route, method.as_str(), *status, *duration);
                self.count_refusal(*status, *refusal);
            }
            _ => {}
        }
    }

    fn count_answer(&self, route: Option<Route>, method: &str, status: Option<u16>, duration: Duration) {
        let place = Route::ALL.into_iter().position(|known| Some(known) == route);
        let usual = &self.usual[place.unwrap_or(Route::ALL.len())];
        let route = route.map_or(super::UNKNOWN, Route::path);
        let counter = || {
            let named = METHODS.into_iter().find(|known| *known == method);
            self.requests.get_or_create_owned(&RequestLabels {
                route,
                method: named.unwrap_or(super::OTHER),
                status: status.unwrap_or(ANSWERED_NEVER),
            })
        };
        match (method, status) {
            ("POST", Some(200)) => _ = usual.answered.get_or_init(counter).inc(),
            _ => _ = counter().inc(),
        }
        let durations = usual
            .durations
            .get_or_init(|| self.durations.get_or_create_owned(&RouteLabels { route }));
        durations.observe(duration.as_secs_f64());
    }

    fn count_refusal(&self, status: Option<u16>, refusal: Option<&'static str>) {
        if let Some(reason) = refusal {
            self.refusals.get_or_create(&ReasonLabels { reason }).inc();
        }
        let reason = refusal.unwrap_or(super::UNKNOWN);
        match status {
            Some(401) => {
                _ = self
                    .authentication_failures
                    .get_or_create(&ReasonLabels { reason })
                    .inc()
            }
            Some(408 | 413 | 429 | 431) => _ = self.limits.get_or_create(&ReasonLabels { reason }).inc(),
            _ => {}
        }
    }
}
