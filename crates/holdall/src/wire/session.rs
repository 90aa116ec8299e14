//! What was said so far, as far as the next message depends on it: whether the connection is open, whether batches
//! are allowed, and which requests are still to be answered.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::model::{
    CancelledNotificationParam, ClientNotification, ClientRequest, ErrorCode, GetMeta, JsonRpcMessage,
    ProtocolVersion, RequestId,
};
use serde_json::Value;
use tokio::sync::Notify;

use super::Message;
use super::decode::{Decoded, Refusal};
use crate::service::task_streams;

/// The one revision whose clients may send several messages at once.
const BATCHES: ProtocolVersion = ProtocolVersion::V_2025_03_26;

/// The code of an error reply to a request that is one too many: the first of those JSON-RPC leaves to servers.
pub(crate) const TOO_MANY_REQUESTS: ErrorCode = ErrorCode(-32000);

/// The state of one connection.
pub(super) struct Session {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Whether a request has opened the connection. Until then anything else would end it.
    open: bool,
    batches_allowed: bool,
    input_closed: bool,
    /// Requests that have not been answered yet, with the batch they came in.
    pending: HashMap<RequestId, Option<u64>>,
    /// Subscriptions that are open.
    streams: HashSet<RequestId>,
    batches: HashMap<u64, Batch>,
    batches_seen: u64,
    /// Requests and subscriptions under way at once.
    requests_max: usize,
}

/// The replies to one batch go out together, once all of them are there.
struct Batch {
    /// What must happen before: its requests are answered, and all of it has been read.
    waiting: usize,
    replies: Vec<Vec<u8>>,
}

/// What follows from a text.
#[derive(Default)]
pub(super) struct Admitted {
    /// Messages for the service.
    pub(super) messages: Vec<Message>,
    /// What goes back to the client.
    pub(super) replies: Vec<Vec<u8>>,
}

