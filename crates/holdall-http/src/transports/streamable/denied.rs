//! Calls that are refused for lack of scopes before they reach the service: those who are told of calls are told of these.

use holdall::CallError;
use holdall::protocol::model::{MetaObject, ProtocolVersion, RequestId, RequestMetaObject};
use holdall::protocol::{JsonObject, RequestContext};
use http::request::Parts;
use serde::Deserialize;
use serde_json::Value;

use super::Streamable;
use crate::auth::message::Subject;
use crate::transports::sessions::SESSION_ID;

/// Where a message says which protocol version it is of.
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// A call as far as observers are told of it. Whatever it is, it was refused, so nothing of it is judged here.
#[derive(Deserialize)]
struct Call {
    id: RequestId,
    #[serde(default)]
    params: JsonObject,
}

impl Streamable {
    /// Tells of a call that is refused with `error`. What asks for no reply is no call.
    pub(super) fn tell_of_refusal(&self, parts: &Parts, body: &[u8], about: &Subject<'_>, error: &CallError) {
        let service = self.direct.service();
        if !service.is_observed() {
            return;
        }
        let Ok(Call { id, mut params }) = serde_json::from_slice(body) else {
            return;
        };
        let mut meta = object(params.remove("_meta")).unwrap_or_default();
        if let Some(version) = self.agreed(parts) {
            // In a session it was said once, when it was opened.
            meta.entry(VERSION).or_insert_with(|| version.as_str().into());
        }
        let mut request = RequestContext::new(id, self.direct.nobody());
        request.meta = RequestMetaObject(MetaObject(meta));
        request.extensions.insert(parts.clone());
        let arguments = object(params.remove("arguments"));
        service.observe_refusal(about.method, about.name, arguments.as_ref(), error, request);
    }

    /// The version agreed upon in the session of a request.
    fn agreed(&self, parts: &Parts) -> Option<ProtocolVersion> {
        let id = parts.headers.get(SESSION_ID)?.to_str().ok()?;
        self.sessions.version(id)
    }
}

fn object(value: Option<Value>) -> Option<JsonObject> {
    match value {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}
