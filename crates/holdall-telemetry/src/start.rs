//! How it all begins and ends: [`Telemetry`], [`TelemetryGuard`].

use std::io;
use std::sync::Arc;

use holdall_http::MetricsPage;
use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::audit::{AuditLog, Writer};
use crate::config::TelemetryConfig;
use crate::error::TelemetryError;
use crate::log;
use crate::metrics::{self, Metrics};
use crate::observer::TelemetryObserver;

/// Telemetry that has not begun.
pub struct Telemetry {
    config: TelemetryConfig,
}

/// Telemetry under way. Dropped, it writes and sends what is left, which can take a few seconds if nobody listens.
#[must_use = "telemetry ends when this is dropped"]
pub struct TelemetryGuard {
    metrics: Option<Arc<Metrics>>,
    audit: Option<Writer>,
    #[cfg(feature = "otlp")]
    _exporter: Option<crate::traces::Exporter>,
    #[cfg(feature = "sentry")]
    _reporter: Option<crate::faults::Reporter>,
}

impl Telemetry {
    /// Prepares what `config` asks for.
    pub fn new(config: TelemetryConfig) -> Self {
        Self { config }
    }

    /// Starts everything that was asked for: opens files, starts threads, and takes the log of the process if it is to
    /// be written or traces are to be sent.
    ///
    /// Once, at the beginning of a program, before there are other threads that log.
    ///
    /// # Errors
    /// [`TelemetryError`] if any of it cannot be had.
    pub fn start(self) -> Result<(TelemetryGuard, TelemetryObserver), TelemetryError> {
        let config = self.config;
        let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = Vec::new();
        if let Some(config) = &config.log {
            layers.push(log::layer(config, io::stderr)?);
        }
        #[cfg(feature = "otlp")]
        let exporter = config
            .otlp
            .as_ref()
            .map(crate::traces::Exporter::new)
            .transpose()?;
        #[cfg(feature = "otlp")]
        layers.extend(exporter.as_ref().map(crate::traces::Exporter::layer));
        if !layers.is_empty() {
            let subscriber = tracing_subscriber::registry().with(layers);
            subscriber.try_init().map_err(|_| TelemetryError::LogTaken)?;
        }
        let metrics = config
            .metrics
            .as_ref()
            .map(|config| Arc::new(Metrics::new(config)));
        let lost = metrics
            .as_ref()
            .map_or_else(Counter::default, |metrics| metrics.audit_lost.clone());
        let audit = config
            .audit
            .as_ref()
            .map(|config| AuditLog::start(config, lost))
            .transpose()?;
        let (audit, writer) = audit.unzip();
        #[cfg(feature = "sentry")]
        let (faults, reporter) = config
            .sentry
            .as_ref()
            .map(crate::faults::start)
            .transpose()?
            .unzip();
        let observer = TelemetryObserver {
            metrics: metrics.clone(),
            audit,
            #[cfg(feature = "otlp")]
            traces: exporter.is_some().then(crate::traces::Traces::default),
            #[cfg(feature = "sentry")]
            faults,
        };
        let guard = TelemetryGuard {
            metrics,
            audit: writer,
            #[cfg(feature = "otlp")]
            _exporter: exporter,
            #[cfg(feature = "sentry")]
            _reporter: reporter,
        };
        Ok((guard, observer))
    }
}

impl TelemetryGuard {
    /// The page of figures for [`HttpConfig::metrics`](holdall_http::HttpConfig::metrics), or for a
    /// [server of its own](holdall_http::MetricsServer); `None` without metrics.
    pub fn metrics_page(&self) -> Option<MetricsPage> {
        let metrics = Arc::clone(self.metrics.as_ref()?);
        Some(MetricsPage::new(metrics::CONTENT_TYPE, move || metrics.render()))
    }

    /// Opens the file of the audit log anew: for `SIGHUP`, after something moved it away.
    pub fn reopen(&self) {
        if let Some(audit) = &self.audit {
            audit.reopen();
        }
    }
}
