//! The direct way: a stateless `tools/call` whose tool needs nothing of the protocol but its arguments.
//!
//! `rmcp` starts a whole service for every stateless request; most of a small call's time goes there. A request
//! that looks exactly as protocol 2026-07-28 wants it, for a tool that never looks at its context, is read and
//! answered here, with `rmcp`'s own types and the same pipeline. Whatever is unusual in any way takes the usual way:
//! nothing is refused here, and no reply differs.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use holdall::protocol::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, MetaObject, ProtocolVersion,
    RequestId, RequestMetaObject,
};
use holdall::protocol::{JsonObject, RequestContext, RoleServer, RunningService, ServerHandler};
use holdall::wire::strict_object;
use holdall::{Principal, Service};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use rmcp::service::serve_directly;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use tokio::io::DuplexStream;

use crate::observe::arrival_of;

/// The one protocol version whose calls are stateless.
const VERSION: &str = "2026-07-28";
const METHOD: &str = "tools/call";
/// Larger bodies are not worth the second reading they would need if they turned out to be unusual.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Answers calls directly.
#[derive(Clone)]
pub(crate) struct Direct {
    service: Service,
    peer: Arc<Peer>,
}

/// Every call needs somebody at the other end to talk to. Tools called directly never do, so one end nobody reads
/// serves all of them.
struct Peer {
    running: RunningService<RoleServer, Service>,
    _other_end: DuplexStream,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    jsonrpc: &'a str,
    #[serde(borrow)]
    id: &'a RawValue,
    method: &'a str,
    params: Params<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params<'a> {
    name: &'a str,
    #[serde(default, deserialize_with = "arguments")]
    arguments: Option<JsonObject>,
    #[serde(rename = "_meta", deserialize_with = "meta")]
    meta: RequestMetaObject,
}

/// What is written oddly, such as one key twice, is not read here.
fn arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JsonObject>, D::Error> {
    strict_object(deserializer).map(Some)
}

fn meta<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RequestMetaObject, D::Error> {
    strict_object(deserializer).map(|object| RequestMetaObject(MetaObject(object)))
}

#[derive(Serialize)]
struct Reply {
    jsonrpc: &'static str,
    id: RequestId,
    result: CallToolResult,
}

#[derive(Serialize)]
struct Refusal {
    jsonrpc: &'static str,
    id: RequestId,
    error: ErrorData,
}

impl Direct {
    /// A direct way to the tools of `service`.
    pub(crate) fn new(service: Service) -> Self {
        let (end, other_end) = tokio::io::duplex(64);
        let running = serve_directly(service.clone(), end, None);
        Self {
            service,
            peer: Arc::new(Peer {
                running,
                _other_end: other_end,
            }),
        }
    }

    /// The service whose tools these are.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// The other end of calls that never talk to it.
    pub(super) fn nobody(&self) -> rmcp::Peer<RoleServer> {
        self.peer.running.peer().clone()
    }

    /// Whether the headers are those of a call that may be answered directly, so that its body is worth reading.
    pub(crate) fn may_answer(&self, parts: &Parts) -> bool {
        let headers = &parts.headers;
        let length =
            only(headers, &CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        parts.method == Method::POST
            && is(headers, "mcp-protocol-version", VERSION)
            && is(headers, "mcp-method", METHOD)
            && only(headers, &CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
            && only(headers, &ACCEPT)
                .and_then(|accepted| accepted.to_str().ok())
                .is_some_and(|accepted| {
                    ["application/json", "text/event-stream"]
                        .iter()
                        .all(|kind| accepted.split(',').any(|one| one.trim() == *kind))
                })
            && length.is_some_and(|length| length <= BODY_BYTES_MAX)
            && !headers.contains_key("mcp-session-id")
            && tool_name(headers).is_some_and(|name| self.answers(name, parts))
    }

    /// Who may not call the tool learns so on the usual way.
    fn answers(&self, tool: &str, parts: &Parts) -> bool {
        let principal = parts.extensions.get::<Principal>();
        principal.is_some_and(|principal| self.service.answers_without_context(tool, principal))
    }

    /// The reply, or `None` if the call has to take the usual way.
    pub(crate) async fn answer(&self, parts: &Parts, body: &[u8]) -> Option<Response> {
        let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
        let Envelope {
            jsonrpc,
            id,
            method,
            params,
        } = envelope;
        let usual = jsonrpc == "2.0"
            && method == METHOD
            && tool_name(&parts.headers) == Some(params.name)
            && is_usual(&params.meta);
        if !usual {
            return None;
        }
        let id: RequestId = serde_json::from_str(id.get()).ok()?;
        let mut context = RequestContext::new(id.clone(), self.peer.running.peer().clone());
        context.meta = params.meta;
        if let Some(principal) = parts.extensions.get::<Principal>() {
            context.extensions.insert(principal.clone());
        }
        if self.service.is_observed() || tracing::enabled!(tracing::Level::INFO) {
            context.extensions.insert(arrival_of(parts));
        }
        // A client that hangs up drops this future; whatever the call has started learns of it.
        let _cancelled_on_drop = context.ct.clone().drop_guard();
        let mut request = CallToolRequestParams::new(params.name.to_owned());
        request.arguments = params.arguments;
        // From here on there is no way back: the tool must not be called twice.
        let body = match self.service.call_tool(request, context).await {
            Ok(CallToolResponse::Complete(result)) => serde_json::to_vec(&Reply {
                jsonrpc: "2.0",
                id,
                result,
            }),
            Ok(_) => serde_json::to_vec(&Refusal {
                jsonrpc: "2.0",
                id,
                error: no_task(),
            }),
            Err(error) => serde_json::to_vec(&Refusal {
                jsonrpc: "2.0",
                id,
                error,
            }),
        };
        let mut response = Response::new(Body::from(body.expect("a reply is plain JSON")));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(response)
    }
}

/// A tool that never looks at its context can neither ask the client nor become a task.
fn no_task() -> ErrorData {
    ErrorData::internal_error("the tool answered with something other than its result", None)
}

/// The metadata every stateless request carries, in the form it should have.
fn is_usual(meta: &RequestMetaObject) -> bool {
    let client_info = "io.modelcontextprotocol/clientInfo";
    meta.protocol_version()
        .is_some_and(|version| version.as_str() == VERSION)
        && meta
            .missing_required_keys(&ProtocolVersion::V_2026_07_28)
            .is_empty()
        && (!meta.contains_key(client_info) || meta.client_info().is_some())
}

/// The `Mcp-Name` of a request if it is written plainly.
fn tool_name(headers: &HeaderMap) -> Option<&str> {
    let name = only(headers, &HeaderName::from_static("mcp-name"))?
        .to_str()
        .ok()?;
    (!name.starts_with("=?")).then_some(name)
}

fn is(headers: &HeaderMap, name: &'static str, value: &str) -> bool {
    only(headers, &HeaderName::from_static(name)).is_some_and(|found| found == value)
}

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
