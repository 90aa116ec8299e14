//! Requests that are none of the protocol's.
//!
//! `rmcp` takes a request whose parameters do not fit for one of an unknown method. The specification has a code of
//! its own for each, and a client needs to know which of the two it was.

#![allow(deprecated, reason = "older revisions of the protocol are served, too")]

use rmcp::model::{
    CallToolRequest, CompleteRequest, CustomRequest, DiscoverRequest, ErrorCode, GetPromptRequest,
    InitializeRequest, ListPromptsRequest, ListResourceTemplatesRequest, ListResourcesRequest,
    ListToolsRequest, ReadResourceRequest, SetLevelRequest, SubscribeRequest, SubscriptionsListenRequest,
    UnsubscribeRequest,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::protocol::ErrorData;

/// Reads a request as one of a method; says why it is none.
type Read = fn(&Value) -> Option<String>;

/// The methods of the protocol whose parameters can be wrong.
const METHODS: [(&str, Read); 14] = [
    ("completion/complete", why_not::<CompleteRequest>),
    ("initialize", why_not::<InitializeRequest>),
    ("logging/setLevel", why_not::<SetLevelRequest>),
    ("prompts/get", why_not::<GetPromptRequest>),
    ("prompts/list", why_not::<ListPromptsRequest>),
    ("resources/list", why_not::<ListResourcesRequest>),
    ("resources/read", why_not::<ReadResourceRequest>),
    ("resources/subscribe", why_not::<SubscribeRequest>),
    (
        "resources/templates/list",
        why_not::<ListResourceTemplatesRequest>,
    ),
    ("resources/unsubscribe", why_not::<UnsubscribeRequest>),
    ("server/discover", why_not::<DiscoverRequest>),
    ("subscriptions/listen", why_not::<SubscriptionsListenRequest>),
    ("tools/call", why_not::<CallToolRequest>),
    ("tools/list", why_not::<ListToolsRequest>),
];

/// Methods that protocol 2026-07-28 has no more.
const OF_SESSIONS: [&str; 4] = [
    "initialize",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
];

/// The error reply to a request that `rmcp` could not place; `stateless` if it is one of protocol 2026-07-28.
pub(super) fn refusal(request: &CustomRequest, stateless: bool) -> ErrorData {
    let method = &request.method;
    let known = METHODS
        .iter()
        .find(|(known, _)| known == method && !(stateless && OF_SESSIONS.contains(known)));
    let Some((_, read)) = known else {
        return ErrorData::new(
            ErrorCode::METHOD_NOT_FOUND,
            format!("there is no method `{method}`"),
            None,
        );
    };
    let why = match &request.params {
        None => Some("there are none".to_owned()),
        Some(params) => read(&json!({ "method": method, "params": params })),
    };
    let why = why.unwrap_or_else(|| "they were not understood".into());
    ErrorData::invalid_params(format!("the parameters of `{method}` do not fit: {why}"), None)
}

fn why_not<R: DeserializeOwned>(request: &Value) -> Option<String> {
    serde_json::from_value::<R>(request.clone())
        .err()
        .map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &str, params: Option<Value>) -> (i32, String) {
        let error = refusal(&CustomRequest::new(method, params), false);
        (error.code.0, error.message.into_owned())
    }

    #[test]
    fn methods_of_sessions_are_unknown_where_there_are_none() {
        for method in OF_SESSIONS {
            let request = CustomRequest::new(method, Some(json!({"uri": 7})));
            assert_eq!(refusal(&request, false).code.0, -32602, "{method}");
            assert_eq!(refusal(&request, true).code.0, -32601, "{method}");
        }
        let request = CustomRequest::new("tools/call", None);
        assert_eq!(refusal(&request, true).code.0, -32602);
    }

    #[test]
    fn unknown_methods_and_wrong_parameters_are_told_apart() {
        assert_eq!(
            refused("tools/cal", None),
            (-32601, "there is no method `tools/cal`".into())
        );
        let (code, message) = refused("tools/call", Some(json!({"name": 7})));
        assert_eq!(code, -32602);
        assert!(
            message.contains("tools/call") && message.contains("expected a string"),
            "{message}"
        );
        let (code, message) = refused("resources/read", None);
        assert_eq!(
            (code, message.contains("there are none")),
            (-32602, true),
            "{message}"
        );
    }
}
