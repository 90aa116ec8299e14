//! What observers are told: [`ObservedCall`] when a call begins, [`CallRecord`] when it has ended.

use std::time::Duration;

use rmcp::model::RequestId;

use super::{Arrival, Wants};
use crate::context::Context;
use crate::error::{CallError, ErrorKind};
use crate::pipeline::Panicked;
use crate::principal::Principal;
use crate::protocol::{JsonObject, ProtocolVersion};
use crate::reply::object_bytes;

/// The longest `traceparent` and `tracestate` that are looked at, in characters; the standard says 55 and 512.
const TRACE_CHARS_MAX: usize = 512;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// `tools/call`.
    Tool,
    /// `resources/read`.
    Resource,
    /// `prompts/get`.
    Prompt,
    /// `completion/complete`.
    Completion,
}

impl CallKind {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Tool, Self::Resource, Self::Prompt, Self::Completion];

    /// The stable word, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
            Self::Completion => "completion",
        }
    }
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It has a result.
    Succeeded,
    /// It asked the client in its reply. With the answer it is called again, which is a call of its own.
    Asked,
    /// It failed. [`ErrorKind::Cancelled`] is also what became of a call whose client hung up.
    Failed(ErrorKind),
}

impl Outcome {
    /// The stable word, in lower case: `ok`, `asked` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "ok",
            Self::Asked => "asked",
            Self::Failed(_) => "error",
        }
    }

    /// The kind of failure, if it is one.
    pub fn error_kind(self) -> Option<ErrorKind> {
        match self {
            Self::Failed(kind) => Some(kind),
            Self::Succeeded | Self::Asked => None,
        }
    }
}

/// A call as it begins.
pub struct ObservedCall {
    kind: CallKind,
    name: Option<String>,
    requested: Option<String>,
    principal: Principal,
    request_id: RequestId,
    arrival: Arrival,
    protocol_version: Option<ProtocolVersion>,
    argument_bytes: Option<usize>,
    pub(super) arguments: Option<JsonObject>,
    trace: Option<(String, Option<String>)>,
}

/// What is called, as far as the message says.
pub(crate) struct Addressed<'a> {
    pub(crate) kind: CallKind,
    /// The name or URI in the message.
    pub(crate) requested: &'a str,
    /// What it was registered as, if there is such a thing.
    pub(crate) registered: Option<&'a str>,
    pub(crate) arguments: Option<&'a JsonObject>,
}

impl ObservedCall {
    pub(super) fn new(addressed: &Addressed<'_>, context: &Context, arrival: Arrival, wants: Wants) -> Self {
        let kind = addressed.kind;
        let same = addressed.registered == Some(addressed.requested);
        Self {
            kind,
            name: addressed.registered.map(str::to_owned),
            requested: (!same).then(|| addressed.requested.to_owned()),
            principal: context.principal().clone(),
            request_id: context.request().id.clone(),
            protocol_version: context.protocol_version(),
            argument_bytes: wants.sizes.then(|| match kind {
                CallKind::Resource => addressed.requested.len(),
                _ => addressed.arguments.map_or(0, object_bytes),
            }),
            arguments: addressed.arguments.filter(|_| wants.arguments).cloned(),
            trace: if wants.trace {
                trace(context, &arrival)
            } else {
                None
            },
            arrival,
        }
    }

    /// What is called.
    pub fn kind(&self) -> CallKind {
        self.kind
    }

    /// The name of the tool or prompt, or the URI or URI template of the resource, as it was registered: one of few.
    /// For a completion, that of the prompt or template it is about. `None` if there is no such thing: what clients
    /// make up is not to become the label of a metric.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What the client wrote: the name, or the whole URI of the resource, in which its variables are filled in. Of any
    /// length, and possibly confidential.
    pub fn requested(&self) -> &str {
        self.requested
            .as_deref()
            .or(self.name.as_deref())
            .unwrap_or_default()
    }

    /// Who calls.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The id of the request, as the client chose it: unique within its connection at most.
    pub fn request_id(&self) -> String {
        self.request_id.to_string()
    }

    /// How the call came here.
    pub fn arrival(&self) -> &Arrival {
        &self.arrival
    }

    /// The protocol version of the request, if the client has said it.
    pub fn protocol_version(&self) -> Option<&ProtocolVersion> {
        self.protocol_version.as_ref()
    }

    /// How many bytes the arguments take, near enough: without white space and escapes; of a resource, its URI. Only for observers that
    /// [want](Wants::sizes) it.
    pub fn argument_bytes(&self) -> Option<usize> {
        self.argument_bytes
    }

    /// The values of the arguments of a tool or prompt, as they came. Only told if some observer
    /// [wants](Wants::arguments) them.
    pub fn arguments(&self) -> Option<&JsonObject> {
        self.arguments.as_ref()
    }

    /// Where the caller's trace stands, as W3C `traceparent`: from the `_meta` of the request, or else from the transport.
    /// Only for observers that [want](Wants::trace) it; unchecked.
    pub fn traceparent(&self) -> Option<&str> {
        self.trace.as_ref().map(|(parent, _)| parent.as_str())
    }

    /// The W3C `tracestate` that came with [`traceparent`](Self::traceparent).
    pub fn tracestate(&self) -> Option<&str> {
        self.trace.as_ref().and_then(|(_, state)| state.as_deref())
    }
}

/// The trace in the message counts more: whoever wrote it is nearer to the call than a proxy.
fn trace(context: &Context, arrival: &Arrival) -> Option<(String, Option<String>)> {
    let meta = &context.request().meta;
    let short = |text: &str| (text.len() <= TRACE_CHARS_MAX).then(|| text.to_owned());
    if let Some(parent) = meta.get_traceparent() {
        return Some((short(parent)?, meta.get_tracestate().and_then(short)));
    }
    let parent = arrival.traceparent.as_deref()?;
    Some((short(parent)?, arrival.tracestate.as_deref().and_then(short)))
}

/// A call that has ended.
#[non_exhaustive]
pub struct CallRecord<'a> {
    /// The call.
    pub call: &'a ObservedCall,
    /// How long it took, from the moment the server knew what was called.
    pub duration: Duration,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether it became a task: then its request was answered before, and this is the end of the task.
    pub became_task: bool,
    /// How many bytes the result takes, near enough: without white space, escapes and metadata. Only if it succeeded,
    /// and only for observers that [want](Wants::sizes) it.
    pub result_bytes: Option<usize>,
    /// What went wrong. Message, hint and problems can hold values of arguments; [`CallError::source`] is the cause.
    /// `None` if the call succeeded, or was dropped.
    pub error: Option<&'a CallError>,
}

impl CallRecord<'_> {
    /// Whether the function panicked.
    pub fn panicked(&self) -> bool {
        let source = self.error.and_then(CallError::source);
        source.is_some_and(|source| source.is::<Panicked>())
    }
}
