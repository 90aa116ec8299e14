//! How spans reach a collector of OpenTelemetry.
//!
//! The span of a call is a step of its caller's trace: where that stands comes with the call, in `_meta` or in a header.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use holdall::observe::{CallKind, CallRecord, ObservedCall};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use ureq::Agent;

use crate::config::OtlpConfig;
use crate::error::TelemetryError;
use crate::log::is_harmless;
use crate::outbound::{self, REPLY_BYTES_MAX};

/// How long what is left may take to be sent at the end.
const FLUSHED: Duration = Duration::from_secs(5);

/// Makes calls steps of their callers' traces. Cloning is cheap.
#[derive(Clone, Default)]
pub(crate) struct Traces;

/// What sends spans. Dropped, it sends what is left.
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    pub(crate) fn new(config: &OtlpConfig) -> Result<Self, TelemetryError> {
        let headers = config.headers.iter();
        let headers: HashMap<String, String> = headers
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect();
        let timeout = Duration::from_millis(config.timeout_ms);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client(outbound::agent(timeout)))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&config.endpoint)
            .with_timeout(timeout)
            .with_headers(headers)
            .build()
            .map_err(|error| TelemetryError::Otlp {
                endpoint: config.endpoint.clone(),
                problem: error.to_string(),
            })?;
        let resource = Resource::builder_empty()
            .with_service_name(config.service_name.clone())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            // By the id of the trace alone: what callers say of sampling would let them choose for us.
            .with_sampler(Sampler::TraceIdRatioBased(config.sample_ratio))
            .build();
        Ok(Self(provider))
    }

    /// A layer that sends spans; events within them are for the log.
    pub(crate) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let is_sent = filter_fn(|metadata| {
            metadata.is_span() && *metadata.level() <= Level::INFO && is_harmless(metadata)
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("holdall"))
            .with_location(false)
            .with_threads(false)
            .with_filter(is_sent)
            .boxed()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSHED) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

impl Traces {
    pub(crate) fn call_begun(&self, call: &ObservedCall, span: &Span) {
        if call.traceparent().is_some() {
            let parent = TraceContextPropagator::new().extract(&Carrier(call));
            // Without the layer, or with a filter that leaves the span out, there is no trace to be part of.
            let _ = span.set_parent(parent);
        }
        let method = match call.kind() {
            CallKind::Tool => "tools/call",
            CallKind::Resource => "resources/read",
            CallKind::Prompt => "prompts/get",
            _ => "completion/complete",
        };
        span.set_attribute("mcp.method.name", method);
        if let (CallKind::Tool, Some(name)) = (call.kind(), call.name()) {
            span.set_attribute("gen_ai.tool.name", name.to_owned());
        }
    }

    pub(crate) fn call_ended(&self, record: &CallRecord<'_>) {
        let span = Span::current();
        span.set_attribute("mcp.outcome", record.outcome.as_str());
        if let Some(kind) = record.outcome.error_kind() {
            span.set_attribute("error.type", kind.as_str());
            span.set_status(Status::error(kind.as_str()));
        }
    }
}

/// Where the trace stands, by the names the W3C gave it.
struct Carrier<'a>(&'a ObservedCall);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.0.traceparent(),
            "tracestate" => self.0.tracestate(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Sends from the thread of the exporter, which may wait.
struct Client(Agent);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Sending<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let reply = self.0.run(Request::from_parts(parts, &body[..]))?;
            let (parts, mut body) = reply.into_parts();
            let bytes = body.with_config().limit(REPLY_BYTES_MAX).read_to_vec()?;
            Ok(Response::from_parts(parts, bytes.into()))
        })
    }
}
