//! What is counted, as OpenMetrics text.
//!
//! Every label has few values: kinds, outcomes and routes are fixed, names are those the server registered (at most
//! [`names_max`](crate::MetricsConfig::names_max) of them), and nothing a client can make up becomes one. There is no
//! label for principals or addresses.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `mod` | what is counted of calls, and how the page is made |
//! | `http` | what is counted of HTTP |
//! | `process` | how the process is |

mod http;
mod process;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use holdall::observe::{CallKind, CallRecord, ObservedCall, Outcome};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use self::http::HttpMetrics;
use self::process::ProcessMetrics;
use crate::config::MetricsConfig;

/// What the page is, for `Content-Type`.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// From a tenth of a millisecond, which a small tool takes, to the half minute after which tools time out.
const SECONDS: [f64; 13] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];
/// What calls of things that do not exist are counted as.
const UNKNOWN: &str = "unknown";
/// What is counted together when there are too many names.
const OTHER: &str = "other";

/// All figures.
pub(crate) struct Metrics {
    registry: Registry,
    names_max: usize,
    calls: Family<CallLabels, Counter>,
    durations: Family<NameLabels, Histogram, fn() -> Histogram>,
    errors: Family<ErrorLabels, Counter>,
    in_flight: Family<KindLabels, Gauge>,
    /// What is counted of each kind, in the order of [`CallKind::ALL`], found without making its labels.
    kinds: [OfKind; CallKind::ALL.len()],
    pub(crate) sessions: Gauge,
    pub(crate) subscriptions: Gauge,
    pub(crate) http: HttpMetrics,
    pub(crate) audit_lost: Counter,
    process: ProcessMetrics,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    kind: &'static str,
    name: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NameLabels {
    kind: &'static str,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    kind: &'static str,
    error: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

/// What is counted of one kind, once there was a call of it.
#[derive(Default)]
struct OfKind {
    in_flight: OnceLock<Gauge>,
    components: RwLock<HashMap<String, Arc<Component>>>,
}

/// What is counted of one component.
struct Component {
    ok: Counter,
    asked: Counter,
    error: Counter,
    durations: Histogram,
}

impl Metrics {
    pub(crate) fn new(config: &MetricsConfig) -> Self {
        let mut all = Registry::default();
        let registry = all.sub_registry_with_prefix("holdall");
        let version = env!("CARGO_PKG_VERSION");
        registry.register(
            "build",
            "The version of Holdall",
            Info::new(vec![("version", version)]),
        );
        let durations = Family::new_with_constructor(histogram as fn() -> Histogram);
        Self {
            names_max: config.names_max,
            calls: figure(
                registry,
                "calls",
                "Calls that have ended, by outcome",
                Family::default(),
            ),
            durations: figure(
                registry,
                "call_duration_seconds",
                "How long calls took",
                durations,
            ),
            errors: figure(
                registry,
                "call_errors",
                "Calls that failed, by kind of failure",
                Family::default(),
            ),
            in_flight: figure(
                registry,
                "calls_in_flight",
                "Calls under way, tasks among them",
                Family::default(),
            ),
            kinds: Default::default(),
            sessions: figure(
                registry,
                "sessions",
                "Open sessions of protocol 2025-11-25 and older",
                Gauge::default(),
            ),
            subscriptions: figure(
                registry,
                "subscriptions",
                "Open subscriptions/listen streams",
                Gauge::default(),
            ),
            audit_lost: figure(
                registry,
                "audit_lines_lost",
                "Lines of the audit log that could not be kept",
                Counter::default(),
            ),
            http: HttpMetrics::new(registry),
            process: ProcessMetrics::new(&mut all),
            registry: all,
        }
    }

    pub(crate) fn call_begun(&self, call: &ObservedCall) {
        self.in_flight(call.kind()).inc();
    }

    pub(crate) fn call_ended(&self, record: &CallRecord<'_>) {
        let kind = record.call.kind();
        self.in_flight(kind).dec();
        let component = self.component(kind, record.call.name().unwrap_or(UNKNOWN));
        match record.outcome {
            Outcome::Succeeded => component.ok.inc(),
            Outcome::Asked => component.asked.inc(),
            _ => component.error.inc(),
        };
        component.durations.observe(record.duration.as_secs_f64());
        if let Some(error) = record.outcome.error_kind() {
            let labels = ErrorLabels {
                kind: kind.as_str(),
                error: error.as_str(),
            };
            self.errors.get_or_create(&labels).inc();
        }
    }

    /// The page.
    pub(crate) fn render(&self) -> String {
        self.process.look();
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &self.registry).expect("writing to a text does not fail");
        text
    }

    fn of_kind(&self, kind: CallKind) -> &OfKind {
        let place = CallKind::ALL.into_iter().position(|known| known == kind);
        &self.kinds[place.expect("all kinds are listed")]
    }

    fn in_flight(&self, kind: CallKind) -> &Gauge {
        let labels = KindLabels { kind: kind.as_str() };
        let gauge = || self.in_flight.get_or_create_owned(&labels);
        self.of_kind(kind).in_flight.get_or_init(gauge)
    }

    fn component(&self, kind: CallKind, name: &str) -> Arc<Component> {
        let of_kind = self.of_kind(kind);
        let found = |name: &str| {
            let components = of_kind.components.read().unwrap_or_else(PoisonError::into_inner);
            components.get(name).map(Arc::clone)
        };
        if let Some(component) = found(name) {
            return component;
        }
        let known = |of_kind: &OfKind| {
            let components = of_kind.components.read();
            components.unwrap_or_else(PoisonError::into_inner).len()
        };
        let is_full = self.kinds.iter().map(known).sum::<usize>() >= self.names_max;
        if is_full && name != OTHER && name != UNKNOWN {
            return self.component(kind, OTHER);
        }
        let mut components = of_kind.components.write().unwrap_or_else(PoisonError::into_inner);
        let component = components
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(self.new_component(kind.as_str(), name)));
        Arc::clone(component)
    }

    fn new_component(&self, kind: &'static str, name: &str) -> Component {
        let calls = |outcome| {
            self.calls.get_or_create_owned(&CallLabels {
                kind,
                name: name.to_owned(),
                outcome,
            })
        };
        let labels = NameLabels {
            kind,
            name: name.to_owned(),
        };
        Component {
            ok: calls("ok"),
            asked: calls("asked"),
            error: calls("error"),
            durations: self.durations.get_or_create_owned(&labels),
        }
    }
}

/// A figure that is on the page from now on.
fn figure<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}
