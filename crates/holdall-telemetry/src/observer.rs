//! Who is told of what happens: [`TelemetryObserver`].

use std::sync::Arc;

use holdall::observe::{CallRecord, ObservedCall, Observer, Wants};
use holdall_http::{HttpEvent, HttpObserver};
use tracing::Span;

use crate::audit::AuditLog;
use crate::metrics::Metrics;

/// Tells metrics, audit log, traces and Sentry of what happens, as far as they are on. Cloning is cheap; give one to
/// [`Server::observe`](holdall::Server::observe) and one to [`HttpConfig::observers`](holdall_http::HttpConfig::observers).
#[derive(Clone, Default)]
pub struct TelemetryObserver {
    pub(crate) metrics: Option<Arc<Metrics>>,
    pub(crate) audit: Option<AuditLog>,
    #[cfg(feature = "otlp")]
    pub(crate) traces: Option<crate::traces::Traces>,
    #[cfg(feature = "sentry")]
    pub(crate) faults: Option<crate::faults::Faults>,
}

impl Observer for TelemetryObserver {
    fn wants(&self) -> Wants {
        let mut wants = Wants::default();
        wants.sizes = self.audit.is_some();
        wants.arguments = self.audit.as_ref().is_some_and(AuditLog::wants_arguments);
        #[cfg(feature = "otlp")]
        {
            wants.trace = self.traces.is_some();
        }
        wants
    }

    fn call_begun(&self, call: &ObservedCall, span: &Span) {
        if let Some(metrics) = &self.metrics {
            metrics.call_begun(call);
        }
        #[cfg(feature = "otlp")]
        if let Some(traces) = &self.traces {
            traces.call_begun(call, span);
        }
        let _ = span;
    }

    fn call_ended(&self, record: &CallRecord<'_>) {
        if let Some(metrics) = &self.metrics {
            metrics.call_ended(record);
        }
        if let Some(audit) = &self.audit {
            audit.call_ended(record);
        }
        #[cfg(feature = "otlp")]
        if let Some(traces) = &self.traces {
            traces.call_ended(record);
        }
        #[cfg(feature = "sentry")]
        if let Some(faults) = &self.faults {
            faults.call_ended(record);
        }
    }

    fn session_opened(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.sessions.inc();
        }
    }

    fn session_closed(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.sessions.dec();
        }
    }

    fn stream_opened(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.subscriptions.inc();
        }
    }

    fn stream_closed(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.subscriptions.dec();
        }
    }
}

impl HttpObserver for TelemetryObserver {
    fn told(&self, event: &HttpEvent<'_>) {
        if let Some(metrics) = &self.metrics {
            metrics.http.told(event);
        }
    }
}
