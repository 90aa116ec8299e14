//! Whatever comes, decoding neither panics nor says something that a plain JSON reader contradicts.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::decode::{Decoded, decode};

/// What decoding says has to agree with what `serde_json` alone says about the same bytes.
fn check(line: &[u8]) {
    let decoded = decode(line);
    let trimmed = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    let plain: Result<Value, _> = serde_json::from_slice(trimmed);
    match (&decoded, &plain) {
        (Decoded::Refused(refusal), _) => {
            let json = refusal.to_json();
            assert!(!json.contains(&b'\n'));
            let reply: Value = serde_json::from_slice(&json).expect("a reply is JSON");
            let code = reply["error"]["code"].as_i64();
            assert_eq!(code == Some(-32700), plain.is_err(), "{reply}");
            assert!(matches!(code, Some(-32700 | -32600 | -32602)), "{reply}");
            let id = &reply["id"];
            let is_same = |given: &Value| id == given || (id.is_number() && id.as_f64() == given.as_f64());
            assert!(
                id.is_null() || plain.is_ok_and(|value| is_same(&value["id"])),
                "{reply}"
            );
        }
        (Decoded::Nothing, Ok(value)) => {
            // An answer or a notification: nobody waits for a reply.
            let is_answer = value.get("method").is_none();
            assert!(is_answer || value.get("id").is_none(), "{value}");
        }
        (Decoded::Nothing, Err(_)) => assert!(trimmed.is_empty()),
        (Decoded::Message(message), Ok(value)) => {
            assert_eq!(value["jsonrpc"], "2.0");
            let again = serde_json::to_value(message).expect("a message is JSON");
            assert_eq!(again.get("method"), value.get("method"));
            assert_eq!(again.get("result").is_some(), value.get("result").is_some());
        }
        (Decoded::Batch(items), Ok(value)) => assert_eq!(Some(items.len()), value.as_array().map(Vec::len)),
        (Decoded::Message(_) | Decoded::Batch(_), Err(error)) => panic!("taken for a message, but {error}"),
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "jsonrpc", "id", "method", "params", "result", "error", "code", "message", "name", "arguments", "_meta",
            "requestId", "cursor",
        ])
        .prop_map(str::to_owned),
        1 => ".{0,4}",
    ]
}

/// Something close to a message.
fn nearly_a_message() -> impl Strategy<Value = Value> {
    let method = prop::sample::select(vec![
        "ping",
        "initialize",
        "tools/call",
        "tools/list",
        "resources/read",
        "notifications/cancelled",
        "no/such",
    ]);
    let field = prop_oneof![
        method.prop_map(|method| ("method".to_owned(), Value::from(method))),
        Just(("jsonrpc".to_owned(), json!("2.0"))),
        any::<i8>().prop_map(|id| ("id".to_owned(), json!(id))),
        (key(), json_value()),
    ];
    prop::collection::vec(field, 0..6).prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into())
}

proptest! {
    #[test]
    fn any_bytes(line in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&line);
    }

    #[test]
    fn any_json(value in json_value()) {
        check(value.to_string().as_bytes());
    }

    #[test]
    fn nearly_messages(value in nearly_a_message()) {
        check(value.to_string().as_bytes());
    }

    #[test]
    fn batches(values in prop::collection::vec(nearly_a_message(), 0..5)) {
        check(Value::from(values).to_string().as_bytes());
    }

    #[test]
    fn broken_messages(value in nearly_a_message(), at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..3) {
        let mut line = value.to_string().into_bytes();
        let at = at.index(line.len());
        match how {
            0 => line[at] = byte,
            1 => line.insert(at, byte),
            _ => drop(line.drain(at..)),
        }
        check(&line);
    }

    #[test]
    fn a_repeated_key_is_never_let_through(value in nearly_a_message(), at in any::<prop::sample::Index>()) {
        let fields = value.as_object().expect("an object");
        prop_assume!(!fields.is_empty());
        let (name, twin) = fields.iter().nth(at.index(fields.len())).expect("it is within");
        let line = value.to_string();
        let line = format!("{},{}:{twin}}}", &line[..line.len() - 1], Value::from(name.as_str()));
        prop_assert!(matches!(decode(line.as_bytes()), Decoded::Refused(_)), "{line}");
    }
}
