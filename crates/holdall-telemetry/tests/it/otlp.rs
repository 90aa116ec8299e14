//! Traces, as a collector gets them. They need the log of the whole process, so each test runs in one of its own.

use holdall::Secret;
use holdall_http::HttpConfig;
use holdall_telemetry::{OtlpConfig, Telemetry, TelemetryConfig};
use holdall_testkit::Served;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;

use crate::canaries::in_a_process_of_its_own;
use crate::collector::Collector;
use crate::{http_call, server, tools_call};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const OTHER_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

#[test]
fn spans_of_calls_belong_to_the_traces_of_their_callers() {
    in_a_process_of_its_own(
        "otlp::spans_of_calls_belong_to_the_traces_of_their_callers",
        || {
            let collector = Collector::start();
            let mut otlp = OtlpConfig::default();
            otlp.endpoint = format!("http://{}/v1/traces", collector.address());
            otlp.headers.insert("x-key".into(), Secret::new("let me in"));
            let mut config = TelemetryConfig::default();
            config.log = None;
            config.otlp = Some(otlp);
            let (telemetry, observer) = Telemetry::new(config).start().expect("it starts");
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let served = Served::start_with(server().observe(observer), HttpConfig::default()).await;
                // In the message, which counts more than the header.
                let mut message = tools_call("greet", json!({"name": "canary"}));
                message["params"]["_meta"]["traceparent"] = format!("00-{TRACE}-{PARENT}-01").into();
                http_call("greet", json!({}))
                    .body(message.to_string())
                    .header("traceparent", &format!("00-{OTHER_TRACE}-{PARENT}-01"))
                    .send(served.address())
                    .await;
                // In the header alone.
                http_call("fail", json!({}))
                    .header("traceparent", &format!("00-{OTHER_TRACE}-{PARENT}-00"))
                    .send(served.address())
                    .await;
            });
            drop(runtime);
            drop(telemetry);
            let mut got = vec![collector.next()];
            got.extend(collector.rest());
            assert_eq!(got[0].path, "/v1/traces");
            assert!(
                got[0].headers.to_lowercase().contains("x-key: let me in"),
                "{}",
                got[0].headers
            );
            let mut spans = Vec::new();
            for got in &got {
                let export = ExportTraceServiceRequest::decode(&got.body[..]).expect("protobuf");
                for resource in export.resource_spans {
                    spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
                }
                assert!(!String::from_utf8_lossy(&got.body).contains("canary"));
            }
            let of = |tool: &str| {
                let mut found = spans
                    .iter()
                    .filter(|span| attribute(span, "called").as_deref() == Some(tool));
                let span = found
                    .next()
                    .unwrap_or_else(|| panic!("no span of {tool} in {spans:?}"));
                assert!(found.next().is_none(), "two spans of {tool}");
                span
            };
            let greet = of("greet");
            assert_eq!(
                (hex(&greet.trace_id), hex(&greet.parent_span_id)),
                (TRACE.to_owned(), PARENT.to_owned())
            );
            assert_eq!(attribute(greet, "mcp.method.name").as_deref(), Some("tools/call"));
            assert_eq!(attribute(greet, "mcp.outcome").as_deref(), Some("ok"));
            let fail = of("fail");
            assert_eq!(
                (hex(&fail.trace_id), hex(&fail.parent_span_id)),
                (OTHER_TRACE.to_owned(), PARENT.to_owned())
            );
            assert_eq!(attribute(fail, "error.type").as_deref(), Some("not_found"));
            assert_eq!(fail.status.as_ref().map(|status| status.code), Some(2));
        },
    );
}
