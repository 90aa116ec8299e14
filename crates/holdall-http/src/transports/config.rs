//! The bounds of the transports: [`TransportConfig`].

use std::time::Duration;

use holdall::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

/// The bounds of the transports.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TransportConfig {
    /// How long a client may take to send the body of a request. Default: 30 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub body_timeout: Duration,
    /// How long a client may pause while it sends the body of a request. Default: 10 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub body_idle_timeout: Duration,
    /// How long a client may pause while there is something for it to read, before it is dropped. Default: 30 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub write_timeout: Duration,
    /// How often a silent stream says that it lives. A WebSocket client that gives no sign of life for twice as long is
    /// dropped. Default: 15 seconds.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub keep_alive: Duration,
    /// Streams open at once: `/sse`, `/ws`, `GET /mcp`, `subscriptions/listen`. Default: 1024.
    pub streams_max: usize,
    /// Streams one principal may have open at once, or one address where nobody is asked who they are. Default: 128.
    pub streams_per_principal_max: usize,
    /// Requests under way at once on one connection of HTTP+SSE or WebSocket. Default: 64.
    pub requests_max: usize,
    /// Bytes waiting for one client of HTTP+SSE or WebSocket to read them; beyond that, its calls wait. A single larger
    /// message goes out alone. Default: 4 MiB.
    pub outgoing_bytes_max: usize,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            body_timeout: Duration::from_secs(30),
            body_idle_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
            streams_max: 1024,
            streams_per_principal_max: 128,
            requests_max: 64,
            outgoing_bytes_max: 4 * 1024 * 1024,
        }
    }
}
