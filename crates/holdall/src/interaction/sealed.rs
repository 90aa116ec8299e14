//! Text a client hands back must be the text it was given: [`Keys`] seal it, for one purpose and one [`Binding`].
//!
//! Sealed text is authenticated (HMAC-SHA256) and expires. It is not encrypted: the client can read it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::{RequestStateCodec, SealOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::protocol::JsonObject;

/// The shortest key that is accepted, in bytes.
pub(crate) const KEY_BYTES_MIN: usize = RequestStateCodec::MIN_KEY_LENGTH;

/// The keys of a server: the first seals, all open.
pub(crate) struct Keys(RequestStateCodec);

impl Keys {
    /// A key made up now, which no other process knows.
    pub(crate) fn random() -> Result<Self, String> {
        let mut key = vec![0; KEY_BYTES_MIN];
        getrandom::fill(&mut key).map_err(|error| format!("the system gave no random key: {error}"))?;
        Self::new(vec![key])
    }

    /// These keys, the newest first.
    pub(crate) fn new(keys: Vec<Vec<u8>>) -> Result<Self, String> {
        for (index, key) in keys.iter().enumerate() {
            if key.len() < KEY_BYTES_MIN {
                let (nth, bytes) = (index + 1, key.len());
                return Err(format!(
                    "request state key {nth} has {bytes} bytes: use {KEY_BYTES_MIN} or more, from a random source"
                ));
            }
        }
        // Named after what they are, so that replicas agree on the names whatever the order of their keys is.
        let mut named: Vec<(String, Vec<u8>)> = Vec::new();
        for key in keys {
            let name = digest(&[b"the name of a request state key", key.as_slice()], 6);
            if !named.iter().any(|(known, _)| *known == name) {
                named.push((name, key));
            }
        }
        let Some((first, _)) = named.first() else {
            return Err("there is no request state key: give one, or leave out `request_state_keys`".into());
        };
        RequestStateCodec::new_with_keyring(first.clone(), named)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Seals a payload that is good for `lifetime`.
    pub(crate) fn seal(
        &self,
        purpose: Purpose,
        binding: &Binding,
        payload: &[u8],
        lifetime: Duration,
    ) -> String {
        let bound = binding.bytes(purpose);
        let options = SealOptions::new().associated_data(&bound).ttl(lifetime);
        self.0.seal_with(payload, &options)
    }

    /// The payload, if it was sealed by one of the keys for this purpose and binding and is still good.
    pub(crate) fn open(&self, purpose: Purpose, binding: &Binding, sealed: &str) -> Option<Vec<u8>> {
        // What exactly is wrong is for the log alone: it would help whoever tries things out.
        self.0
            .open_with(sealed, &binding.bytes(purpose))
            .inspect_err(|error| tracing::debug!("sealed text refused: {error}"))
            .ok()
    }
}

/// What a sealed text is for: one kind never passes for another.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// `requestState`.
    State,
    /// The code that confirms a call.
    Confirmation,
}

/// The call a sealed text belongs to.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) server: String,
    pub(crate) principal: String,
    pub(crate) method: &'static str,
    pub(crate) name: String,
    pub(crate) arguments: JsonObject,
}

impl Binding {
    fn bytes(&self, purpose: Purpose) -> Vec<u8> {
        let purpose = match purpose {
            Purpose::State => "state",
            Purpose::Confirmation => "confirmation",
        };
        let arguments = ordered(&Value::Object(self.arguments.clone()));
        // As JSON, because no field can run over into the next.
        json!([
            purpose,
            self.server,
            self.principal,
            self.method,
            self.name,
            arguments
        ])
        .to_string()
        .into_bytes()
    }
}

/// The same value, whatever order its fields came in.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name.clone(), ordered(value)));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(ordered).collect(),
        other => other.clone(),
    }
}

