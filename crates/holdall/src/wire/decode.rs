//! From a text to a message, or to the error reply the text deserves.
//!
//! Nothing is known here of what was said before; see `session` for that.

use rmcp::model::{ConstString, ErrorCode, JsonRpcMessage, RequestId, SubscriptionsListenRequestMethod};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Message;
use super::strict::{self, Fault};
use crate::service::task_streams::keep_task_ids;

/// The most messages in one batch.
pub const BATCH_MAX: usize = 1000;

/// What a text is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Decoded {
    /// Nothing that has a meaning or needs a reply: blanks, a malformed answer or notification.
    Nothing,
    /// One message.
    Message(Box<Message>),
    /// Something that must be answered with an error.
    Refused(Refusal),
    /// Several messages at once, as protocol 2025-03-26 allows. None of them is a batch.
    Batch(Vec<Decoded>),
}

/// An error reply.
#[derive(Debug)]
pub struct Refusal {
    /// The id of the request, `null` where it cannot be told.
    id: Value,
    code: ErrorCode,
    message: String,
}

impl Refusal {
    pub(crate) fn new(id: Value, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            id,
            code,
            message: message.into(),
        }
    }

    /// The code of the error.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The reply as JSON, without line breaks.
    pub fn to_json(&self) -> Vec<u8> {
        json!({ "jsonrpc": "2.0", "id": self.id, "error": { "code": self.code.0, "message": self.message } })
            .to_string()
            .into_bytes()
    }
}

/// A text without what may surround a message: a byte order mark, blanks.
pub fn trimmed(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii()
}

/// Reads a text. Stricter than JSON asks for: a key that comes twice in one object is refused, because what judges a
/// message and what acts on it might each see another value. Nesting ends at 128 levels.
pub fn decode(text: &[u8]) -> Decoded {
    let text = trimmed(text);
    if text.is_empty() {
        return Decoded::Nothing;
    }
    if let Err(refusal) = check(text) {
        return Decoded::Refused(refusal);
    }
    if text.starts_with(b"[") {
        let items: Vec<Value> = serde_json::from_slice(text).expect("the text was found to be JSON");
        return batch(items);
    }
    match serde_json::from_slice(text) {
        Ok(message) if asks_for_stream(&message) => item(value(text)),
        Ok(message) => Decoded::Message(Box::new(message)),
        Err(error) => explain(&value(text), &error),
    }
}

/// Whether a text is JSON, and strictly so: the first half of [`decode`], for a transport that leaves the second to
/// others.
///
/// # Errors
/// The error reply it deserves.
pub fn check(text: &[u8]) -> Result<(), Refusal> {
    strict::check(text).map_err(|fault| match fault {
        Fault::Syntax(error) => not_json(&error),
        Fault::Twice(pointer) => repeated_key(text, &pointer),
    })
}

/// What such a request asks for does not all fit into the type it was read as.
fn asks_for_stream(message: &Message) -> bool {
    matches!(message, JsonRpcMessage::Request(request)
        if request.request.method() == SubscriptionsListenRequestMethod::VALUE)
}

fn batch(items: Vec<Value>) -> Decoded {
    let refused = |message: String| Refusal::new(Value::Null, ErrorCode::INVALID_REQUEST, message);
    match items.len() {
        0 => Decoded::Refused(refused("an empty batch asks for nothing".into())),
        1..=BATCH_MAX => Decoded::Batch(items.into_iter().map(item).collect()),
        count => Decoded::Refused(refused(format!(
            "the batch has {count} messages, more than the {BATCH_MAX} allowed; send several batches"
        ))),
    }
}

fn item(value: Value) -> Decoded {
    match serde_json::from_value(keep_task_ids(value.clone())) {
        Ok(message) => Decoded::Message(Box::new(message)),
        Err(error) => explain(&value, &error),
    }
}

fn value(text: &[u8]) -> Value {
    serde_json::from_slice(text).expect("the text was found to be JSON")
}

fn not_json(error: &serde_json::Error) -> Refusal {
    let message = format!("this is not JSON: {error}");
    Refusal::new(Value::Null, ErrorCode::PARSE_ERROR, message)
}

fn repeated_key(text: &[u8], pointer: &str) -> Refusal {
    let id = match serde_json::from_slice::<Value>(text) {
        // Which of two ids is meant nobody can tell.
        Ok(_) if pointer == "/id" => Value::Null,
        Ok(value) => id_of(&value).unwrap_or(Value::Null),
        Err(error) => return not_json(&error),
    };
    let message = format!("the key at `{pointer}` comes twice: send each key once");
    Refusal::new(id, ErrorCode::INVALID_REQUEST, message)
}

