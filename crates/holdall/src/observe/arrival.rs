//! How a call came here: [`Arrival`].

use std::net::IpAddr;
use std::sync::Arc;

/// How a call came here, as its transport tells it with
/// [`Service::arriving_by`](crate::Service::arriving_by).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// The transport: `stdio`, `streamable_http`. A word for logs and metrics, so there are few of them. Empty for a
    /// service that is served within its own process.
    pub transport: &'static str,
    /// The address of the client, where there is one.
    pub address: Option<IpAddr>,
    /// What the transport calls the request in its own logs. Unlike the id the client chose, it is unique.
    pub request_id: Option<Arc<str>>,
    /// Where the caller's trace stands, as the transport was told: the W3C `traceparent`.
    pub traceparent: Option<Arc<str>>,
    /// The W3C `tracestate` that came with it.
    pub tracestate: Option<Arc<str>>,
}

impl Arrival {
    /// By this transport, and nothing else is known.
    pub fn by(transport: &'static str) -> Self {
        Self {
            transport,
            ..Self::default()
        }
    }

    /// From this address.
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// With an id the transport made or took from a proxy.
    pub fn with_request_id(mut self, id: impl Into<Arc<str>>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// As a step of a trace.
    pub fn within_trace(mut self, traceparent: impl Into<Arc<str>>, tracestate: Option<Arc<str>>) -> Self {
        self.traceparent = Some(traceparent.into());
        self.tracestate = tracestate;
        self
    }
}
