//! What operators learn of a Holdall server: metrics, audit log, logs, traces, reports of faults.
//!
//! ```
//! use holdall::prelude::*;
//! use holdall_http::HttpConfig;
//! use holdall_telemetry::{MetricsConfig, Telemetry, TelemetryConfig};
//!
//! let mut config = TelemetryConfig::default();
//! // Logs belong to the program as a whole; a test has none.
//! config.log = None;
//! config.metrics = Some(MetricsConfig::default());
//! let (telemetry, observer) = Telemetry::new(config).start()?;
//!
//! #[tool]
//! fn greet(name: String) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! let service = Server::new("greeter").add(tools![greet]).observe(observer.clone()).build()?;
//! let mut http = HttpConfig::default();
//! http.observers = http.observers.with(observer);
//! http.metrics = telemetry.metrics_page();
//! // Serve, and keep `telemetry` until the end: what is still to be written or sent goes out when it is dropped.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here is on unless it is asked for, except the log. Values of arguments are in none of it unless the audit log
//! is told to have them, and what is named like a secret not even then.
//!
//! | file | question it answers |
//! | --- | --- |
//! | `config` | what can be chosen: [`TelemetryConfig`] |
//! | `start` | how it all begins and ends: [`Telemetry`] |
//! | `observer` | who is told of what happens: [`TelemetryObserver`] |
//! | `metrics` | what is counted, under which labels |
//! | `audit` | who called what: one line a call |
//! | `log` | what lines of the log look like, and which libraries are kept quiet |
//! | `traces` | how spans reach a collector (feature `otlp`) |
//! | `faults` | how panics and faults reach Sentry (feature `sentry`) |
//! | `outbound` | how anything is sent |

mod audit;
mod config;
mod error;
#[cfg(feature = "sentry")]
mod faults;
mod log;
mod metrics;
mod observer;
#[cfg(any(feature = "otlp", feature = "sentry"))]
mod outbound;
mod start;
#[cfg(feature = "otlp")]
mod traces;

#[cfg(feature = "otlp")]
pub use config::OtlpConfig;
#[cfg(feature = "sentry")]
pub use config::SentryConfig;
pub use config::{AuditConfig, LogConfig, LogFormat, MetricsConfig, TelemetryConfig};
pub use error::TelemetryError;
pub use observer::TelemetryObserver;
pub use start::{Telemetry, TelemetryGuard};