/// A digest of some parts as text, cut to `bytes` (32 at most).
pub(crate) fn digest(parts: &[&[u8]], bytes: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    URL_SAFE_NO_PAD.encode(&hash[..bytes.min(hash.len())])
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn keys(of: &[u8]) -> Keys {
        Keys::new(of.iter().map(|byte| vec![*byte; 32]).collect()).expect("the keys are right")
    }

    fn binding() -> Binding {
        Binding {
            server: "tasks".into(),
            principal: "ada".into(),
            method: "tools/call",
            name: "delete".into(),
            arguments: arguments(json!({"ids": [1, 2], "filter": {"a": 1, "b": null}})),
        }
    }

    fn arguments(value: Value) -> JsonObject {
        value.as_object().cloned().expect("an object")
    }

    fn sealed() -> String {
        keys(&[1]).seal(Purpose::State, &binding(), b"payload", MINUTE)
    }

    fn opens(keys: &Keys, binding: &Binding, sealed: &str) -> bool {
        let payload = keys.open(Purpose::State, binding, sealed);
        payload
            .inspect(|payload| assert_eq!(payload, b"payload"))
            .is_some()
    }

    #[test]
    fn what_was_sealed_opens_in_any_order_of_the_arguments() {
        let mut other = binding();
        assert!(opens(&keys(&[1]), &other, &sealed()));
        other.arguments = arguments(json!({"filter": {"b": null, "a": 1}, "ids": [1, 2]}));
        assert!(opens(&keys(&[1]), &other, &sealed()));
    }

    #[test]
    fn no_byte_can_be_changed_added_or_left_out() {
        let (keys, binding, sealed) = (keys(&[1]), binding(), sealed());
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= \0";
        for index in 0..sealed.len() {
            for byte in alphabet {
                let mut changed = sealed.clone().into_bytes();
                if changed[index] == *byte {
                    continue;
                }
                changed[index] = *byte;
                let changed = String::from_utf8(changed).expect("ASCII");
                assert!(!opens(&keys, &binding, &changed), "{changed}");
            }
            let (before, after) = sealed.split_at(index);
            assert!(!opens(&keys, &binding, before));
            assert!(!opens(&keys, &binding, after) || index == 0);
            assert!(!opens(&keys, &binding, &format!("{before}A{after}")));
            assert!(!opens(&keys, &binding, &format!("{before}{}", &after[1..])));
        }
        assert!(!opens(&keys, &binding, &format!("{sealed}A")));
    }

    #[test]
    fn nothing_of_the_call_can_be_another() {
        let others = [
            Binding {
                server: "notes".into(),
                ..binding()
            },
            Binding {
                principal: "bob".into(),
                ..binding()
            },
            Binding {
                method: "prompts/get",
                ..binding()
            },
            Binding {
                name: "delete_all".into(),
                ..binding()
            },
            // Where one field ends and the next begins is part of it.
            Binding {
                server: "tasks\",\"ada".into(),
                principal: String::new(),
                ..binding()
            },
            Binding {
                arguments: arguments(json!({"ids": [2, 1], "filter": {"a": 1, "b": null}})),
                ..binding()
            },
            Binding {
                arguments: arguments(json!({"ids": [1, 2], "filter": {"a": 1}})),
                ..binding()
            },
            Binding {
                arguments: arguments(json!({"ids": [1, 2], "filter": {"a": "1", "b": null}})),
                ..binding()
            },
        ];
        for other in &others {
            assert!(!opens(&keys(&[1]), other, &sealed()), "{:?}", other.arguments);
        }
        let code = keys(&[1]).seal(Purpose::Confirmation, &binding(), b"payload", MINUTE);
        assert!(
            !opens(&keys(&[1]), &binding(), &code),
            "one purpose is not another"
        );
    }

    #[test]
    fn it_expires() {
        let sealed = keys(&[1]).seal(Purpose::State, &binding(), b"payload", Duration::ZERO);
        // Good for the rest of this millisecond.
        let now = || {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            now.expect("it is after 1970").as_millis()
        };
        let sealed_at = now();
        while now() <= sealed_at {
            std::hint::spin_loop();
        }
        assert!(!opens(&keys(&[1]), &binding(), &sealed));
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        assert!(opens(&keys(&[2, 1]), &binding(), &sealed()));
        assert!(!opens(&keys(&[2]), &binding(), &sealed()));
        let newer = keys(&[2, 1]).seal(Purpose::State, &binding(), b"payload", MINUTE);
        assert!(opens(&keys(&[3, 2]), &binding(), &newer));
        assert!(!opens(&keys(&[1]), &binding(), &newer));
        // The same key twice is one key.
        assert!(opens(&keys(&[1, 1]), &binding(), &sealed()));
    }

    #[test]
    fn random_keys_differ() {
        let [one, other] = [(); 2].map(|()| Keys::random().expect("the system has random bytes"));
        let sealed = one.seal(Purpose::State, &binding(), b"payload", MINUTE);
        assert!(opens(&one, &binding(), &sealed) && !opens(&other, &binding(), &sealed));
    }
}