impl Session {
    /// A connection on which `requests_max` requests may be under way at once.
    pub(super) fn new(requests_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                requests_max,
                ..State::default()
            }),
            changed: Notify::new(),
        }
    }

    /// Decides what becomes of a text.
    pub(super) fn admit(&self, decoded: Decoded) -> Admitted {
        let mut admitted = Admitted::default();
        self.update(|state| match decoded {
            Decoded::Nothing => tracing::debug!("blanks or a malformed answer are passed over"),
            Decoded::Refused(refusal) => admitted.replies.push(refusal.to_json()),
            Decoded::Message(message) => match state.admit(&message, None) {
                Verdict::Deliver => admitted.messages.push(*message),
                Verdict::Cancels(id) => {
                    admitted.replies.extend(state.resolve(&id, None));
                    admitted.messages.push(*message);
                }
                Verdict::Drop => {}
                Verdict::Refuse(refusal) => admitted.replies.push(refusal.to_json()),
            },
            Decoded::Batch(_) if !state.batches_allowed => {
                let message =
                    format!("batches are part of protocol {BATCHES} alone: send one message at a time");
                let refusal = Refusal::new(Value::Null, ErrorCode::INVALID_REQUEST, message);
                admitted.replies.push(refusal.to_json());
            }
            Decoded::Batch(items) => state.admit_batch(items, &mut admitted),
        });
        admitted
    }

    /// Notes that the request `id` is answered with `reply`. Returns what is to be sent now.
    pub(super) fn answer(&self, id: &RequestId, reply: Vec<u8>) -> Option<Vec<u8>> {
        self.update(|state| state.resolve(id, Some(reply)))
    }

    /// Notes that the client sends nothing more.
    pub(super) fn close_input(&self) {
        self.update(|state| state.input_closed = true);
    }

    /// Whether the client sends nothing more.
    pub(super) fn input_closed(&self) -> bool {
        self.state().input_closed
    }

    /// Resolves when every request is answered.
    pub(super) async fn none_pending(&self) {
        loop {
            let changed = self.changed.notified();
            if self.state().pending.is_empty() {
                return;
            }
            changed.await;
        }
    }

    /// Takes one of the subscriptions that are still open.
    pub(super) fn next_stream(&self) -> Option<RequestId> {
        self.update(|state| {
            let id = state.streams.iter().next().cloned()?;
            state.streams.take(&id)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.notify_waiters();
        result
    }
}

/// What becomes of one message.
enum Verdict {
    Deliver,
    /// It is delivered, and nobody waits for the answer to this request any more.
    Cancels(RequestId),
    Drop,
    Refuse(Refusal),
}

impl State {
    fn admit(&mut self, message: &Message, batch: Option<u64>) -> Verdict {
        let JsonRpcMessage::Request(request) = message else {
            return self.admit_other(message);
        };
        let id = &request.id;
        let refuse = |code, message: String| {
            Verdict::Refuse(Refusal::new(id.clone().into_json_value(), code, message))
        };
        if self.pending.contains_key(id) || self.streams.contains(id) {
            let message =
                format!("a request with the id `{id}` is still under way: give every request its own");
            return refuse(ErrorCode::INVALID_REQUEST, message);
        }
        if self.pending.len() + self.streams.len() >= self.requests_max {
            let max = self.requests_max;
            let message =
                format!("{max} requests are under way on this connection: wait for a reply, or cancel one");
            return refuse(TOO_MANY_REQUESTS, message);
        }
        match &request.request {
            ClientRequest::InitializeRequest(_) if batch.is_some() => {
                let message =
                    "`initialize` cannot be part of a batch: send it alone, and wait for the answer";
                return refuse(ErrorCode::INVALID_REQUEST, message.into());
            }
            ClientRequest::InitializeRequest(initialize) => {
                self.open = true;
                // A version the server knows is the one it answers with.
                self.batches_allowed = initialize.params.protocol_version == BATCHES;
            }
            ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => {}
            other => self.open |= is_self_contained(other),
        }
        // A subscription is never answered while the client listens.
        let is_stream = match &request.request {
            ClientRequest::SubscriptionsListenRequest(_) => true,
            ClientRequest::CustomRequest(request) => task_streams::notifications(request).is_some(),
            _ => false,
        };
        if is_stream {
            self.streams.insert(id.clone());
        } else {
            self.pending.insert(id.clone(), batch);
            if let Some(batch) = batch.and_then(|number| self.batches.get_mut(&number)) {
                batch.waiting += 1;
            }
        }
        Verdict::Deliver
    }

    /// Notifications, and answers to what the server asked.
    fn admit_other(&mut self, message: &Message) -> Verdict {
        if !self.open {
            // `rmcp` takes anything but a request for a broken client, and gives up.
            tracing::debug!("a message that is no request came before `initialize` and is passed over");
            return Verdict::Drop;
        }
        match message {
            JsonRpcMessage::Notification(notification) => match &notification.notification {
                ClientNotification::CancelledNotification(cancelled) => match &cancelled.params {
                    CancelledNotificationParam {
                        request_id: Some(id), ..
                    } => Verdict::Cancels(id.clone()),
                    _ => Verdict::Deliver,
                },
                _ => Verdict::Deliver,
            },
            _ => Verdict::Deliver,
        }
    }

    fn admit_batch(&mut self, items: Vec<Decoded>, admitted: &mut Admitted) {
        self.batches_seen += 1;
        let number = self.batches_seen;
        let batch = Batch {
            waiting: 1,
            replies: Vec::new(),
        };
        self.batches.insert(number, batch);
        for item in items {
            let refusal = match item {
                Decoded::Nothing => continue,
                Decoded::Refused(refusal) => refusal,
                Decoded::Batch(_) => Refusal::new(
                    Value::Null,
                    ErrorCode::INVALID_REQUEST,
                    "a batch cannot be part of a batch",
                ),
                Decoded::Message(message) => match self.admit(&message, Some(number)) {
                    Verdict::Deliver => {
                        admitted.messages.push(*message);
                        continue;
                    }
                    Verdict::Cancels(id) => {
                        // Another batch may have waited for nothing else.
                        admitted.replies.extend(self.resolve(&id, None));
                        admitted.messages.push(*message);
                        continue;
                    }
                    Verdict::Drop => continue,
                    Verdict::Refuse(refusal) => refusal,
                },
            };
            if let Some(batch) = self.batches.get_mut(&number) {
                batch.replies.push(refusal.to_json());
            }
        }
        admitted.replies.extend(self.release(number));
    }

    /// Nobody waits for the answer to `id` any more, because it is there or because it was cancelled.
    fn resolve(&mut self, id: &RequestId, reply: Option<Vec<u8>>) -> Option<Vec<u8>> {
        self.streams.remove(id);
        match self.pending.remove(id).flatten() {
            None => reply,
            Some(number) => {
                if let Some(batch) = self.batches.get_mut(&number) {
                    batch.replies.extend(reply);
                }
                self.release(number)
            }
        }
    }

    /// One thing less to wait for. Returns the replies of the batch if that was the last.
    fn release(&mut self, number: u64) -> Option<Vec<u8>> {
        let batch = self.batches.get_mut(&number)?;
        batch.waiting -= 1;
        if batch.waiting > 0 {
            return None;
        }
        let Batch { replies, .. } = self.batches.remove(&number)?;
        // Notifications alone are not answered, not even with an empty list.
        (!replies.is_empty()).then(|| [b"[", replies.join(&b","[..]).as_slice(), b"]"].concat())
    }
}

/// Whether a request says itself under which protocol it is sent, as requests of 2026-07-28 do: such a request
/// opens the connection.
fn is_self_contained(request: &ClientRequest) -> bool {
    let meta = request.get_meta();
    meta.missing_required_keys(&ProtocolVersion::V_2026_07_28)
        .is_empty()
        && meta
            .protocol_version()
            .is_some_and(|version| ProtocolVersion::KNOWN_VERSIONS.contains(&version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::decode::decode;

    /// Sends lines; returns what goes to the service and what goes back, as JSON.
    fn send(session: &Session, lines: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let (mut delivered, mut replied) = (Vec::new(), Vec::new());
        for line in lines {
            let admitted = session.admit(decode(line.to_string().as_bytes()));
            delivered.extend(admitted.messages.iter().map(|message| json!(message)));
            replied.extend(admitted.replies.iter().map(|reply| json_of(reply)));
        }
        (delivered, replied)
    }

    fn json_of(reply: &[u8]) -> Value {
        serde_json::from_slice(reply).expect("a reply is JSON")
    }

    fn opened(version: &str) -> Session {
        let session = Session::new(usize::MAX);
        let client = json!({"name": "t", "version": "0"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        send(
            &session,
            &[json!({"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params})],
        );
        answer(&session, json!("init"));
        session
    }

    fn answer(session: &Session, id: Value) -> Option<Value> {
        let number: RequestId = serde_json::from_value(id.clone()).expect("an id");
        let text = session.answer(&number, json!({"id": id}).to_string().into_bytes());
        text.map(|text| json_of(&text))
    }

    fn request(id: u32) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"})
    }

    fn cancel(id: u32) -> Value {
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
    }

    #[test]
    fn nothing_but_requests_gets_through_before_one_opens_the_connection() {
        let session = Session::new(usize::MAX);
        let early = [cancel(1), json!({"jsonrpc": "2.0", "id": 1, "result": {}})];
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
        assert_eq!(send(&session, &early).0, [Value::Null; 0]);
        assert_eq!(send(&session, &[ping, request(2)]).0.len(), 2);
        assert_eq!(send(&session, &early).0, [Value::Null; 0]);
        let mut modern = request(3);
        modern["params"]["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        send(&session, &[modern]);
        assert_eq!(send(&session, &early).0.len(), 2);
    }

    #[test]
    fn an_id_in_use_is_refused_until_it_is_free() {
        let session = opened("2025-11-25");
        let (delivered, replied) = send(&session, &[request(1), request(1)]);
        assert_eq!(delivered.len(), 1);
        assert_eq!(
            (&replied[0]["id"], &replied[0]["error"]["code"]),
            (&json!(1), &json!(-32600))
        );
        assert_eq!(answer(&session, json!(1)), Some(json!({"id": 1})));
        assert_eq!(send(&session, &[request(1)]).1, [Value::Null; 0]);
        send(&session, &[cancel(1)]);
        assert_eq!(send(&session, &[request(1)]).1, [Value::Null; 0]);
    }

    #[test]
    fn requests_under_way_are_bounded() {
        let session = Session::new(2);
        send(&session, &[request(1), request(2)]);
        let (delivered, replied) = send(&session, &[request(3)]);
        assert_eq!((delivered.len(), &replied[0]["id"]), (0, &json!(3)));
        assert_eq!(replied[0]["error"]["code"], -32000);
        answer(&session, json!(1));
        assert_eq!(send(&session, &[request(3)]).0.len(), 1);
    }

    #[test]
    fn a_subscription_holds_its_id_and_nothing_waits_for_it() {
        let session = opened("2025-11-25");
        let params = json!({"notifications": {"toolsListChanged": true}});
        let listen =
            |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params});
        let (_, replied) = send(&session, &[listen(1), listen(2), listen(3), request(1)]);
        assert_eq!(replied[0]["error"]["code"], -32600);
        assert!(session.state().pending.is_empty());
        send(&session, &[cancel(1)]);
        answer(&session, json!(2));
        assert_eq!(session.next_stream(), Some(RequestId::Number(3)));
        assert_eq!(session.next_stream(), None);
    }

    #[test]
    fn batches_are_for_the_one_revision_that_has_them() {
        for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
            let (delivered, replied) = send(&opened(version), &[json!([request(1)])]);
            assert!(delivered.is_empty(), "{version}");
            assert_eq!(replied[0]["error"]["code"], -32600, "{version}");
        }
        let (_, replied) = send(&Session::new(usize::MAX), &[json!([request(1)])]);
        assert_eq!(replied[0]["error"]["code"], -32600);
    }

    #[test]
    fn the_replies_to_a_batch_come_together() {
        let session = opened("2025-03-26");
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let batch = json!([request(1), notification, 7, request(2), request(2), request(3)]);
        let (delivered, replied) = send(&session, &[batch]);
        assert_eq!((delivered.len(), replied.len()), (4, 0));
        assert_eq!(answer(&session, json!(2)), None);
        assert_eq!(send(&session, &[request(4)]).0.len(), 1);
        assert_eq!(answer(&session, json!(4)), Some(json!({"id": 4})));
        assert_eq!(answer(&session, json!(1)), None);
        // The last one is cancelled, so that nobody waits for it.
        let (_, replied) = send(&session, &[cancel(3)]);
        let codes: Vec<&Value> = replied[0]
            .as_array()
            .expect("a list")
            .iter()
            .map(|reply| &reply["error"]["code"])
            .collect();
        assert_eq!(
            codes,
            [&json!(-32600), &json!(-32600), &Value::Null, &Value::Null]
        );
    }

    #[test]
    fn a_batch_that_asks_nothing_is_not_answered() {
        let session = opened("2025-03-26");
        let (delivered, replied) = send(&session, &[json!([cancel(1), {"id": 1, "result": {}}])]);
        assert_eq!((delivered.len(), replied.len()), (1, 0));
        // A request and its own cancellation.
        let (delivered, replied) = send(&session, &[json!([request(1), cancel(1)])]);
        assert_eq!((delivered.len(), replied.len()), (2, 0));
        assert!(session.state().batches.is_empty() && session.state().pending.is_empty());
    }
}
