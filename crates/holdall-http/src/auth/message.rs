//! What a message is about, found out before it is handed on.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A method, and the tool, prompt or resource it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) name: &'a str,
}

/// A message as far as it matters here. Everything else is skipped.
#[derive(Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
}

impl<'a> Message<'a> {
    /// Reads a message; `None` if it is none, or unusual in any way: it is judged when it is answered.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// What it is about, if it names anything.
    pub(crate) fn subject(&self) -> Option<Subject<'_>> {
        let params = self.params.as_ref()?;
        let name = match &*self.method {
            "tools/call" | "prompts/get" => params.name.as_deref(),
            "resources/read" | "resources/subscribe" => params.uri.as_deref(),
            _ => None,
        };
        Some(Subject {
            method: &self.method,
            name: name?,
        })
    }
}

/// Whether a message, which is JSON, asks for a reply.
pub(crate) fn is_request(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Request {
        #[expect(dead_code, reason = "it is there")]
        id: IgnoredAny,
        #[expect(dead_code, reason = "it is there")]
        method: IgnoredAny,
    }
    serde_json::from_slice::<Request>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_a_reply_has_a_method_and_an_id() {
        for (body, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, true),
            (
                r#"{"jsonrpc":"2.0","id":"a","method":"ping","params":{"id":2}}"#,
                true,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"id":1}}"#,
                false,
            ),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"method":"x"}}"#, false),
            (r#"{"jsonrpc":"2.0","id":1,"error":{}}"#, false),
        ] {
            assert_eq!(is_request(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn messages_are_read_as_far_as_they_matter() {
        for (body, expected) in [
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\u0062","arguments":{"name":"x"}}}"#,
                Some(("tools/call", "ab")),
            ),
            (
                r#"{"method":"prompts/get","params":{"name":"p"}}"#,
                Some(("prompts/get", "p")),
            ),
            (
                r#"{"method":"resources/read","params":{"uri":"a:b","name":"x"}}"#,
                Some(("resources/read", "a:b")),
            ),
            (
                r#"{"method":"resources/subscribe","params":{"uri":"a:b"}}"#,
                Some(("resources/subscribe", "a:b")),
            ),
            (r#"{"method":"tools/list","params":{"name":"x"}}"#, None),
            (r#"{"method":"tools/call"}"#, None),
            (r#"{"method":"tools/call","params":{"name":1}}"#, None),
            (
                r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
                None,
            ),
            (r#"[{"method":"tools/call","params":{"name":"a"}}]"#, None),
            ("rubbish", None),
        ] {
            let message = Message::read(body.as_bytes());
            let subject = message.as_ref().and_then(Message::subject);
            assert_eq!(
                subject.map(|about| (about.method, about.name)),
                expected,
                "{body}"
            );
        }
    }
}
