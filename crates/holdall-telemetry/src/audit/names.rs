//! Which arguments are named like secrets, and what is shown in their place.

use serde_json::{Map, Value};

/// What a name contains, without regard to case and separators, if its value is nobody's business.
const SECRET: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "authorization",
    "bearer",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "cookie",
    "jwt",
    "otp",
    "signature",
];
const REDACTED: &str = "[redacted]";
/// What a value says of itself is cut here, in characters: the line is a record, not a copy.
const VALUE_CHARS_MAX: usize = 256;

fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    SECRET.iter().any(|part| plain.contains(part)) || plain == "pin" || plain == "auth"
}

/// The arguments as they may be shown.
pub(super) fn shown(arguments: &Map<String, Value>) -> Map<String, Value> {
    let fields = arguments.iter().map(|(name, value)| {
        let shown = match is_secret(name) {
            true => REDACTED.into(),
            false => shown_value(value),
        };
        (name.clone(), shown)
    });
    fields.collect()
}

fn shown_value(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(shown(fields)),
        Value::Array(items) => items.iter().map(shown_value).collect(),
        Value::String(text) => match text.char_indices().nth(VALUE_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]).into(),
            None => text.as_str().into(),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_named_like_a_secret_is_left_out_at_any_depth() {
        let arguments = json!({
            "path": "a.md",
            "Password": "c1",
            "api-key": "c2",
            "API_KEY": "c3",
            "oauthTokens": ["c4"],
            "deep": [{"client_secret": {"a": "c5"}, "kept": 1}],
            "pin": 1234,
            "spin": 7,
        });
        let shown = shown(arguments.as_object().expect("an object"));
        assert_eq!(
            Value::Object(shown),
            json!({
                "path": "a.md",
                "Password": REDACTED,
                "api-key": REDACTED,
                "API_KEY": REDACTED,
                "oauthTokens": REDACTED,
                "deep": [{"client_secret": REDACTED, "kept": 1}],
                "pin": REDACTED,
                "spin": 7,
            })
        );
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let value = shown_value(&json!("ä".repeat(300)));
        assert_eq!(value, json!(format!("{}…", "ä".repeat(256))));
    }
}