/// Why `value` is no message of the protocol.
fn explain(value: &Value, error: &serde_json::Error) -> Decoded {
    let id = id_of(value).unwrap_or(Value::Null);
    let refused = |code: ErrorCode, message: &str| Decoded::Refused(Refusal::new(id.clone(), code, message));
    let invalid = |message: &str| refused(ErrorCode::INVALID_REQUEST, message);
    let Value::Object(object) = value else {
        return invalid("a message is a JSON object: {\"jsonrpc\": \"2.0\", \"method\": …}");
    };
    let is_answer = object.contains_key("result") || object.contains_key("error");
    let method = object.get("method");
    if is_answer && method.is_none() {
        // An answer, even a malformed one, must not be answered.
        return Decoded::Nothing;
    }
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid("`jsonrpc` must be \"2.0\"");
    }
    let has_id = object.contains_key("id");
    match method {
        None => return invalid("`method` is missing"),
        Some(method) if !method.is_string() => return invalid("`method` must be a string"),
        Some(_) if is_answer => return invalid("a message is a request or an answer, not both"),
        Some(_) if has_id && !is_id(object.get("id")) => {
            return invalid("`id` must be a string or an integer of 64 bits");
        }
        Some(_) => {}
    }
    if !has_id {
        // A notification is never answered.
        return Decoded::Nothing;
    }
    match object.get("params") {
        Some(params) if !params.is_object() => {
            refused(ErrorCode::INVALID_PARAMS, "`params` must be an object")
        }
        Some(params) if params.get("_meta").is_some_and(|meta| !meta.is_object()) => {
            refused(ErrorCode::INVALID_PARAMS, "`params._meta` must be an object")
        }
        _ => invalid(&format!("this is not a message of the protocol: {error}")),
    }
}

/// The id of a message as far as it can be given back: a string or an integer. `1.0` and `1e2` are integers, too: a
/// message that is right is answered to such an id, so one that is wrong must be.
fn id_of(value: &Value) -> Option<Value> {
    let id = value.get("id")?;
    let is_large = id.is_u64();
    match read_id(id) {
        Some(id) => Some(id.into_json_value()),
        None => is_large.then(|| id.clone()),
    }
}

fn is_id(id: Option<&Value>) -> bool {
    id.and_then(read_id).is_some()
}

fn read_id(id: &Value) -> Option<RequestId> {
    RequestId::deserialize(id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code and id of the error reply to `line`.
    fn refused(line: &[u8]) -> (i64, Value) {
        let Decoded::Refused(refusal) = decode(line) else {
            panic!("not refused: {}", String::from_utf8_lossy(line));
        };
        let reply: Value = serde_json::from_slice(&refusal.to_json()).expect("a reply is JSON");
        assert_eq!(reply["jsonrpc"], "2.0");
        let code = reply["error"]["code"].as_i64().expect("a code");
        (code, reply["id"].clone())
    }

    #[test]
    fn malformed_lines_are_answered_with_the_code_of_the_specification() {
        for (line, code) in [
            (&b"{"[..], -32700),
            (b"{\"jsonrpc\":\"2.0\"}{}", -32700),
            (b"\xff\xfe", -32700),
            (b"{\"a\":1e400}", -32700),
            (b"{\"id\":1,\"id\":1", -32700),
            (b"\"text\"", -32600),
            (b"[]", -32600),
            (b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", -32600),
            (
                b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"method\":\"ping\"}",
                -32600,
            ),
            (
                b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}",
                -32600,
            ),
        ] {
            assert_eq!(refused(line).0, code, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn the_id_is_echoed_where_it_can_be_read() {
        let id = |id: &str| refused(format!(r#"{{"jsonrpc":"2.0","id":{id}}}"#).as_bytes()).1;
        assert_eq!(id("7"), 7);
        assert_eq!(id("\"x\""), "x");
        assert_eq!(id("18446744073709551615"), 18_446_744_073_709_551_615_u64);
        assert_eq!(
            (id("1.0"), id("1e2"), id("-0.0")),
            (1.into(), 100.into(), 0.into())
        );
        for other in ["1.5", "9007199254740992.0", "null", "[]", "{}", "true", "1e30"] {
            assert_eq!(id(other), Value::Null, "{other}");
        }
        assert_eq!(
            refused(br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#).1,
            Value::Null
        );
        assert_eq!(refused(br#"{"id":1,"method":"ping","method":"ping"}"#).1, 1);
    }

    #[test]
    fn an_id_that_would_be_taken_is_no_reason_to_refuse() {
        for id in ["7.0", "7e0"] {
            let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","params":"x"}}"#);
            assert_eq!(refused(request.as_bytes()), (-32602, 7.into()), "{id}");
            let right = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
            let Decoded::Message(message) = decode(right.as_bytes()) else {
                panic!("no message");
            };
            let message = serde_json::to_value(message).expect("messages are JSON");
            assert_eq!(message["id"], 7, "{id}");
        }
    }

    #[test]
    fn what_must_not_be_answered_is_passed_over() {
        for line in [
            &b" \r\n"[..],
            b"{\"id\":{},\"result\":1}",
            b"{\"error\":[]}",
            b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":7,\"x\":0}",
        ] {
            let decoded = decode(line);
            let passed_over = match &decoded {
                Decoded::Nothing => true,
                // `rmcp` hands notifications it does not know on, and nobody answers them.
                Decoded::Message(message) => {
                    matches!(**message, rmcp::model::JsonRpcMessage::Notification(_))
                }
                _ => false,
            };
            assert!(passed_over, "{decoded:?}");
        }
    }

    #[test]
    fn a_batch_is_judged_message_by_message() {
        let line = br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"id":2},{"result":0},[]]"#;
        let Decoded::Batch(items) = decode(line) else {
            panic!("no batch");
        };
        let kinds: Vec<&str> = items
            .iter()
            .map(|item| match item {
                Decoded::Message(_) => "message",
                Decoded::Refused(_) => "refused",
                Decoded::Nothing => "nothing",
                Decoded::Batch(_) => "batch",
            })
            .collect();
        assert_eq!(kinds, ["message", "refused", "refused", "nothing", "refused"]);
        let many = format!("[{}]", vec!["1"; BATCH_MAX + 1].join(","));
        assert_eq!(refused(many.as_bytes()).0, -32600);
    }
}
