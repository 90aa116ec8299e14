//! What can be chosen: [`TelemetryConfig`]. It is read from a file or made in code; either way unknown keys are errors,
//! and what is left out has its default.

#[cfg(feature = "otlp")]
use std::collections::BTreeMap;
use std::path::PathBuf;

#[cfg(any(feature = "otlp", feature = "sentry"))]
use holdall::Secret;
use serde::Deserialize;

/// What operators learn of a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TelemetryConfig {
    /// What is logged to standard error. Default: warnings and errors, as text. `None` leaves the log to somebody else.
    pub log: Option<LogConfig>,
    /// Whether there are metrics. Default: no.
    pub metrics: Option<MetricsConfig>,
    /// Whether there is a line for each call. Default: no.
    pub audit: Option<AuditConfig>,
    /// Whether spans are sent to a collector of OpenTelemetry. Default: no.
    #[cfg(feature = "otlp")]
    pub otlp: Option<OtlpConfig>,
    /// Whether Sentry is told of panics and faults. Default: no.
    #[cfg(feature = "sentry")]
    pub sentry: Option<SentryConfig>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log: Some(LogConfig::default()),
            metrics: None,
            audit: None,
            #[cfg(feature = "otlp")]
            otlp: None,
            #[cfg(feature = "sentry")]
            sentry: None,
        }
    }
}

/// What is logged to standard error, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LogConfig {
    /// What is logged: a level, or a filter of `tracing` such as `warn,holdall=debug`. Default: `warn`.
    ///
    /// Libraries that would write whole messages or headers are never more talkative than `info`, whatever it says.
    pub filter: String,
    /// What the lines look like. Default: text.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "warn".into(),
            format: LogFormat::default(),
        }
    }
}

/// What the lines of the log look like. Either way each is one line: control characters are escaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// What is counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricsConfig {
    /// How many names of tools, resources and prompts become labels; the rest is counted as `other`. Default: 1000.
    pub names_max: usize,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { names_max: 1000 }
    }
}

/// Where the line for each call goes, and what it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditConfig {
    /// The file lines are added to; readable and writable by its owner alone if it is made. Default: standard error.
    pub file: Option<PathBuf>,
    /// Whether the values of arguments are in the line. What is named like a secret is left out even then, as far down
    /// as it may be. Default: `false`.
    pub arguments: bool,
    /// How many bytes may wait to be written. If the disk is slower than the calls, lines beyond that are lost, and a line
    /// says how many: an auditor learns of the gap, and no caller waits for a disk. Default: 4 MiB.
    pub queue_bytes: usize,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            file: None,
            arguments: false,
            queue_bytes: 4 * 1024 * 1024,
        }
    }
}

/// Where spans are sent.
#[cfg(feature = "otlp")]
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OtlpConfig {
    /// The whole URL of the collector, protobuf over HTTP. Default: `http://localhost:4318/v1/traces`.
    pub endpoint: String,
    /// Headers the collector wants, such as a key. Default: none.
    pub headers: BTreeMap<String, Secret>,
    /// The name of the service. Default: `holdall`.
    pub service_name: String,
    /// Which share of the traces is sent, from 0 to 1, chosen by the trace's id. Callers cannot raise it. Default: 1.
    pub sample_ratio: f64,
    /// How long sending may take, in milliseconds. Default: 10 seconds.
    pub timeout_ms: u64,
}

#[cfg(feature = "otlp")]
impl Default for OtlpConfig {
    fn default() -> Self {
        Self {
            endpoint: "http://localhost:4318/v1/traces".into(),
            headers: BTreeMap::new(),
            service_name: "holdall".into(),
            sample_ratio: 1.0,
            timeout_ms: 10_000,
        }
    }
}

/// What Sentry is told.
#[cfg(feature = "sentry")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SentryConfig {
    /// The DSN of the project.
    pub dsn: Secret,
    /// `production`, `staging`. Default: none.
    #[serde(default)]
    pub environment: Option<String>,
    /// Whether the texts of panics and faults are sent. They can hold values of arguments. Default: `false`: kind, name
    /// and stack are.
    #[serde(default)]
    pub messages: bool,
    /// Whether the address of the caller is sent. Default: `false`.
    #[serde(default)]
    pub addresses: bool,
}

#[cfg(feature = "sentry")]
impl SentryConfig {
    /// Reports to this project, and no more than has to be.
    pub fn new(dsn: Secret) -> Self {
        Self {
            dsn,
            environment: None,
            messages: false,
            addresses: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default_and_what_is_unknown_is_an_error() {
        let config: TelemetryConfig = serde_json::from_str(r#"{"audit": {"arguments": true}}"#).unwrap();
        assert_eq!(config.log.expect("the log is on").filter, "warn");
        let audit = config.audit.expect("it was asked for");
        assert!(audit.arguments && audit.file.is_none());
        assert!(config.metrics.is_none());
        for wrong in [
            r#"{"audti": {}}"#,
            r#"{"audit": {"arguements": true}}"#,
            r#"{"log": {"format": "xml"}}"#,
        ] {
            assert!(serde_json::from_str::<TelemetryConfig>(wrong).is_err(), "{wrong}");
        }
    }

    #[cfg(feature = "sentry")]
    #[test]
    fn secrets_are_not_shown() {
        let config = SentryConfig::new(Secret::new("https://canary@sentry.example/1"));
        assert!(!format!("{config:?}").contains("canary"));
    }
}
