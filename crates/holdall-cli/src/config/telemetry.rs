//! What operators learn: the sections about logs, figures, audit, traces and reports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use holdall::schemars::{self, JsonSchema};
use holdall_telemetry as telemetry;
use holdall_telemetry::TelemetryConfig;
use serde::{Deserialize, Serialize};

use super::{Config, Secret};

/// What the program tells about its work, on standard error.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// What to log: `error`, `warn`, `info`, `debug`, `trace`, or a filter of the tracing crate such as
    /// `warn,holdall_http=debug`.
    pub(crate) level: String,
    /// Lines for people, or JSON for programs.
    pub(crate) format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "warn".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// What the log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// A line of JSON for each call: who called what, how large, how long, what came of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuditConfig {
    /// The file lines are added to. Without it there is no audit log. `SIGHUP` has it opened anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) file: Option<PathBuf>,
    /// Whether the values of arguments are in the line. What is named like a secret is left out even then.
    pub(crate) arguments: bool,
}

/// Figures for Prometheus.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricsConfig {
    /// Whether there are any: at `/metrics`, for this machine and for callers with the scope `metrics`.
    pub(crate) enabled: bool,
    /// An address of their own to read them at, without authentication, such as `127.0.0.1:9464`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) listen: Option<SocketAddr>,
    /// How many names of tools, resources and prompts become labels; the rest is counted as `other`.
    pub(crate) names_max: usize,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: None,
            names_max: telemetry::MetricsConfig::default().names_max,
        }
    }
}

/// Traces for a collector of OpenTelemetry, as protobuf over HTTP.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OtlpConfig {
    /// The whole URL of the collector, such as `http://localhost:4318/v1/traces`. Without it nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    pub(crate) endpoint: Option<String>,
    /// Headers the collector wants, such as a key.
    pub(crate) headers: BTreeMap<String, Secret>,
    /// What this server is called there.
    pub(crate) service_name: String,
    /// Which share of the traces is sent, from 0 to 1.
    pub(crate) sample_ratio: f64,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: BTreeMap::new(),
            service_name: "holdall".to_owned(),
            sample_ratio: 1.0,
        }
    }
}

/// Reports of panics and internal errors to Sentry. Neither arguments nor headers are sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SentryConfig {
    /// The DSN of the project. Without it nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dsn: Option<Secret>,
    /// `production`, `staging`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
    /// Whether the texts of panics and internal errors are sent. They can hold values of arguments.
    pub(crate) messages: bool,
    /// Whether the address of the caller is sent.
    pub(crate) addresses: bool,
}

/// Whether somebody's name or password stands in front of the host.
fn holds_login(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#'])
        .next()
        .is_some_and(|host| host.contains('@'))
}

impl Config {
    /// What telemetry is asked to do. Only a server that serves has more than a log.
    pub(crate) fn telemetry(&self, serves: bool) -> Result<TelemetryConfig> {
        let mut log = telemetry::LogConfig::default();
        log.filter.clone_from(&self.log.level);
        log.format = match self.log.format {
            LogFormat::Text => telemetry::LogFormat::Text,
            LogFormat::Json => telemetry::LogFormat::Json,
        };
        let mut config = TelemetryConfig::default();
        config.log = Some(log);
        if !serves {
            return Ok(config);
        }
        config.metrics = self.metrics.enabled.then(|| {
            let mut metrics = telemetry::MetricsConfig::default();
            metrics.names_max = self.metrics.names_max;
            metrics
        });
        config.audit = self.audit.file.clone().map(|file| {
            let mut audit = telemetry::AuditConfig::default();
            audit.file = Some(file);
            audit.arguments = self.audit.arguments;
            audit
        });
        self.remote(&mut config)?;
        Ok(config)
    }

    fn remote(&self, config: &mut TelemetryConfig) -> Result<()> {
        if let Some(endpoint) = &self.otlp.endpoint {
            if holds_login(endpoint) {
                bail!(
                    "`otlp.endpoint` holds a user or a password, which are secret: leave them out, and set `otlp.headers`"
                );
            }
            if !(0.0..=1.0).contains(&self.otlp.sample_ratio) {
                bail!(
                    "`otlp.sample_ratio` is {}: it must be from 0 to 1",
                    self.otlp.sample_ratio
                );
            }
            let mut otlp = telemetry::OtlpConfig::default();
            otlp.endpoint.clone_from(endpoint);
            for (name, value) in &self.otlp.headers {
                let value = value
                    .read()
                    .with_context(|| format!("the header `{name}` of [otlp] is not to be had"))?;
                otlp.headers.insert(name.clone(), holdall::Secret::new(value));
            }
            otlp.service_name.clone_from(&self.otlp.service_name);
            otlp.sample_ratio = self.otlp.sample_ratio;
            config.otlp = Some(otlp);
        }
        if let Some(dsn) = &self.sentry.dsn {
            let dsn = dsn.read().context("the `dsn` of [sentry] is not to be had")?;
            let mut sentry = telemetry::SentryConfig::new(holdall::Secret::new(dsn));
            sentry.environment.clone_from(&self.sentry.environment);
            sentry.messages = self.sentry.messages;
            sentry.addresses = self.sentry.addresses;
            config.sentry = Some(sentry);
        }
        Ok(())
    }
}
