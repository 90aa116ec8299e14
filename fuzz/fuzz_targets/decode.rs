//! From a text to a message: nothing panics, what is taken is strict JSON, refusals carry the right code and id.

#![no_main]

use holdall::wire::{BATCH_MAX, Decoded, check, decode, trimmed};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|data: &[u8]| {
    let text = trimmed(data);
    let decoded = decode(data);
    let padded = [b" \r\n\t", text, b"\n "].concat();
    assert_eq!(
        shown(&decode(&padded)),
        shown(&decoded),
        "blanks around a message mean nothing"
    );
    if text.is_empty() {
        assert!(matches!(decoded, Decoded::Nothing));
        return;
    }
    let refusal = check(text).err().map(|refusal| refusal.code().0);
    match serde_json::from_slice::<Value>(text) {
        Err(_) => {
            assert_eq!(refusal, Some(-32700));
            judge_refusal(&decoded, &Value::Null, &[-32700]);
        }
        Ok(value) if keys_written(text) != keys_read(&value) => {
            assert_eq!(refusal, Some(-32600), "a key comes twice");
            judge_refusal(&decoded, &value, &[-32600]);
        }
        Ok(value) => {
            assert_eq!(refusal, None, "it is strict JSON");
            judge(&decoded, &value, true);
        }
    }
});

/// Whether `decoded` is what `value` deserves.
fn judge(decoded: &Decoded, value: &Value, may_be_batch: bool) {
    match decoded {
        Decoded::Batch(items) => {
            let values = value.as_array().expect("a batch is an array");
            assert!(may_be_batch && !values.is_empty() && values.len() <= BATCH_MAX);
            assert_eq!(items.len(), values.len());
            for (item, value) in items.iter().zip(values) {
                judge(item, value, false);
            }
        }
        Decoded::Message(message) => {
            let read = serde_json::to_value(message).expect("messages are JSON");
            assert_eq!(value["jsonrpc"], "2.0");
            assert!(is_same(read.get("id"), value.get("id")), "{read} for {value}");
            assert_eq!(read.get("method"), value.get("method"), "{value}");
        }
        Decoded::Refused(_) => judge_refusal(decoded, value, &[-32600, -32601, -32602]),
        Decoded::Nothing => {
            let is_answer = value.get("result").is_some() || value.get("error").is_some();
            let is_request = value.get("method").is_some() && value.get("id").is_some();
            assert!(is_answer || !is_request, "a request is answered: {value}");
        }
        _ => unreachable!("there is nothing else"),
    }
}

fn judge_refusal(decoded: &Decoded, value: &Value, codes: &[i32]) {
    let Decoded::Refused(refusal) = decoded else {
        panic!("not refused: {}", shown(decoded));
    };
    let text = refusal.to_json();
    assert!(!text.contains(&b'\n'), "an answer is one line");
    let reply: Value = serde_json::from_slice(&text).expect("an answer is JSON");
    assert_eq!(reply["jsonrpc"], "2.0");
    assert!(
        reply["error"]["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
    let code = reply["error"]["code"]
        .as_i64()
        .and_then(|code| i32::try_from(code).ok());
    assert_eq!(code, Some(refusal.code().0));
    assert!(codes.contains(&refusal.code().0), "{reply}");
    let id = &reply["id"];
    assert!(
        id.is_null() || id.is_string() || id.is_i64() || id.is_u64(),
        "{reply}"
    );
    // Whose key comes twice may be the id, and then nobody can tell which is meant.
    assert!(id.is_null() || is_same(Some(id), value.get("id")), "{reply} to {value}");
    // What is no request at all has an id of its own, but nobody waits for a reply to it.
    let taken = json!({"jsonrpc": "2.0", "id": value["id"], "method": "ping"}).to_string();
    let would_be_taken = matches!(decode(taken.as_bytes()), Decoded::Message(_));
    assert!(!id.is_null() || !would_be_taken || codes == [-32600], "{reply} to {value}");
}

/// Whether two ids are the same: `1.0` is the integer it stands for.
fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let number = |id: Option<&Value>| id.and_then(Value::as_f64);
    one == other || (number(one).is_some() && number(one) == number(other))
}

fn shown(decoded: &Decoded) -> String {
    match decoded {
        Decoded::Nothing => "nothing".into(),
        Decoded::Message(message) => serde_json::to_string(message).expect("messages are JSON"),
        Decoded::Refused(refusal) => String::from_utf8(refusal.to_json()).expect("JSON is UTF-8"),
        Decoded::Batch(items) => items.iter().map(shown).collect::<Vec<_>>().join("\n"),
        _ => unreachable!("there is nothing else"),
    }
}

/// How many keys stand in a text that is JSON: each is followed by a colon, and others stand in strings only.
fn keys_written(text: &[u8]) -> usize {
    let (mut keys, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => keys += 1,
            _ => {}
        }
    }
    keys
}

/// How many keys are left when of two equal ones the last counts.
fn keys_read(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(keys_read).sum(),
        Value::Object(object) => object.len() + object.values().map(keys_read).sum::<usize>(),
        _ => 0,
    }
}
