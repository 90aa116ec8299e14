//! What every call begins with: its span in the log, and those who watch it.

use tracing::Span;
use tracing::field::Empty;

use super::Service;
use crate::context::Context;
use crate::error::CallError;
use crate::observe::{Addressed, Arrival, CallKind, Guard, Watch};
use crate::protocol::{ErrorData, JsonObject, RequestContext, RoleServer};
use crate::turn::Taken;
use crate::wire::TOO_MANY_REQUESTS;

/// What a call runs under.
pub(super) struct Entry {
    pub(super) span: Span,
    /// Kept until the call has ended; dropped before, the call was given up.
    pub(super) guard: Guard,
}

impl Service {
    /// Begins a call: from here on it is told of, whatever becomes of it.
    pub(super) fn enter(&self, addressed: &Addressed<'_>, context: &mut Context) -> Entry {
        let kind = addressed.kind.as_str();
        // What clients make up is not a name, and the variables in the URI of a resource are not for the log.
        let name = addressed.registered.unwrap_or("unknown");
        let span = span(kind, name, context, self);
        let watch = Watch::new(&self.observers, addressed, context, || self.arrival(context));
        context.watched_by(&watch);
        let guard = watch.begin(&span);
        Entry { span, guard }
    }

    /// Tells observers of a call that a transport refused with [`scope_refusal`](Self::scope_refusal) and does not hand
    /// on: as of any other that began and failed. `request` is what it would have been handed on with. Nobody is told of
    /// what is no call, such as `resources/subscribe`.
    pub fn observe_refusal(
        &self,
        method: &str,
        name: &str,
        arguments: Option<&JsonObject>,
        error: &CallError,
        request: RequestContext<RoleServer>,
    ) {
        let catalogue = self.catalogue();
        let (kind, registered) = match method {
            "tools/call" => {
                let tool = catalogue.tools.get(name);
                (CallKind::Tool, tool.map(|tool| tool.listing.name.as_ref()))
            }
            "prompts/get" => {
                let prompt = catalogue.prompts.get(name);
                (
                    CallKind::Prompt,
                    prompt.map(|prompt| prompt.listing.name.as_str()),
                )
            }
            // Which resource a URI means is found out only for whoever may read it.
            "resources/read" => (CallKind::Resource, None),
            _ => return,
        };
        let addressed = Addressed {
            kind,
            requested: name,
            registered,
            arguments,
        };
        let mut context = self.context(request);
        let _entry = self.enter(&addressed, &mut context);
        context.watch().fail(error);
    }

    /// Waits until it is the turn of a call, which lasts until what is returned is dropped.
    ///
    /// # Errors
    /// If that will not be soon.
    pub(super) async fn turn(&self, context: &mut Context) -> Result<Option<Taken>, ErrorData> {
        let turns = self.turns.as_ref();
        let Some(turn) = turns.and_then(|turns| turns(&context.request().extensions)) else {
            return Ok(None);
        };
        let taken = Taken::wait(&turn).await.map_err(|error| {
            let data = serde_json::json!({ "error": error.to_json() });
            ErrorData::new(TOO_MANY_REQUESTS, error.to_string(), Some(data))
        })?;
        context.takes_turns(&turn);
        Ok(Some(taken))
    }

    /// How a call came here.
    fn arrival(&self, context: &Context) -> Arrival {
        let arrive = self.arrive.as_ref();
        arrive.map_or_else(Arrival::default, |arrive| arrive(&context.request().extensions))
    }
}

/// The span of a call.
///
/// `called` is the name something was registered under; `request_id` is what the transport calls the request, or else what the client does; `message_id` what the client
/// calls it, where that is something else.
pub(super) fn span(kind: &'static str, name: &str, context: &Context, service: &Service) -> Span {
    let span = tracing::info_span!(
        "call",
        kind,
        called = name,
        principal = context.principal().name(),
        request_id = Empty,
        message_id = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let message_id = context.request_id();
    match service.arrival(context).request_id {
        Some(request_id) => {
            span.record("request_id", &*request_id);
            span.record("message_id", message_id);
        }
        None => {
            span.record("request_id", message_id);
        }
    }
    span
}
